//! The query parameters of pages.

use serde::Deserialize;

/// The query parameters of pages.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// On `/login`: the path to continue to.
    pub(super) next: Option<String>,
    /// On `/login`: the reason for the redirect to it.
    pub(super) why: Option<String>,
    /// On `/chat`: a room's name, from the form that works without JavaScript.
    pub(super) room: Option<String>,
    /// In a room: the day to show, as `2026-11-20`.
    pub(super) day: Option<String>,
}
