//! What a search answers, however it came by it.

use std::time::Duration;

use app::search::Hit;

/// How many hits are on a page.
pub(super) const PAGE: usize = 30;

/// How long a search may take.
pub(super) const BUDGET: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Newest first.
    pub(crate) hits: Vec<Hit>,
    /// Where to go on, if there may be more.
    pub(crate) older: Option<i64>,
    /// Whether the time was up.
    pub(crate) cut: bool,
    /// How many messages were looked through, if that was what may be looked through at a time and there are more.
    pub(crate) looked: Option<usize>,
    /// Whether messages wait to be indexed.
    pub(crate) behind: bool,
}

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SearchError {
    #[error("too many searches at once")]
    Busy,
    #[error("the search does not work at present: {0}")]
    Unavailable(String),
}
