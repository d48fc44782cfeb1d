//! What a program wants to say.

/// What a program wants to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Push {
    pub(super) text: String,
    /// What it wants to be called.
    pub(super) name: Option<String>,
    /// What is to stand before its name.
    pub(super) icon: Option<&'static str>,
    /// Where it wants to say it.
    pub(super) channel: Option<String>,
    /// Whether it is to be answered as Slack answers.
    pub(super) is_slack: bool,
}
