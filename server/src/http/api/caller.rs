//! The program that calls the API: authenticates it by the token in the `Authorization` header, and checks
//! its permissions.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use chat::{protocol::User, room_name::RoomName};

use crate::{
    http::{api_error::ApiError, request::arrival::Arrival, state::HttpState},
    identity::tokens::{Denied, Holder, Scope, TokenKind},
    service::authorize::{Action, authorize},
};

/// The challenge for a missing or invalid token (RFC 6750, section 3).
const CHALLENGE: &str = r#"Bearer realm="teahouse""#;

/// An authenticated program.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(super) holder: Holder,
    /// The program as other users see it.
    pub(super) user: User,
}

impl Caller {
    async fn admit(state: &HttpState, parts: &Parts) -> Result<Caller, ApiError> {
        let Some(token) = bearer(&parts.headers) else {
            let reason = "this takes a token: `Authorization: Bearer th_…`";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "no_token", reason).challenge(CHALLENGE));
        };
        let client = Arrival::of(&parts.extensions, &parts.headers, &state.config).client();
        let holder = state.tokens.admit(token, TokenKind::Api, client).await.map_err(denied)?;
        Ok(Caller { user: holder.user(), holder })
    }

    /// Checks that the token has a scope.
    pub(crate) fn has(&self, scope: Scope) -> Result<(), ApiError> {
        if self.holder.grant.scopes.contains(&scope) {
            return Ok(());
        }
        let word = scope.word();
        let reason = format!("this token lacks the scope `{word}`");
        let challenge = format!(r#"{CHALLENGE}, error="insufficient_scope", scope="{word}""#);
        Err(ApiError::new(StatusCode::FORBIDDEN, "scope_missing", reason).challenge(challenge))
    }

    /// Checks that both the token and the server's rules permit an action in a room.
    pub(super) fn authorize(&self, action: Action, room: &RoomName) -> Result<(), ApiError> {
        self.has(scope_of(action))?;
        if self.reaches(action, room) {
            return Ok(());
        }
        let reason = format!("this token is not good in {room}");
        Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", reason))
    }

    /// Returns whether the token covers a room and the server's rules permit the action there.
    pub(super) fn reaches(&self, action: Action, room: &RoomName) -> bool {
        self.holder.grant.rooms.iter().any(|target| target.reaches(room))
            && authorize(&self.user, action, room).is_ok()
    }
}

impl FromRequestParts<Arc<HttpState>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<HttpState>) -> Result<Caller, ApiError> {
        Caller::admit(state, parts).await
    }
}

fn scope_of(action: Action) -> Scope {
    match action {
        Action::Read => Scope::Read,
        Action::Send => Scope::Write,
    }
}

fn denied(denied: Denied) -> ApiError {
    match denied {
        Denied::Unknown => ApiError::new(StatusCode::UNAUTHORIZED, "unknown_token", "there is no such token")
            .challenge(format!(r#"{CHALLENGE}, error="invalid_token""#)),
        Denied::TooOften(wait) => ApiError::too_often(wait),
        Denied::Store(error) => {
            tracing::warn!(%error, "failed to look up a token");
            ApiError::unavailable()
        }
    }
}

/// Returns the request's bearer token; `None` if there is more than one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (shown.next(), shown.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::bearer;

    fn shown(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn a_token_is_shown_in_one_way() {
        assert_eq!(shown(&["Bearer th_x"]).as_deref(), Some("th_x"));
        assert_eq!(shown(&["bearer  th_x "]).as_deref(), Some("th_x"), "RFC 9110: any case, any spaces");
        for none in
            [&[][..], &["th_x"], &["Bearer"], &["Bearer "], &["Basic th_x"], &["Bearer a", "Bearer b"]]
        {
            assert_eq!(shown(none), None, "{none:?}");
        }
    }
}
