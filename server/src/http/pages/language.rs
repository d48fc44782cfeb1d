//! `POST /language`: stores the language in a cookie and redirects back.

use std::sync::Arc;

use axum::{Form, extract::State, response::Response};
use i18n::Language;
use serde::Deserialize;

use super::render::check_origin;
use crate::http::{redirect, request::visitor::Visitor, state::HttpState};

/// The form that sets the language.
#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    next: String,
}

/// `POST /language`: stores the language in a cookie and redirects back.
pub(crate) async fn set_language(
    State(state): State<Arc<HttpState>>,
    visitor: Visitor,
    Form(form): Form<LanguageForm>,
) -> Response {
    if let Err(refused) = check_origin(&state, &visitor, "a change of language").await {
        return refused;
    }
    // An unsupported language changes nothing.
    let language = Language::from_code(&form.lang).unwrap_or(visitor.language);
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax", language.code());
    redirect::with_cookies(&redirect::local_path(&form.next), [cookie.as_str()])
}
