//! What a program is told that asked for something it does not get: a status, and `{"error": {"code", "reason"}}`.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{rooms::room_limit::NoRoom, store::StoreError};

/// Why a program does not get what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    reason: String,
    retry_after: Option<Duration>,
    /// What to show to be let in (RFC 9110, 11.6.1).
    challenge: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    reason: &'a str,
}

impl Problem {
    /// `code` is for programs and never changes; `reason` is for people, in one line.
    pub(crate) fn new(status: StatusCode, code: &'static str, reason: impl Into<String>) -> Problem {
        Problem { status, code, reason: reason.into(), retry_after: None, challenge: None }
    }

    /// What it is called for programs.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// It may succeed after this time.
    pub(crate) fn retry_after(self, wait: Duration) -> Problem {
        Problem { retry_after: Some(wait), ..self }
    }

    /// It takes something else to be let in than what was shown.
    pub(crate) fn challenge(self, challenge: impl Into<String>) -> Problem {
        Problem { challenge: Some(challenge.into()), ..self }
    }

    /// It was asked too often.
    pub(crate) fn too_often(wait: Duration) -> Problem {
        let reason = format!("too often; try again in {} s", seconds(wait));
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_often", reason).retry_after(wait)
    }

    /// The store cannot be used at present.
    pub(crate) fn unavailable() -> Problem {
        let reason = "messages cannot be kept at present; try again";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", reason)
            .retry_after(Duration::from_secs(1))
    }

    /// The store could not keep a message, for this reason if it gave one.
    pub(crate) fn of_store(error: Option<&StoreError>) -> Problem {
        match error {
            Some(full @ StoreError::Full(_)) => Problem::server_full(full.to_string()),
            _ => Problem::unavailable(),
        }
    }

    /// The server takes nothing new, for this reason.
    pub(crate) fn server_full(reason: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INSUFFICIENT_STORAGE, "server_full", reason)
    }

    /// A room cannot be written to because it does not exist and is not made.
    pub(crate) fn no_room(error: &NoRoom) -> Problem {
        match error {
            NoRoom::TooMany(_) => Problem::server_full(error.to_string()),
            NoRoom::Exceeded(exceeded) => Problem::too_often(exceeded.wait),
            NoRoom::Store(error) => Problem::of_store(Some(error)),
        }
    }
}

/// Whole seconds, after which the time is over.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body { error: Told { code: self.code, reason: &self.reason } };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
        }
        if let Some(challenge) = self.challenge.and_then(|challenge| challenge.parse().ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
