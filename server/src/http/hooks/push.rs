//! A message that a program pushes to a hook.

/// A message that a program pushes to a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Push {
    pub(super) text: String,
    /// The requested sender name.
    pub(super) name: Option<String>,
    /// The requested emoji before the name.
    pub(super) icon: Option<&'static str>,
    /// The requested room.
    pub(super) channel: Option<String>,
    /// Whether to respond as Slack does.
    pub(super) is_slack: bool,
}
