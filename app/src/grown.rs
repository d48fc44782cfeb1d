//! Which answers have grown before the reader's eyes.

use chat::id::ClientId;
use leptos::prelude::*;

use crate::row::key;

/// So many answers are remembered at the most.
const REMEMBERED: usize = 100;

/// The answers that have grown before the reader's eyes: when one is whole, it is not folded under them. A copy is the same.
#[derive(Clone, Copy)]
pub(crate) struct Grown(StoredValue<Vec<u64>>);

impl Default for Grown {
    fn default() -> Grown {
        Grown(StoredValue::new(Vec::new()))
    }
}

impl Grown {
    /// This one grows.
    pub(crate) fn add(self, id: &ClientId) {
        self.0.update_value(|grown| {
            if grown.len() == REMEMBERED {
                grown.clear();
            }
            grown.push(key(id));
        });
    }

    /// Whether this one has grown here.
    pub(crate) fn has(self, id: &ClientId) -> bool {
        self.0.with_value(|grown| grown.contains(&key(id)))
    }
}
