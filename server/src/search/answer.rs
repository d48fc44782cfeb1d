//! The answer to a search, from the index or from a scan.

use std::time::Duration;

use app::search::Hit;

/// How many hits are on a page.
pub(super) const PAGE: usize = 30;

/// The time limit of a search.
pub(super) const BUDGET: Duration = Duration::from_secs(1);

/// A page of hits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The hits, newest first.
    pub(crate) hits: Vec<Hit>,
    /// Where the next page starts, if there may be one.
    pub(crate) older: Option<i64>,
    /// Whether the time limit cut the search short.
    pub(crate) cut: bool,
    /// How many messages were scanned, if the scan reached its limit and there are more.
    pub(crate) looked: Option<usize>,
    /// Whether messages are waiting to be indexed.
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
