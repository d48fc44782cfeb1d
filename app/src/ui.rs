//! The page elements that several views access: the composer, the log and the panels; and the views' shared
//! state. On the server there are no elements, and nothing here looks for them.

use std::time::Duration;

use leptos::prelude::*;
use web_sys::{HtmlElement, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::{
    action::{Action, Actions},
    field::Field,
    grown::Grown,
};

/// The composer.
pub(crate) const COMPOSER: &str = "composer";
/// The log.
pub(crate) const TIMELINE: &str = "timeline";
/// The members panel, which slides in on phones and scrolls.
pub(crate) const MEMBERS: &str = "members";
/// The active room.
pub(crate) const ROOM: &str = "room";
/// The room list, which slides in on phones.
pub(crate) const ROOMS: &str = "rooms";

/// The state that the views of a page share.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    /// Whether the timeline is still scrolling to the newest line.
    pub(crate) heads_down: Field<bool>,
    /// The answers that the user has watched stream in.
    pub(crate) grown: Grown,
}

impl Ui {
    /// Creates the state of a freshly rendered page.
    pub(crate) fn new() -> Ui {
        Ui { heads_down: Field::new(false), grown: Grown::default() }
    }
}

/// Returns the shared state.
pub(crate) fn use_ui() -> Ui {
    expect_context()
}

/// Returns an element of the page by its id, if it exists and has this type.
pub(crate) fn element<E: JsCast>(id: &str) -> Option<E> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Returns the composer.
pub(crate) fn composer() -> Option<HtmlTextAreaElement> {
    element(COMPOSER)
}

/// Returns the log.
pub(crate) fn timeline() -> Option<HtmlElement> {
    element(TIMELINE)
}

/// Returns the element that scrolls the log: the log itself, or the whole room in a low window, where the
/// style sheet places the log in the room (`style/_low.scss`). Its scroll position is 0 at the newest line
/// and negative above it.
pub(crate) fn scroller() -> Option<HtmlElement> {
    let timeline = timeline()?;
    let around = timeline.offset_parent()?;
    Some(if around.id() == ROOM { around.unchecked_into() } else { timeline })
}

/// The distance from the newest line, in pixels, within which it counts as being read.
const NEAR: i32 = 24;

/// Whether the user is at the newest line.
pub(crate) fn is_at_newest(scroller: &HtmlElement) -> bool {
    scroller.scroll_top().abs() <= NEAR
}

/// Whether the user is near the oldest loaded line: within two screens.
pub(crate) fn is_near_oldest(scroller: &HtmlElement) -> bool {
    let above = scroller.scroll_height() - scroller.client_height() - scroller.scroll_top().abs();
    above < 2 * scroller.client_height()
}

/// How long a browser may continue to glide after a key press.
pub(crate) const GLIDE: Duration = Duration::from_millis(600);

/// Scrolls to the newest line. Until it shows, the timeline repeats this, because a browser that still glides
/// upwards after a key press would otherwise override it.
pub(crate) fn go_to_newest(ui: Ui, actions: &Actions) {
    if let Some(scroller) = scroller() {
        actions.perform(Action::Look(None));
        if !is_at_newest(&scroller) {
            ui.heads_down.set(true);
            scroller.set_scroll_top(0);
        }
    }
}

/// Closes the room list if it has slid in, and focuses the composer; not on touch devices, where the
/// on-screen keyboard would cover the log.
pub(crate) fn go_on() {
    if let Some(rooms) = element::<HtmlElement>(ROOMS) {
        // Fails only if the rooms are not a popover, and then there is nothing to close.
        let _ = rooms.hide_popover();
    }
    let touch = window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches());
    if let Some(composer) = composer()
        && !touch
    {
        let _ = composer.focus();
    }
}
