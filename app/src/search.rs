//! The search page: a field and the results. Rendered by the server only, as a page or as a panel within the
//! chat page; works without scripts.

use std::borrow::Cow;

use chat::{
    protocol::{Seq, User},
    room_name::RoomName,
    time::Millis,
};
use leptos::{either::Either, prelude::*};

use crate::{
    address::path,
    message::{clock, moment_of},
    program::mark,
    row::Zone,
    strings::room_title,
};
use i18n::{Language, strings::SearchStrings};

/// The content of a search page.
#[derive(Clone, Debug)]
pub struct Search {
    /// The language of the page.
    pub language: Language,
    /// The query as typed.
    pub typed: String,
    /// The room that the user came from, if any.
    pub here: Option<RoomName>,
    /// Whether the search is limited to that room.
    pub only_here: bool,
    /// Whether the page is shown as a panel in the chat page.
    pub panel: bool,
    /// The user's time zone.
    pub zone: Zone,
    /// The address of the first page of the same search.
    pub newest: String,
    /// The outcome of the search.
    pub outcome: Outcome,
}

/// The outcome of a search.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The query is empty.
    Unasked,
    /// The query contains nothing that can be searched for.
    NothingToFind,
    /// The search ran.
    Found(Found),
    /// Search is temporarily unavailable.
    Unavailable,
    /// Too many searches are running at once.
    Busy,
    /// The user's login is no longer valid.
    LoggedOut,
}

/// The results of a search.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The matching messages, newest first.
    pub hits: Vec<Hit>,
    /// The address of the next page, if there may be older messages.
    pub older: Option<String>,
    /// Whether this page itself shows older messages.
    pub is_older: bool,
    /// Remarks about the completeness of the results.
    pub remarks: Vec<Remark>,
}

/// Why the results may be incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Only the beginning of the query was used.
    Shortened,
    /// Some messages are not indexed yet.
    Behind,
    /// The search took too long and was stopped.
    Cut,
    /// This many messages were examined, and there are more.
    Looked(usize),
}

impl Remark {
    fn sentence(self, strings: &SearchStrings, is_older: bool) -> Cow<'static, str> {
        match self {
            Remark::Shortened => strings.shortened.into(),
            Remark::Behind => strings.behind.into(),
            Remark::Cut => strings.cut.into(),
            Remark::Looked(count) => (strings.looked)(count, is_older).into(),
        }
    }

    /// Whether messages that might match were not examined.
    const fn goes_on(self) -> bool {
        matches!(self, Remark::Cut | Remark::Looked(_))
    }
}

/// A matching message.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The room of the message.
    pub room: RoomName,
    /// Its seq in that room.
    pub seq: Seq,
    /// The author.
    pub user: User,
    /// The time at which it was sent.
    pub at: Millis,
    /// The shown excerpt of its text.
    pub pieces: Vec<Piece>,
    /// Whether text is left out before and after the excerpt.
    pub cut: (bool, bool),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text of the part.
    pub text: String,
    /// Whether it matches the query.
    pub found: bool,
}

impl Hit {
    /// Returns the permalink of the message.
    fn address(&self) -> String {
        let Hit { room, seq, .. } = self;
        // The lobby's name is in the path, too, because `/chat/42` would be a room.
        format!("/chat/{room}/{seq}#m{seq}")
    }
}

/// The content of the search page.
#[component]
pub fn SearchView(
    /// The search to show.
    search: Search,
) -> impl IntoView {
    let strings = search.language.search_strings();
    let Search { language, typed, here, only_here, panel, zone, newest, outcome } = search;
    let head = (!panel).then(|| {
        let chat = here.as_ref().map_or_else(|| "/chat".to_owned(), path);
        view! {
            <header class="search__head">
                <img src="/mark.svg" alt="" width="28" height="28"/>
                <h1 class="search__title">{strings.title}</h1>
                <a class="button quiet" href=chat>{strings.to_chat}</a>
            </header>
        }
    });
    let title = panel.then(|| view! { <h1 class="hidden">{strings.title}</h1> });
    // With results, the user reads; without, they are about to type.
    let focus = !matches!(&outcome, Outcome::Found(found) if !found.hits.is_empty());
    let class = if panel { "search search--panel" } else { "search" };
    let day =
        here.clone().filter(|_| matches!(outcome, Outcome::Unasked)).map(|here| day_form(strings, &here));
    view! {
        <main class=class>
            {head}
            {title}
            <Form strings language typed here only_here panel focus/>
            {day}
            {outcome_view(language, &zone, newest, outcome)}
        </main>
    }
}

#[component]
fn Form(
    strings: &'static SearchStrings,
    language: Language,
    typed: String,
    here: Option<RoomName>,
    only_here: bool,
    panel: bool,
    focus: bool,
) -> impl IntoView {
    let only = here.map(|here| {
        let title = (strings.only_in)(&room_title(language.strings(), here.as_str()));
        let here = here.to_string();
        view! {
            <input type="hidden" name="here" value=here.clone()/>
            <label class="search__only">
                <input type="checkbox" name="in" value=here checked=only_here/>
                <bdi>{title}</bdi>
            </label>
        }
    });
    view! {
        <form class="search__form" role="search" method="get" action="/search">
            <input
                class="search__field"
                name="q"
                r#type="search"
                value=typed
                placeholder=strings.field
                aria-label=strings.field
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                autofocus=focus
                dir="auto"
                maxlength="400"
                enterkeyhint="search"
            />
            <button class="search__go" type="submit">{strings.search}</button>
            {only}
            {panel.then(|| view! { <input type="hidden" name="panel" value="1"/> })}
        </form>
    }
}

/// Renders the form that goes to a day in a room; it leads out of a panel.
fn day_form(strings: &'static SearchStrings, room: &RoomName) -> impl IntoView + use<> {
    view! {
        <form class="search__day" method="get" action=path(room) target="_top">
            <label for="day">{strings.day}</label>
            <input id="day" name="day" r#type="date" required=true/>
            <button class="quiet" type="submit">{strings.go_to_day}</button>
        </form>
    }
}

fn outcome_view(language: Language, zone: &Zone, newest: String, outcome: Outcome) -> impl IntoView + use<> {
    let strings = language.search_strings();
    match outcome {
        Outcome::Found(found) => Either::Left(found_view(language, zone, newest, found)),
        Outcome::Unasked => Either::Right((None, Some(examples(strings)), None)),
        Outcome::NothingToFind => {
            Either::Right((Some(sentence(strings.nothing_to_find, false)), Some(examples(strings)), None))
        }
        Outcome::Unavailable => Either::Right((Some(sentence(strings.unavailable, true)), None, None)),
        Outcome::Busy => Either::Right((Some(sentence(strings.busy, true)), None, None)),
        Outcome::LoggedOut => {
            let way =
                view! { <a class="button search__way" href="/login" target="_top">{strings.log_in}</a> };
            Either::Right((Some(sentence(strings.logged_out, false)), None, Some(way)))
        }
    }
}

fn examples(strings: &'static SearchStrings) -> impl IntoView {
    let examples = strings.examples.map(|(example, finds)| {
        view! {
            <dt><code dir="auto">{example}</code></dt>
            <dd>{finds}</dd>
        }
    });
    view! {
        <section class="search__how">
            <h2>{strings.how}</h2>
            <dl>{examples.collect_view()}</dl>
        </section>
    }
}

/// Renders what happened, and what to do about it.
fn sentence((what, then): (&'static str, &'static str), trouble: bool) -> impl IntoView {
    let class = if trouble { "search__sentence problem" } else { "search__sentence" };
    view! {
        <div class=class role="status">
            <p class="search__what">{what}</p>
            <p>{then}</p>
        </div>
    }
}

fn found_view(language: Language, zone: &Zone, newest: String, found: Found) -> impl IntoView + use<> {
    let strings = language.search_strings();
    let Found { hits, older, is_older, remarks } = found;
    let (count, cut) = (hits.len(), remarks.iter().any(|remark| remark.goes_on()));
    let summary = match count {
        0 => None,
        _ if is_older => Some((strings.found_older)(count)),
        _ => Some((strings.found)(count, older.is_some())),
    };
    let nothing = (count == 0 && !cut).then(|| {
        let none = if is_older { (strings.none_older, "") } else { strings.none };
        sentence(none, false)
    });
    let remarks = remarks.into_iter().map(|remark| {
        view! { <p class="search__remark">{remark.sentence(strings, is_older)}</p> }
    });
    let list = (count > 0).then(|| {
        let hits: Vec<_> = hits.iter().map(|hit| hit_view(language, zone, hit)).collect();
        view! { <ol class="search__hits" aria-label=strings.hits>{hits}</ol> }
    });
    let to_newest = is_older.then(|| view! { <a class="button quiet" href=newest>{strings.newest}</a> });
    let older = older.map(|older| {
        let on = if cut { strings.go_on } else { strings.older };
        view! { <a class="button" href=older rel="next">{on}</a> }
    });
    let ways = (older.is_some() || to_newest.is_some())
        .then(|| view! { <nav class="search__ways" aria-label=strings.title>{to_newest}{older}</nav> });
    view! {
        <div role="status">
            {remarks.collect_view()}
            {summary.map(|summary| view! { <p class="search__summary">{summary}</p> })}
            {nothing}
        </div>
        {list}
        {ways}
    }
}

fn hit_view(language: Language, zone: &Zone, hit: &Hit) -> impl IntoView + use<> {
    let (date, time) = zone.local(hit.at);
    let moment = (language.strings().moment)(date, &clock(time));
    let room = room_title(language.strings(), hit.room.as_str());
    let author = format!("hit__author tint-{}", hit.user.id.tint());
    let pieces = hit.pieces.iter().map(|Piece { text, found }| {
        let text = text.clone();
        if *found { Either::Left(view! { <mark>{text}</mark> }) } else { Either::Right(text) }
    });
    let dots = |cut: bool| cut.then_some("…");
    view! {
        <li>
            <a class="hit" href=hit.address() target="_top">
                <span class="hit__head">
                    <span class="hit__by">
                        <bdi class=author>{hit.user.name.to_string()}</bdi>
                        {mark(&hit.user, language.strings())}
                    </span>
                    // The spaces are for screen readers.
                    <span class="hidden">" "{language.search_strings().in_room}" "</span>
                    <span class="hit__room"><span class="hash" aria-hidden="true">"#"</span><bdi>{room}</bdi></span>
                    " "
                    <time class="hit__time" datetime=moment_of(hit.at)>{moment}</time>
                </span>
                " "
                <span class="hit__text" dir="auto">{dots(hit.cut.0)}{pieces.collect_view()}{dots(hit.cut.1)}</span>
            </a>
        </li>
    }
}
