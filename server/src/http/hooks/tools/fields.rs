//! Fields of JSON objects, as far as there is something in them.

use serde_json::{Map, Value};

/// A field that is a string with something in it.
pub(super) fn string<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    object.get(field)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A field within an object within an object.
pub(super) fn inner<'a>(object: &'a Map<String, Value>, outer: &str, field: &str) -> Option<&'a str> {
    string(object.get(outer)?.as_object()?, field)
}

/// The objects of a list.
pub(super) fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
