//! Renders a message text as text and links. Never creates markup from its content.

use chat::text::{Span, spans};
use leptos::{either::Either, prelude::*};

/// Renders the pieces of a text. Line breaks stay in it; the style sheet shows them.
pub(crate) fn text(text: &str) -> impl IntoView + use<> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    for span in spans(text) {
        match span {
            Span::Text(text) => plain.push_str(text),
            Span::Break => plain.push('\n'),
            Span::Link { text, href, ascii_host } => {
                if !plain.is_empty() {
                    pieces.push(Either::Left(std::mem::take(&mut plain)));
                }
                let text = text.to_owned();
                pieces.push(Either::Right(
                    view! { <a href=href data-host=ascii_host target="_blank" rel="noopener noreferrer nofollow">{text}</a> },
                ));
            }
        }
    }
    if !plain.is_empty() {
        pieces.push(Either::Left(plain));
    }
    pieces
}
