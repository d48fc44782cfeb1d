//! What a step of tests came to.

use super::count::Counts;

/// What a step of tests came to.
pub(super) struct Tested {
    pub(super) counts: Counts,
    /// Whether the program that ran the tests was content, which it may not be although no test failed.
    pub(super) success: bool,
}
