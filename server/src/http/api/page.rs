//! `GET /api`: the API's description as an HTML page.

use std::sync::Arc;

use app::{
    reference::{Answer, Operation, Parameter, Reference},
    shell,
};
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::Value;

use super::openapi::document;
use crate::{
    http::{
        middleware::security::Frames, pages::render::render, request::visitor::Visitor, state::HttpState,
    },
    identity::tokens::Scope,
};

/// `GET /api`: renders the page.
pub(super) async fn page(State(state): State<Arc<HttpState>>, visitor: Visitor) -> Response {
    let document = document(state.config.text_limit);
    let document = serde_json::to_value(document).expect("a description has a JSON form");
    let view = Reference {
        language: visitor.language,
        version: text(&document["info"]["version"]),
        scopes: [Scope::Read, Scope::Write].map(Scope::word).map(str::to_owned).to_vec(),
        operations: operations(&document),
    };
    let assets = state.site.assets().clone();
    let draw = move || shell::reference_document(view.clone(), assets.clone());
    render(&state, &visitor, StatusCode::OK, Frames::Nothing, draw).await
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| read(document, method, path, operation))
    });
    all.collect()
}

fn read(document: &Value, method: &str, path: &str, operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    let body = operation["requestBody"]["content"].as_object().into_iter().flatten();
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        scope: operation["security"][0]["token"][0].as_str().map(str::to_owned),
        parameters: parameters
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"].as_bool().unwrap_or_default(),
                description: text(&parameter["description"]),
            })
            .collect(),
        body: body.map(|(kind, _)| kind.clone()).collect(),
        answers: answers
            .map(|(status, answer)| {
                let named =
                    answer["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
                let answer = named.unwrap_or(answer);
                Answer { status: status.clone(), description: text(&answer["description"]) }
            })
            .collect(),
        example: operation["x-codeSamples"][0]["source"].as_str().map(str::to_owned),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{document, operations};

    #[test]
    fn every_operation_is_told_whole_and_its_example_is_in_the_documentation() {
        let document = serde_json::to_value(document(4_000)).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let operations = operations(&document);
        assert_eq!(operations.len(), 7);
        let documentation = include_str!("../../../../docs/api.md");
        for operation in operations {
            let name = format!("{} {}", operation.method, operation.path);
            assert!(!operation.summary.is_empty() && !operation.description.is_empty(), "{name}");
            assert_eq!(operation.scope.is_some(), operation.path.starts_with("/api/"), "{name}");
            assert!(operation.answers.iter().all(|answer| !answer.description.is_empty()), "{name}");
            assert!(operation.parameters.iter().all(|one| !one.description.is_empty()), "{name}");
            if operation.path.starts_with("/api/") {
                assert!(documentation.contains(&operation.example.unwrap()), "{name}");
            }
        }
    }
}
