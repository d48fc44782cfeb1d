//! How long a service may take and how much it may say. Measures nothing itself.

use std::time::Duration;

use tokio::time::timeout;

use crate::bots::question::{BotError, BotErrorKind};

/// The bounds of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Until there is a connection, with its name resolved and its TLS agreed upon.
    pub(crate) connect: Duration,
    /// Until the head of the answer is there.
    pub(crate) first: Duration,
    /// Between two pieces of the answer.
    pub(crate) silence: Duration,
    /// In the body.
    pub(crate) bytes: usize,
}

impl Bounds {
    pub(crate) fn no_answer(&self, from: &str) -> BotError {
        BotError::new(
            BotErrorKind::TooSlow,
            format!("{from} did not begin to answer within {:?}", self.first),
        )
    }

    pub(crate) fn silent(&self, from: &str) -> BotError {
        BotError::new(BotErrorKind::TooSlow, format!("{from} said nothing more for {:?}", self.silence))
    }
}

/// What comes of `asking`, if all of it takes no longer than `whole`.
pub(crate) async fn within<T>(
    whole: Duration,
    asking: impl Future<Output = Result<T, BotError>>,
) -> Result<T, BotError> {
    let late = || BotError::new(BotErrorKind::TooSlow, format!("there was no whole answer within {whole:?}"));
    timeout(whole, asking).await.unwrap_or_else(|_| Err(late()))
}
