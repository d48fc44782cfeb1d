//! The connection banner. Empty while the connection is live.

use chat::{
    client::connection::Status,
    close::CloseCode,
    time::{Millis, Ticks},
};
use leptos::{either::EitherOf5, prelude::*};

use crate::{
    action::{Action, use_actions},
    live::Live,
    message::clock,
    model::{Model, use_model},
    strings::strings,
};

/// The connection banner. Its text is the same for every reconnection attempt, so that screen readers
/// announce it once.
#[component]
pub fn Banner() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    let what = move || match model.status.get() {
        Status::Idle | Status::Live => EitherOf5::A(()),
        Status::Connecting { lost: None } => EitherOf5::B(view! {
            <p class="banner__what banner__what--first">{strings.connecting}</p>
        }),
        Status::Connecting { lost } => EitherOf5::C(lost_since(&model, lost, None)),
        Status::Waiting { until, lost, offline } => {
            EitherOf5::C(lost_since(&model, lost, Some((until, offline))))
        }
        Status::WithoutStore => EitherOf5::D(view! {
            <p class="banner__what banner__what--lost">
                <span><strong>{strings.store_away}</strong>" "{kept(&model, strings.kept_without_store)}</span>
            </p>
        }),
        Status::Ended(code) => {
            let (what, login) = match code {
                // `/login` alone would lead to the rooms of the user who is logged in now.
                CloseCode::OtherUser => {
                    (model.me.with_untracked(|me| (strings.other_user)(&me.name)), "/login?why=other-user")
                }
                _ => ((strings.ended)(code).to_owned(), "/login"),
            };
            EitherOf5::E(view! {
                <div class="banner__what banner__what--ended">
                    <p>{what}</p>
                    <a class="button" href=login>{strings.log_in}</a>
                </div>
            })
        }
    };
    view! { <div class="banner" role="status">{what}</div> }
}

/// Tells since when the connection is lost, and whether the next attempt is scheduled or under way.
fn lost_since(model: &Model, since: Option<Millis>, next: Option<(Ticks, bool)>) -> impl IntoView + use<> {
    let strings = strings();
    let offline = next.is_some_and(|(_, offline)| offline);
    let what = match since.map(|at| clock(model.clock(at))) {
        Some(since) if offline => (strings.offline_since)(&since),
        Some(since) => (strings.lost_since)(&since),
        None => strings.connecting.to_owned(),
    };
    let now = model.now;
    let progress = move || match next {
        Some((until, _)) => Live((strings.next_try)(until.since(now.get()).div_ceil(1_000).max(1))),
        None => Live(strings.reconnecting.to_owned()),
    };
    let actions = use_actions();
    view! {
        <div class="banner__what banner__what--lost">
            <p>
                <strong>{Live(what)}</strong>
                " "
                // Hidden from screen readers because it changes every second.
                <span class="banner__progress" aria-hidden="true">{progress}</span>
                " "
                {kept(model, strings.kept)}
            </p>
            <button type="button" on:click=move |_| actions.perform(Action::ConnectNow)>{strings.try_now}</button>
        </div>
    }
}

/// Tells what happens to messages written meanwhile; this depends on whether the browser can store them.
fn kept(model: &Model, kept: &'static str) -> impl IntoView + use<> {
    let strings = strings();
    let forgetful = model.forgetful;
    view! {
        <span class="banner__kept">{move || Live(if forgetful.get() { strings.not_kept } else { kept }.to_owned())}</span>
    }
}
