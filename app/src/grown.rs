//! The answers that the user has watched stream in.

use chat::id::ClientId;
use leptos::prelude::*;

use crate::row::key;

/// The maximum number of answers to remember.
const REMEMBERED: usize = 100;

/// The answers that the user has watched stream in; they are not folded once complete. Copies share the same
/// set.
#[derive(Clone, Copy)]
pub(crate) struct Grown(StoredValue<Vec<u64>>);

impl Default for Grown {
    fn default() -> Grown {
        Grown(StoredValue::new(Vec::new()))
    }
}

impl Grown {
    /// Adds a streaming answer.
    pub(crate) fn add(self, id: &ClientId) {
        self.0.update_value(|grown| {
            if grown.len() == REMEMBERED {
                grown.clear();
            }
            grown.push(key(id));
        });
    }

    /// Whether this answer streamed in here.
    pub(crate) fn has(self, id: &ClientId) -> bool {
        self.0.with_value(|grown| grown.contains(&key(id)))
    }
}
