//! The API reference as a page. Rendered by the server only; works without scripts.

use leptos::{either::Either, prelude::*};

use i18n::{Language, strings::ReferenceStrings};

/// The content of the page.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The language of the page's own text.
    pub language: Language,
    /// The server's version.
    pub version: String,
    /// The scopes that a token can have.
    pub scopes: Vec<String>,
    /// The operations, in the order of the page.
    pub operations: Vec<Operation>,
}

/// An operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its id, which the page's links use.
    pub id: String,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// A short summary.
    pub summary: String,
    /// The description; text between backticks is code.
    pub description: String,
    /// The scope that a token needs, if a token is required.
    pub scope: Option<String>,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// The media types of the request body.
    pub body: Vec<String>,
    /// The possible responses.
    pub answers: Vec<Answer>,
    /// A shell command that calls the operation.
    pub example: Option<String>,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its location: path, query or header.
    pub place: String,
    /// Whether it is required.
    pub required: bool,
    /// Its description.
    pub description: String,
}

/// A possible response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: String,
    /// The meaning of the response.
    pub description: String,
}

/// The content of the reference page.
#[component]
pub fn ReferenceView(
    /// The reference to show.
    reference: Reference,
) -> impl IntoView {
    let Reference { language, version, scopes, operations } = reference;
    let strings = language.reference_strings();
    let contents: Vec<_> = operations.iter().map(contents_line).collect();
    let scopes: Vec<_> = scopes.iter().map(|scope| scope_line(strings, scope)).collect();
    let operations: Vec<_> =
        operations.into_iter().map(|operation| operation_view(strings, operation)).collect();
    view! {
        <main class="reference">
            <header class="reference__head">
                <img src="/mark.svg" alt="" width="28" height="28"/>
                <h1 class="reference__title">{strings.title}" "<small class="reference__version">{version}</small></h1>
                <a class="button quiet" href="/chat">{strings.to_chat}</a>
            </header>
            <p>{strings.what}</p>
            <p>{strings.machines}" "<a href="/api/openapi.json">"/api/openapi.json"</a></p>
            <nav aria-label=strings.contents><ul class="reference__contents">{contents}</ul></nav>
            <section class="reference__tokens">
                <h2>{strings.tokens}</h2>
                <p>{with_code(strings.how)}</p>
                <pre class="reference__code" tabindex="0" lang="en"><code>{TOKEN}</code></pre>
                <dl class="reference__list">{scopes}</dl>
            </section>
            {operations}
        </main>
    }
}

/// An example of creating and using a token.
const TOKEN: &str = "teahouse token add --name deploys --scope read --scope write --room lobby\n\
                     TOKEN=th_… TEAHOUSE=http://127.0.0.1:3000";

fn contents_line(operation: &Operation) -> impl IntoView + use<> {
    let Operation { id, method, path, .. } = operation.clone();
    view! {
        <li>
            <a class="reference__link" href=format!("#{id}")>
                <span class="reference__method">{method}</span>" "<code>{path}</code>
            </a>
        </li>
    }
}

fn scope_line(strings: &'static ReferenceStrings, scope: &str) -> impl IntoView + use<> {
    let means = (strings.scope)(scope);
    view! {
        <dt><code>{scope.to_owned()}</code></dt>
        <dd>{means}</dd>
    }
}

fn operation_view(strings: &'static ReferenceStrings, operation: Operation) -> impl IntoView + use<> {
    let Operation { id, method, path, summary, description, scope, parameters, body, answers, example } =
        operation;
    let needs = match scope {
        Some(scope) => Either::Left(view! { {strings.needs}" "<code>{scope}</code> }),
        None => Either::Right(strings.no_token),
    };
    let parameters = (!parameters.is_empty()).then(|| {
        let lines: Vec<_> =
            parameters.into_iter().map(|parameter| parameter_line(strings, parameter)).collect();
        view! { <h3>{strings.parameters}</h3><dl class="reference__list">{lines}</dl> }
    });
    let body = (!body.is_empty()).then(|| {
        let kinds = body.into_iter().map(|kind| view! { <li><code>{kind}</code></li> }).collect_view();
        view! { <h3>{strings.body}</h3><ul class="reference__kinds">{kinds}</ul> }
    });
    let answers: Vec<_> = answers.into_iter().map(answer_line).collect();
    let example = example.map(|example| {
        view! {
            <h3>{strings.example}</h3>
            <pre class="reference__code" tabindex="0" lang="en"><code>{example}</code></pre>
        }
    });
    view! {
        <section class="reference__operation" id=id lang="en">
            <h2 class="reference__name">
                <span class="reference__method">{method}</span>" "<code>{path}</code>
            </h2>
            <p><strong>{summary}</strong></p>
            <p>{with_code(&description)}</p>
            <p class="reference__needs">{needs}</p>
            {example}
            {parameters}
            {body}
            <h3>{strings.answers}</h3>
            <dl class="reference__list">{answers}</dl>
        </section>
    }
}

fn parameter_line(strings: &'static ReferenceStrings, parameter: Parameter) -> impl IntoView + use<> {
    let Parameter { name, place, required, description } = parameter;
    let required = required.then(|| format!(", {}", strings.required));
    view! {
        <dt><code>{name}</code>" "<small>{place}{required}</small></dt>
        <dd>{with_code(&description)}</dd>
    }
}

fn answer_line(answer: Answer) -> impl IntoView + use<> {
    view! {
        <dt><code>{answer.status}</code></dt>
        <dd>{with_code(&answer.description)}</dd>
    }
}

/// Splits a text at backticks into plain text and code.
fn with_code(text: &str) -> Vec<impl IntoView + use<>> {
    let parts = text.split('`').enumerate().map(|(index, part)| {
        let part = part.to_owned();
        if index % 2 == 1 { Either::Left(view! { <code>{part}</code> }) } else { Either::Right(part) }
    });
    parts.collect()
}
