//! Renders one line of the timeline: a day, a message, a pending message, a join or leave notice, or missing
//! messages.
//!
//! Screen readers announce only messages: every other line of the log has `aria-live="off"`.

use chat::{
    client::{
        outbox::{Delivery, Pending},
        timeline::{Hole, Notice},
    },
    protocol::{Message, Refused},
    time::Millis,
};
use leptos::{either::EitherOf6, prelude::*};
use time::{Date, OffsetDateTime, Time};

use crate::{
    action::{Action, use_actions},
    address::{anchor, permalink},
    author::author,
    button::button,
    folding::rest,
    growing::grows,
    mention::is_mentioned,
    model::use_model,
    place::Reader,
    row::{Row, Shows},
    strings::strings,
    text::text,
};

/// The maximum number of users named in one join or leave notice.
const NAMED: usize = 3;

/// Renders a line of the timeline.
pub(crate) fn line(row: Row) -> impl IntoView {
    match row.shows {
        Shows::Day(date) => EitherOf6::A(day(date)),
        Shows::Message { message, leads, mine, past, date, time } => {
            EitherOf6::B(said(&message, (leads, mine, past), date, time))
        }
        Shows::Pending { pending, leads } => EitherOf6::C(on_its_way(pending, leads)),
        Shows::StreamingAnswer { user, id, leads, stops } => EitherOf6::F(grows(&user, id, leads, stops)),
        Shows::Notice(notice) => EitherOf6::D(aside("notice", came_or_went(&notice))),
        Shows::News => EitherOf6::D(aside("news", strings().news.to_owned())),
        Shows::Gone(count) => EitherOf6::D(aside("notice", (strings().gone)(count))),
        Shows::Renewed => EitherOf6::D(aside("notice", strings().renewed.to_owned())),
        Shows::Hole(hole) => EitherOf6::E(missing(hole)),
    }
}

fn day(date: Date) -> impl IntoView {
    let strings = strings();
    view! {
        <li class="day" aria-live="off">
            <time datetime=date_of(date)>{(strings.day)(date)}</time>
        </li>
    }
}

fn said(
    message: &Message,
    (leads, mine, past): (bool, bool, bool),
    date: Date,
    time: Time,
) -> impl IntoView + use<> {
    let strings = strings();
    let clock = clock(time);
    let full = (strings.moment)(date, &clock);
    // Highlights the message for the mentioned user.
    let calls = !mine && use_model().me.with_untracked(|me| is_mentioned(&me.name, &message.text));
    let class = match (leads, mine, calls) {
        (true, true, _) => "line line--leads message message--mine",
        (true, false, true) => "line line--leads message message--calls",
        (true, false, false) => "line line--leads message",
        (false, true, _) => "line message message--mine",
        (false, false, true) => "line message message--calls",
        (false, false, false) => "line message",
    };
    view! {
        <li class=class id=anchor(message.seq) aria-live=past.then_some("off")>
            {author(&message.user, leads)}
            // The permalink. It is not a tab stop, or the Tab key would have to pass a hundred of them.
            <a class="line__time" href=permalink(&message.room, message.seq) title=full tabindex="-1">
                <time datetime=moment_of(message.at)>{clock}</time>
            </a>
            <div class="line__text" dir="auto">{text(&message.text)}</div>
            {rest(&message.id, &message.text)}
        </li>
    }
}

fn on_its_way(pending: Pending, leads: bool) -> impl IntoView {
    let strings = strings();
    // The problem with the message, and the label of the button that sends it anyway.
    let asks = match pending.state {
        Delivery::Queued | Delivery::Sent => None,
        Delivery::Old => Some((strings.old.to_owned(), strings.send)),
        Delivery::Refused(refused) => Some(((strings.not_sent)(&reason(&refused)), strings.retry)),
    };
    // A refusal is announced; a pending message is not.
    let (class, live) = match (leads, asks.is_some()) {
        (true, false) => ("line line--leads pending", "off"),
        (false, false) => ("line pending", "off"),
        (true, true) => ("line line--leads pending pending--refused", "polite"),
        (false, true) => ("line pending pending--refused", "polite"),
    };
    let id = pending.id;
    let rest = rest(&id, &pending.text);
    let state = asks.is_none().then(|| {
        // Takes the place of the time, so that nothing moves once the message is acknowledged.
        view! {
            <span class="line__time pending__state" title=strings.pending>
                <span aria-hidden="true">"···"</span>
                <span class="hidden">{strings.pending}</span>
            </span>
        }
    });
    let below = asks.map(|(sentence, again)| {
        view! {
            <p class="pending__reason">{sentence}</p>
            <p class="pending__actions">
                {button("", again, Action::Retry(id.clone()))}
                {button("quiet", strings.discard, Action::Discard(id))}
            </p>
        }
    });
    let me = use_model().me.get_untracked();
    view! {
        <li class=class aria-live=live>
            {author(&me, leads)}
            {state}
            <div class="line__text" dir="auto">{text(&pending.text)}</div>
            {rest}
            {below}
        </li>
    }
}

/// Returns why a message was refused, in the user's language if possible, else in the server's words.
pub(crate) fn reason(refused: &Refused) -> String {
    (strings().refusal)(refused.code).map_or_else(|| refused.reason.clone(), ToOwned::to_owned)
}

/// Renders a line without an author. It has no `dir="auto"`, so its direction is the language's, whatever
/// names it contains.
fn aside(class: &'static str, sentence: String) -> impl IntoView {
    view! { <li class=class aria-live="off">{sentence}</li> }
}

/// Renders a hole: how many messages are missing, and a button that requests them.
fn missing(hole: Hole) -> impl IntoView {
    let actions = use_actions();
    let reader: Option<Reader> = use_context();
    let fill = move |_| {
        reader.into_iter().for_each(Reader::stay);
        actions.perform(Action::Fill(hole));
    };
    let count = hole.count();
    let label = if hole.onward { (strings().missing_onward)(count) } else { (strings().missing)(count) };
    view! {
        <li class="hole" aria-live="off">
            <button class="quiet" type="button" on:click=fill>{label}</button>
        </li>
    }
}

fn came_or_went(notice: &Notice) -> String {
    let strings = strings();
    let names: Vec<&str> = notice.users.iter().take(NAMED).map(|user| &*user.name).collect();
    let more = notice.users.len() - names.len();
    if notice.entered { (strings.entered)(&names, more) } else { (strings.left)(&names, more) }
}

/// Formats a time of day as `hh:mm`.
pub(crate) fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// Formats a date as RFC 3339.
fn date_of(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// Formats a time as RFC 3339 in UTC. A time out of range becomes 1970-01-01.
pub(crate) fn moment_of(at: Millis) -> String {
    let moment = i64::try_from(at.0 / 1_000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{}T{}:{:02}Z", date_of(moment.date()), clock(moment.time()), moment.second())
}
