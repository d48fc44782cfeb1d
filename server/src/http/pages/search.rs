//! `GET /search`: the search page, with results if there is a query.

use std::sync::Arc;

use app::{
    search::{Found, Outcome, Remark, Search as View},
    shell,
};
use axum::{
    extract::{Query as Asked, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use chat::room_name::RoomName;

use crate::{
    http::{
        middleware::security::Frames,
        pages::{
            address::{encoded, login_path},
            place::PagePlace,
            render::render,
        },
        redirect,
        request::visitor::Visitor,
        state::HttpState,
    },
    search::{
        answer::SearchError,
        query::{LENGTH, Query},
    },
};

/// The query parameters. Of repeated ones, the first counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    /// The search text.
    typed: Option<String>,
    /// The only room to search.
    only: Option<RoomName>,
    /// The room from which the user searches; the page offers to search only this one.
    here: Option<RoomName>,
    /// Whether the page is shown in a frame.
    panel: bool,
    /// The hit after which to continue.
    older: Option<i64>,
}

impl Request {
    fn read(pairs: &[(String, String)]) -> Request {
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        // An invalid room name is ignored.
        let room = |name: &str| value(name).and_then(|room| RoomName::parse_any(room).ok());
        let only = room("in");
        Request {
            typed: value("q").map(|typed| typed.chars().take(2 * LENGTH).collect()),
            here: room("here").or_else(|| only.clone()),
            only,
            panel: value("panel").is_some_and(|panel| panel == "1"),
            older: value("older").and_then(|older| older.parse().ok()),
        }
    }

    /// Returns the address of this search, continued at `older`.
    fn address(&self, older: Option<i64>) -> String {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(self.typed.as_ref().map(|typed| ("q", typed.clone())));
        pairs.extend(self.here.as_ref().map(|room| ("here", room.to_string())));
        pairs.extend(self.only.as_ref().map(|room| ("in", room.to_string())));
        pairs.extend(self.panel.then(|| ("panel", "1".to_owned())));
        pairs.extend(older.map(|older| ("older", older.to_string())));
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { "/search".to_owned() } else { format!("/search?{}", pairs.join("&")) }
    }
}

/// Renders the search page.
pub(crate) async fn search(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    asked: Result<Asked<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let request = Request::read(&asked.map(|Asked(pairs)| pairs).unwrap_or_default());
    let Some(login) = visitor.login(&state).await else {
        // The login page cannot be framed.
        if request.panel {
            return answer(&state, &visitor, StatusCode::UNAUTHORIZED, &request, Outcome::LoggedOut).await;
        }
        return redirect::to(&login_path(&visitor.asked, None));
    };
    let Some(typed) = request.typed.as_deref().filter(|typed| !typed.trim().is_empty()) else {
        return answer(&state, &visitor, StatusCode::OK, &request, Outcome::Unasked).await;
    };
    let mut query = Query::parse(typed, &visitor.time_zone);
    if query.is_empty() {
        return answer(&state, &visitor, StatusCode::OK, &request, Outcome::NothingToFind).await;
    }
    if let Some(room) = &request.only {
        query.only_in(room.clone());
    }
    let place = match PagePlace::take(&state, &visitor, &login.id) {
        Ok(place) => place,
        Err(none) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            return none.retry_after(answer(&state, &visitor, status, &request, Outcome::Busy).await);
        }
    };
    let shortened = query.shortened;
    let (status, outcome) = match state.service.search(login.user(), query, request.older).await {
        Ok(answer) => {
            let remarks = [
                shortened.then_some(Remark::Shortened),
                answer.behind.then_some(Remark::Behind),
                answer.cut.then_some(Remark::Cut),
                answer.looked.map(Remark::Looked),
            ];
            let found = Found {
                older: answer.older.map(|older| request.address(Some(older))),
                hits: answer.hits,
                is_older: request.older.is_some(),
                remarks: remarks.into_iter().flatten().collect(),
            };
            (StatusCode::OK, Outcome::Found(found))
        }
        Err(SearchError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Outcome::Busy),
        Err(error) => {
            tracing::warn!(%error, "a search failed");
            (StatusCode::SERVICE_UNAVAILABLE, Outcome::Unavailable)
        }
    };
    place.hold(answer(&state, &visitor, status, &request, outcome).await)
}

async fn answer(
    state: &Arc<HttpState>,
    visitor: &Visitor,
    status: StatusCode,
    request: &Request,
    outcome: Outcome,
) -> Response {
    let view = View {
        language: visitor.language,
        typed: request.typed.clone().unwrap_or_default(),
        here: request.here.clone(),
        only_here: request.only.is_some() && request.only == request.here,
        panel: request.panel,
        zone: visitor.time_zone.zone(),
        newest: request.address(None),
        outcome,
    };
    let assets = state.site.assets().clone();
    render(state, visitor, status, Frames::IsShown, move || {
        shell::search_document(view.clone(), assets.clone())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::Request;

    fn read(pairs: &[(&str, &str)]) -> Request {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Request::read(&pairs)
    }

    #[test]
    fn an_address_leads_to_the_same_search() {
        let request = read(&[("q", "from:\"a&b\" 上海"), ("in", "Tea"), ("panel", "1"), ("older", "7")]);
        assert_eq!(
            request.address(request.older),
            "/search?q=from%3A%22a%26b%22%20%E4%B8%8A%E6%B5%B7&here=tea&in=tea&panel=1&older=7"
        );
        assert_eq!(read(&[]).address(None), "/search");
    }

    #[test]
    fn what_an_address_holds_beside_counts_for_nothing() {
        assert_eq!(
            read(&[("q", "a"), ("q", "b"), ("older", "x"), ("in", "a/b"), ("panel", "")]),
            read(&[("q", "a")])
        );
    }
}
