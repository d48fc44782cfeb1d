//! What a message says, as text and links. Whatever is in it stays text: nothing here writes markup from it.

use chat::text::{Span, spans};
use leptos::{either::Either, prelude::*};

/// The pieces of a text. Line breaks stay in it; the style sheet shows them.
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
