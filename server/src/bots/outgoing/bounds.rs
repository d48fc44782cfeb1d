//! The limits on a service's response time and size. Measures nothing itself.

use std::time::Duration;

use tokio::time::timeout;

use crate::bots::question::{BotError, BotErrorKind};

/// The limits of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Until the connection is established, including DNS and TLS.
    pub(crate) connect: Duration,
    /// Until the head of the response arrives.
    pub(crate) first: Duration,
    /// Between two pieces of the response.
    pub(crate) silence: Duration,
    /// The size of the body.
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

/// Runs `asking`, with `whole` as the time limit.
pub(crate) async fn within<T>(
    whole: Duration,
    asking: impl Future<Output = Result<T, BotError>>,
) -> Result<T, BotError> {
    let late = || BotError::new(BotErrorKind::TooSlow, format!("there was no whole answer within {whole:?}"));
    timeout(whole, asking).await.unwrap_or_else(|_| Err(late()))
}
