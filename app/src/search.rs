//! The search: a field, and what was found. Rendered by the server only, as a page or as a panel within the chat's page;
//! it works without a script.

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

/// What a search page shows.
#[derive(Clone, Debug)]
pub struct Search {
    /// The language of its words.
    pub language: Language,
    /// What was typed.
    pub typed: String,
    /// The room beside which it is searched, if any.
    pub here: Option<RoomName>,
    /// Whether it is searched in that room alone.
    pub only_here: bool,
    /// Whether the page is a panel of another one.
    pub panel: bool,
    /// The reader's time zone.
    pub zone: Zone,
    /// The address of the same search without its older pages.
    pub newest: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a search.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing was asked.
    Unasked,
    /// Nothing that was typed can be searched for.
    NothingToFind,
    /// It was searched.
    Found(Found),
    /// Search does not work at present.
    Unavailable,
    /// Too many people search at once.
    Busy,
    /// The reader has no login any more.
    LoggedOut,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// Where older ones are, if there may be any.
    pub older: Option<String>,
    /// Whether these are older ones themselves.
    pub is_older: bool,
    /// What else is to be known of it.
    pub remarks: Vec<Remark>,
}

/// Why there may be more than what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Only the beginning of what was typed was searched for.
    Shortened,
    /// Some messages cannot be found yet.
    Behind,
    /// The search took too long and was cut off.
    Cut,
    /// So many messages were looked through, and there are more.
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

    /// Whether messages were left that might have been found.
    const fn goes_on(self) -> bool {
        matches!(self, Remark::Cut | Remark::Looked(_))
    }
}

/// A message that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Where it was said.
    pub room: RoomName,
    /// Its place there.
    pub seq: Seq,
    /// Who said it.
    pub user: User,
    /// When.
    pub at: Millis,
    /// What of its text is shown.
    pub pieces: Vec<Piece>,
    /// Whether text is left out before and after that.
    pub cut: (bool, bool),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The part.
    pub text: String,
    /// Whether it is what was searched for.
    pub found: bool,
}

impl Hit {
    /// Where the message is shown in its place.
    fn address(&self) -> String {
        let Hit { room, seq, .. } = self;
        // The lobby goes by its name here too, for `/chat/42` would be a room.
        format!("/chat/{room}/{seq}#m{seq}")
    }
}

/// The page's content.
#[component]
pub fn SearchView(
    /// What it shows.
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
    // Who has found something reads it; who has not is about to type.
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

/// The way to a day of a room; it leads out of a panel.
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

/// What is so, and what to do about it.
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
                    // The spaces are for the ear.
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
