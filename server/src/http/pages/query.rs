//! What a page request may carry in its query.

use serde::Deserialize;

/// What a page request may carry in its query.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// On `/login`: where to go afterwards.
    pub(super) next: Option<String>,
    /// On `/login`: why one is here.
    pub(super) why: Option<String>,
    /// On `/chat`: a room by name, from the form that works without JavaScript.
    pub(super) room: Option<String>,
    /// In a room: the day to go to, as `2026-11-20`.
    pub(super) day: Option<String>,
}
