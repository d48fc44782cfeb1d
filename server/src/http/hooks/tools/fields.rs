//! Access to non-empty fields of JSON objects.

use serde_json::{Map, Value};

/// Returns a field that is a non-blank string.
pub(super) fn string<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    object.get(field)?.as_str().filter(|text| !text.trim().is_empty())
}

/// Returns a non-blank string field of a nested object.
pub(super) fn inner<'a>(object: &'a Map<String, Value>, outer: &str, field: &str) -> Option<&'a str> {
    string(object.get(outer)?.as_object()?, field)
}

/// Returns the objects of a list, and skips other items.
pub(super) fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
