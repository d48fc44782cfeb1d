//! Result of a test step.

use super::count::Counts;

/// Result of a test step.
pub(super) struct Tested {
    pub(super) counts: Counts,
    /// Whether the test program succeeded; it may fail although no test did.
    pub(super) success: bool,
}
