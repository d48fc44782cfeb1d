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
        description = "A chat room, for programs. A token is made with `teahouse token add` and shown as a bearer token; \
        a hook is made with `teahouse hook add`. Errors are `{\"error\": {\"code\", \"reason\"}}`: the code is for \
        programs, the reason for people.",
        license(name = "MIT", identifier = "MIT"),
        contact(),
    ),
    paths(
        rooms::rooms,
        messages::read,
        messages::say,
        events::follow,
        presence::presence,
        hooks::push,
        replies::reply,
    ),
    components(schemas(schema::Trouble, schema::Start, schema::Message, event_kind::Other)),
    tags(
        (name = "Rooms", description = "Which rooms there are, and who is there"),
        (name = "Messages", description = "What is said"),
        (name = "Doors", description = "Say something with no more than an address"),
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
    let saying = document.components.as_mut().and_then(|components| components.schemas.get_mut("Saying"));
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
            Some("`teahouse token add --name NAME --scope read --scope write` makes one.".to_owned());
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for (name, response) in troubles() {
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

fn troubles() -> [(&'static str, Response); 7] {
    [
        ("Malformed", trouble("Something in the question is not as it must be")),
        (
            "Unauthorized",
            with_header(
                trouble("There is no token, or it is not good"),
                "WWW-Authenticate",
                Type::String,
                "What to show",
            ),
        ),
        ("Forbidden", trouble("The token lacks the scope, or is not good in the room")),
        ("NotFound", trouble("No room can have this name, or there is nothing at this address")),
        ("TooSlow", ResponseBuilder::new().description("The question took too long to come").build()),
        (
            "TooOften",
            with_header(
                trouble("Too many questions"),
                "Retry-After",
                Type::Integer,
                "How many seconds to wait",
            ),
        ),
        (
            "Unavailable",
            with_header(
                trouble("It cannot be done at present"),
                "Retry-After",
                Type::Integer,
                "How many seconds to wait",
            ),
        ),
    ]
}

fn trouble(words: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Trouble")));
    ResponseBuilder::new().description(words).content("application/json", content).build()
}

fn with_header(mut response: Response, name: &str, kind: Type, words: &str) -> Response {
    let mut header = Header::new(Object::with_type(kind));
    header.description = Some(words.to_owned());
    response.headers.insert(name.to_owned(), header);
    response
}
