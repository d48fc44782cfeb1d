//! The timeline of the active room, and its scrolling.
//!
//! Laid out from the bottom up, so that the browser itself shows the newest line and follows it, even without
//! scripts. A user who has scrolled up keeps the position and sees how many messages have arrived since.

use chat::{client::timeline::Earlier as EarlierMessages, protocol::Refused, room_name::RoomName};
use leptos::{
    either::{Either, EitherOf3, EitherOf5},
    ev::Event,
    prelude::*,
};

use crate::{
    action::{Action, use_actions},
    address::permalink,
    button::button,
    composer::call,
    lines::Lines,
    live::Live,
    message::{line, reason},
    model::{Model, use_model},
    place::Reader,
    row::{Row, Shows},
    strings::{room_title, strings},
    ui::{self, TIMELINE, use_ui},
};

/// The timeline.
#[component]
pub fn Timeline() -> impl IntoView {
    let model = use_model();
    let reader: Reader = expect_context();
    // Replacing all lines needs a new element, because the initial content of a log is not announced. Leptos
    // would reuse an element of the same type, so this alternates between two branches.
    let mut turn = false;
    move || {
        model.life.track();
        reader.start_over();
        turn = !turn;
        if turn { Either::Left(view! { <Log/> }) } else { Either::Right(view! { <Log/> }) }
    }
}

/// Returns the handler for scrolling of the log, or of the room around it.
pub(crate) fn scrolled() -> impl FnMut(Event) + 'static {
    let model = use_model();
    let reader: Reader = expect_context();
    let heads_down = use_ui().heads_down;
    let actions = use_actions();
    move |_| {
        let Some(scroller) = ui::scroller() else {
            return;
        };
        let (above, below) = (model.above.get_untracked(), model.below.get_untracked());
        let away = model.away.get_untracked();
        if reader.was_resized(&scroller) {
            return;
        }
        if ui::is_at_newest(&scroller) && !below {
            if heads_down.get_untracked() {
                // Not at once: a browser that still glides upwards after a key may only be passing by.
                set_timeout(move || heads_down.set(false), ui::GLIDE);
            }
            reader.follow();
            if away {
                actions.perform(Action::Look(None));
            }
        } else if heads_down.get_untracked() {
            scroller.set_scroll_top(0);
        } else {
            reader.look(&scroller);
            if let Some(reading) = reader.move_on(&scroller, away, above, below) {
                // Renders other lines around the reading position, which stays in place.
                actions.perform(Action::Look(Some(reading)));
            }
            // Load the next page before the user reaches the end of this one.
            if !above
                && ui::is_near_oldest(&scroller)
                && model.earlier.get_untracked() == EarlierMessages::Available
            {
                actions.perform(Action::Earlier);
            }
        }
    }
}

#[component]
fn Log() -> impl IntoView {
    let model = use_model();
    let reader: Reader = expect_context();
    // Runs after the lines are updated and before they are painted.
    Effect::new(move |_| {
        model.rows.track();
        model.growing.track();
        let keep = move || {
            if reader.is_there() {
                reader.keep(model.looking_back.get_untracked());
            }
        };
        keep();
        // A streaming answer may be updated after this effect, but before the next animation frame.
        request_animation_frame(keep);
    });
    let owner = Owner::current().unwrap_or_default();
    let strings = strings();
    let label = move || (strings.timeline)(&room_title(strings, model.room.get().as_str()));
    view! {
        <div class="timeline" id=TIMELINE role="log" tabindex="0" aria-label=label>
            <div class="timeline__paper">
                <State/>
                <ol class="timeline__lines">
                    {move || Lines { rows: model.rows.get(), draw: line, owner: owner.clone() }}
                </ol>
            </div>
        </div>
        {move || model.away.get().then(|| view! { <ToNewest/> })}
    }
}

/// The button that scrolls to the newest line, with the number of new messages.
#[component]
fn ToNewest() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    let label = move || {
        Live(match model.since.get() {
            0 => strings.to_newest.to_owned(),
            n => (strings.new_messages)(n),
        })
    };
    let (ui, actions) = (use_ui(), use_actions());
    let go = move |_| {
        ui::go_to_newest(ui, &actions);
        // The button disappears; the focus moves to the timeline for keyboard users.
        if let Some(timeline) = ui::timeline() {
            let _ = timeline.focus();
        }
    };
    view! {
        <button class="to-newest" type="button" on:click=go>
            <span>{label}</span>
            <span aria-hidden="true">"↓"</span>
        </button>
    }
}

/// What the timeline shows before its first line.
enum Opening {
    Refused(Refused),
    Entering,
    Empty,
    Earlier(EarlierMessages),
    Nothing,
}

impl Opening {
    fn of(model: &Model) -> Opening {
        let silent = || {
            let is_said = |row: &Row| {
                matches!(
                    row.shows,
                    Shows::Message { .. } | Shows::Pending { .. } | Shows::StreamingAnswer { .. }
                )
            };
            !model.rows.with(|rows| rows.iter().any(is_said))
        };
        match model.refused.get() {
            Some(refused) => Opening::Refused(refused),
            None if !model.known.get() => Opening::Entering,
            None if model.above.get() => Opening::Nothing,
            None if silent() => Opening::Empty,
            None => match model.earlier.get() {
                EarlierMessages::Nothing => Opening::Nothing,
                earlier => Opening::Earlier(earlier),
            },
        }
    }
}

#[component]
fn State() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    move || match Opening::of(&model) {
        Opening::Nothing => EitherOf5::A(()),
        Opening::Earlier(earlier) => EitherOf5::B(earlier_messages(&model, earlier)),
        Opening::Empty => EitherOf5::C(view! {
            <div class="opening opening--empty" aria-live="off">
                <img class="opening__mark" src="/mark.svg" alt="" width="72" height="72"/>
                <p class="opening__title">{strings.empty.0}</p>
                <p>{strings.empty.1}</p>
                {hint(&model)}
            </div>
        }),
        Opening::Entering => EitherOf5::D(view! {
            <div class="opening opening--entering" aria-live="off">
                <p>{strings.entering}</p>
            </div>
        }),
        Opening::Refused(refused) => EitherOf5::E(view! {
            <div class="opening opening--refused" role="alert">
                <p class="opening__title">{strings.not_let_in}</p>
                <p>{reason(&refused)}</p>
                <p>{button("", strings.to_lobby, Action::Visit(RoomName::lobby()))}</p>
            </div>
        }),
    }
}

/// Renders a hint that a built-in bot answers in the room; a click begins a mention of it.
fn hint(model: &Model) -> impl IntoView + use<> {
    let name = model.bots.with(|bots| bots.first().map(|bot| bot.name.clone()))?;
    let actions = use_actions();
    let sentence = (strings().ask)(&name);
    let ask = move |_| call(&name, &actions);
    Some(view! { <button class="opening__hint quiet" type="button" on:click=ask>{sentence}</button> })
}

/// Renders what the history holds before the first line, and how to get it.
fn earlier_messages(model: &Model, earlier: EarlierMessages) -> impl IntoView + use<> {
    let strings = strings();
    let what = match earlier {
        EarlierMessages::Elsewhere => {
            let further = permalink(&model.room.get_untracked(), model.first.get());
            EitherOf3::A(view! { <a class="button" href=further>{strings.further_back}</a> })
        }
        EarlierMessages::Available => {
            let actions = use_actions();
            let looking_back = model.looking_back;
            let label = move || {
                Live(if looking_back.get() { strings.looking_back } else { strings.earlier }.to_owned())
            };
            EitherOf3::B(view! {
                <button class="quiet" type="button" on:click=move |_| actions.perform(Action::Earlier)>{label}</button>
            })
        }
        EarlierMessages::Gone | EarlierMessages::Nothing => EitherOf3::C(strings.earlier_gone),
    };
    view! { <p class="opening opening--earlier" aria-live="off">{what}</p> }
}
