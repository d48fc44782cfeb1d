//! `GET /api/openapi.json`: the `OpenAPI` 3.1 description of the API, generated from the handlers.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, Content, Header, Object, Ref, RefOr, Response, ResponseBuilder, Type,
        path::Operation,
        schema::Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{event_kind, events, messages, presence, rooms, schema};
use crate::http::{hooks, replies, state::HttpState};

/// The API, and the endpoints for programs outside `/api`.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Teahouse",
        description = "The HTTP API of a chat server. `teahouse token add` creates a token, to be sent as a bearer token; \
        `teahouse hook add` creates a hook. Errors are `{\"error\": {\"code\", \"reason\"}}`: the code is for \
        programs, the reason for people.",
        license(name = "MIT", identifier = "MIT"),
        contact(),
    ),
    paths(
        rooms::rooms,
        messages::read,
        messages::create,
        events::follow,
        presence::presence,
        hooks::push,
        replies::reply,
    ),
    components(schemas(schema::ErrorBody, schema::Start, schema::Message, event_kind::Other)),
    tags(
        (name = "Rooms", description = "Rooms and presence"),
        (name = "Messages", description = "Messages and event streams"),
        (name = "Hooks", description = "Requests that are authorized by their address alone"),
    ),
    modifiers(&Common),
)]
struct Api;

/// `GET /api/openapi.json`: returns the description.
pub(crate) async fn openapi(State(state): State<Arc<HttpState>>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-cache")], Json(document(state.config.text_limit)))
}

/// Returns the description for a text limit of `text_limit` characters; 0 means no limit.
pub(super) fn document(text_limit: usize) -> utoipa::openapi::OpenApi {
    let mut document = Api::openapi();
    let saying =
        document.components.as_mut().and_then(|components| components.schemas.get_mut("CreateMessage"));
    if let Some(RefOr::T(Schema::Object(saying))) = saying
        && let Some(RefOr::T(Schema::Object(text))) = saying.properties.get_mut("text")
        && text_limit > 0
    {
        text.max_length = Some(text_limit);
    }
    document
}

/// Adds what all operations have in common: authentication and general errors.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description =
            Some("`teahouse token add --name NAME --scope read --scope write` creates one.".to_owned());
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for (name, response) in common_errors() {
            components.responses.insert(name.to_owned(), response.into());
        }
        for (path, item) in &mut document.paths.paths {
            let asks = [item.get.as_mut(), item.post.as_mut()];
            for operation in asks.into_iter().flatten() {
                let own: &[(&str, &str)] = if path.starts_with("/api/") { &OWN } else { &[] };
                for (status, name) in COMMON.iter().chain(own) {
                    add(operation, status, name);
                }
                // This path has no room.
                if path == "/api/rooms" {
                    operation.responses.responses.remove("404");
                }
            }
        }
    }
}

/// The errors of every operation.
const COMMON: [(&str, &str); 5] = [
    ("400", "Malformed"),
    ("404", "NotFound"),
    ("408", "TooSlow"),
    ("429", "TooOften"),
    ("503", "Unavailable"),
];

/// The errors of operations that need a token.
const OWN: [(&str, &str); 2] = [("401", "Unauthorized"), ("403", "Forbidden")];

fn add(operation: &mut Operation, status: &str, name: &str) {
    let responses = &mut operation.responses.responses;
    responses.entry(status.to_owned()).or_insert_with(|| Ref::from_response_name(name).into());
}

fn common_errors() -> [(&'static str, Response); 7] {
    [
        ("Malformed", common_error("Malformed request")),
        (
            "Unauthorized",
            with_header(
                common_error("Missing or invalid token"),
                "WWW-Authenticate",
                Type::String,
                "The authentication scheme",
            ),
        ),
        ("Forbidden", common_error("The token lacks the scope, or is not valid for the room")),
        ("NotFound", common_error("Invalid room name, or unknown address")),
        ("TooSlow", ResponseBuilder::new().description("The request took too long to arrive").build()),
        (
            "TooOften",
            with_header(common_error("Too many requests"), "Retry-After", Type::Integer, "Seconds to wait"),
        ),
        (
            "Unavailable",
            with_header(
                common_error("Temporarily unavailable"),
                "Retry-After",
                Type::Integer,
                "Seconds to wait",
            ),
        ),
    ]
}

fn common_error(words: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    ResponseBuilder::new().description(words).content("application/json", content).build()
}

fn with_header(mut response: Response, name: &str, kind: Type, words: &str) -> Response {
    let mut header = Header::new(Object::with_type(kind));
    header.description = Some(words.to_owned());
    response.headers.insert(name.to_owned(), header);
    response
}
