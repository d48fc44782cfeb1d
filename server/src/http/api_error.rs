//! The error response for programs: a status, and `{"error": {"code", "reason"}}`.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    service::{publish::PublishError, read::ReadError},
    store::StoreError,
};

/// An error response for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    reason: String,
    retry_after: Option<Duration>,
    /// The `WWW-Authenticate` challenge (RFC 9110, section 11.6.1).
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

impl ApiError {
    /// Creates an error. `code` is for programs and never changes; `reason` is one line for people.
    pub(crate) fn new(status: StatusCode, code: &'static str, reason: impl Into<String>) -> ApiError {
        ApiError { status, code, reason: reason.into(), retry_after: None, challenge: None }
    }

    /// Returns the code for programs.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Adds `Retry-After`.
    pub(crate) fn retry_after(self, wait: Duration) -> ApiError {
        ApiError { retry_after: Some(wait), ..self }
    }

    /// Adds a `WWW-Authenticate` challenge.
    pub(crate) fn challenge(self, challenge: impl Into<String>) -> ApiError {
        ApiError { challenge: Some(challenge.into()), ..self }
    }

    /// Returns 429 for an exceeded rate limit.
    pub(crate) fn too_often(wait: Duration) -> ApiError {
        let reason = format!("too often; try again in {} s", seconds(wait));
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_often", reason).retry_after(wait)
    }

    /// Returns 503 while the store is unavailable.
    pub(crate) fn unavailable() -> ApiError {
        let reason = "messages cannot be kept at present; try again";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", reason)
            .retry_after(Duration::from_secs(1))
    }

    /// Returns 507 when the server takes no more rooms or messages.
    pub(crate) fn server_full(reason: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "server_full", reason)
    }
}

impl From<PublishError> for ApiError {
    fn from(error: PublishError) -> ApiError {
        match error {
            PublishError::Denied(denial) => {
                ApiError::new(StatusCode::FORBIDDEN, "forbidden", denial.to_string())
            }
            PublishError::Exceeded(exceeded) => ApiError::too_often(exceeded.wait),
            PublishError::NoRoom(_) | PublishError::Store(StoreError::Full(_)) => {
                ApiError::server_full(error.to_string())
            }
            PublishError::IdReused => {
                ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "id_reused", error.to_string())
            }
            PublishError::Store(StoreError::Unavailable(_) | StoreError::Closed) => {
                tracing::warn!(%error, "failed to store a program's message; it is told to try again");
                ApiError::unavailable()
            }
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> ApiError {
        match error {
            ReadError::Denied(denial) => {
                ApiError::new(StatusCode::FORBIDDEN, "forbidden", denial.to_string())
            }
            ReadError::Store(error) => {
                tracing::warn!(%error, "failed to read a room for a program; it is told to try again");
                ApiError::unavailable()
            }
        }
    }
}

/// Rounds up to whole seconds.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl IntoResponse for ApiError {
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
