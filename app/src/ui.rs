//! The few elements of the page that views reach across to: where one writes, where one reads, what slides in; and what
//! is written. On the server there are no elements, and nothing here looks for them.

use std::time::Duration;

use leptos::prelude::*;
use web_sys::{HtmlElement, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::{
    action::{Action, Actions},
    field::Field,
    grown::Grown,
};

/// Where one writes.
pub(crate) const COMPOSER: &str = "composer";
/// The log.
pub(crate) const TIMELINE: &str = "timeline";
/// Who is here, which slides in on a phone and scrolls.
pub(crate) const MEMBERS: &str = "members";
/// The room that is looked at.
pub(crate) const ROOM: &str = "room";
/// The list of rooms, which slides in on a phone.
pub(crate) const ROOMS: &str = "rooms";

/// What the views of a page share.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    /// Whether the reader is on the way down to the newest line.
    pub(crate) heads_down: Field<bool>,
    /// The answers that have grown here.
    pub(crate) grown: Grown,
}

impl Ui {
    /// What the views of a page that has just been drawn share.
    pub(crate) fn new() -> Ui {
        Ui { heads_down: Field::new(false), grown: Grown::default() }
    }
}

/// What the views share.
pub(crate) fn use_ui() -> Ui {
    expect_context()
}

/// An element of the page by its id, if it is there and of that kind.
pub(crate) fn element<E: JsCast>(id: &str) -> Option<E> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Where one writes.
pub(crate) fn composer() -> Option<HtmlTextAreaElement> {
    element(COMPOSER)
}

/// The log.
pub(crate) fn timeline() -> Option<HtmlElement> {
    element(TIMELINE)
}

/// What scrolls the log: the log itself, or the whole room in a low window, where the style sheet places the log in the
/// room (style/_low.scss). Its scroll position counts from the newest line, 0, upwards into the negative.
pub(crate) fn scroller() -> Option<HtmlElement> {
    let timeline = timeline()?;
    let around = timeline.offset_parent()?;
    Some(if around.id() == ROOM { around.unchecked_into() } else { timeline })
}

/// How far from the newest line one still counts as reading it, in pixels.
const NEAR: i32 = 24;

/// Whether the newest line is what is read.
pub(crate) fn is_at_newest(scroller: &HtmlElement) -> bool {
    scroller.scroll_top().abs() <= NEAR
}

/// Whether the reader comes near the oldest line that is here: within two of what they see at once.
pub(crate) fn is_near_oldest(scroller: &HtmlElement) -> bool {
    let above = scroller.scroll_height() - scroller.client_height() - scroller.scroll_top().abs();
    above < 2 * scroller.client_height()
}

/// How long a browser may go on gliding after a key.
pub(crate) const GLIDE: Duration = Duration::from_millis(600);

/// Shows the newest line. Until it shows, the timeline goes on heading there: a browser that is still gliding upwards after
/// a key would otherwise have its way.
pub(crate) fn go_to_newest(ui: Ui, actions: &Actions) {
    if let Some(scroller) = scroller() {
        actions.perform(Action::Look(None));
        if !is_at_newest(&scroller) {
            ui.heads_down.set(true);
            scroller.set_scroll_top(0);
        }
    }
}

/// Puts the rooms away where they have slid in, and goes on with writing: at once where there is a keyboard; where there
/// is none, one would cover what is to be read.
pub(crate) fn go_on() {
    if let Some(rooms) = element::<HtmlElement>(ROOMS) {
        // It fails only where the rooms are no popover, and then there is nothing to put away.
        let _ = rooms.hide_popover();
    }
    let touch = window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches());
    if let Some(composer) = composer()
        && !touch
    {
        let _ = composer.focus();
    }
}
