//! How the connection stands, said where it matters: nothing while all is well.

use chat::{client::connection::Status, time::Millis};
use leptos::{either::EitherOf4, prelude::*};

use crate::{
    action::{Action, use_actions},
    message::clock,
    model::{Model, use_model},
    words::words,
};

/// The banner. While attempts come and go it says the same, so that it is announced but once.
#[component]
pub fn Banner() -> impl IntoView {
    let model = use_model();
    let words = words();
    let what = move || match model.status.get() {
        Status::Idle | Status::Live => EitherOf4::A(()),
        Status::Connecting { lost: None } => EitherOf4::B(view! {
            <p class="banner__what banner__what--first">{words.connecting}</p>
        }),
        Status::Connecting { lost } => EitherOf4::C(lost_since(&model, lost, None)),
        Status::Waiting { until, lost, offline } => {
            EitherOf4::C(lost_since(&model, lost, Some((until, offline))))
        }
        Status::Ended(code) => EitherOf4::D(view! {
            <div class="banner__what banner__what--ended">
                <p>{(words.ended)(code)}</p>
                <a class="button" href="/login">{words.log_in}</a>
            </div>
        }),
    };
    view! { <div class="banner" role="status">{what}</div> }
}

/// Since when there is no connection, and what is done about it: the next attempt is due at a moment, or under way.
fn lost_since(model: &Model, since: Option<Millis>, next: Option<(Millis, bool)>) -> impl IntoView + use<> {
    let words = words();
    let offline = next.is_some_and(|(_, offline)| offline);
    let what = match since.map(|at| clock(model.clock(at))) {
        Some(since) if offline => (words.offline_since)(&since),
        Some(since) => (words.lost_since)(&since),
        None => words.connecting.to_owned(),
    };
    let now = model.now;
    let progress = move || match next {
        Some((until, _)) => (words.next_try)(until.since(now.get()).div_ceil(1_000).max(1)),
        None => words.reconnecting.to_owned(),
    };
    let forgetful = model.forgetful;
    let kept = move || if forgetful.get() { words.not_kept } else { words.kept };
    let actions = use_actions();
    view! {
        <div class="banner__what banner__what--lost">
            <p>
                <strong>{what}</strong>
                " "
                // What changes by the second is not for the ear.
                <span class="banner__progress" aria-hidden="true">{progress}</span>
                " "
                <span class="banner__kept">{kept}</span>
            </p>
            <button type="button" on:click=move |_| actions.perform(Action::ConnectNow)>{words.try_now}</button>
        </div>
    }
}
