//! The reading position in the timeline, so that it stays fixed whatever is added and removed above and
//! below.

use chat::protocol::Seq;
use leptos::prelude::*;
use web_sys::{
    Element, HtmlCollection, Node, ResizeObserver,
    wasm_bindgen::{JsCast, closure::Closure},
};

use crate::{
    row::{GROWING_ANCHOR, Reading},
    ui,
};

/// The number of lines that the reading position may be off the middle of the rendered ones. Few lines are
/// rendered at once, so that the browser does it quickly.
const STEP: u32 = 30;

/// The reading position in a timeline. Copies refer to the same position.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    place: StoredValue<Option<Anchor>>,
    /// Whether the position stays fixed although the newest line is visible, because the user requested
    /// messages in between.
    stays: StoredValue<bool>,
    /// Whether the lines around it are about to be replaced.
    moves: StoredValue<bool>,
    /// The size of the scrolling element when the user last saw it.
    size: StoredValue<(i32, i32)>,
}

impl Reader {
    /// Creates a position at the newest line.
    pub(crate) fn at_newest() -> Reader {
        Reader {
            place: StoredValue::new(None),
            stays: StoredValue::new(false),
            moves: StoredValue::new(false),
            size: StoredValue::new((0, 0)),
        }
    }

    /// Resets the position after a change of room, or a new epoch of this one.
    pub(crate) fn start_over(self) {
        self.place.set_value(None);
        self.stays.set_value(false);
    }

    /// Keeps the visible lines in place from now on when the window, the composer or the font changes size.
    pub(crate) fn watch_sizes(self) {
        let resized = move || {
            if self.is_there() {
                self.keep_resized();
            }
        };
        // The browser drops the closure together with the elements that it observes.
        let resized = Closure::<dyn FnMut()>::new(resized).into_js_value();
        if let Ok(observer) = ResizeObserver::new(resized.unchecked_ref()) {
            for selector in [".room", ".banner", ".composer"] {
                if let Ok(Some(part)) = document().query_selector(selector) {
                    observer.observe(&part);
                }
            }
        }
    }

    /// Whether the scrolling element has a different size than before, so that the user did not cause the
    /// scroll event; restores the position in that case.
    pub(crate) fn was_resized(self, scroller: &Element) -> bool {
        let is_resized = self.size.get_value() != size(scroller);
        if is_resized {
            self.keep_resized();
        }
        is_resized && self.place.with_value(Option::is_some)
    }

    /// Restores the position after a change of size.
    fn keep_resized(self) {
        if let Some(scroller) = ui::scroller() {
            self.size.set_value(size(&scroller));
            self.place.update_value(|place| place.iter_mut().for_each(|place| place.keep(&scroller)));
        }
    }

    /// Follows the newest line from now on.
    pub(crate) fn follow(self) {
        if !self.stays.get_value() {
            self.place.set_value(None);
        }
    }

    /// Records the position that the user has scrolled to.
    pub(crate) fn look(self, timeline: &Element) {
        self.place.update_value(|place| {
            let seen = Anchor::of(timeline);
            match (&mut *place, seen) {
                // Browsers round scroll positions; replacing the position after each line would add up the
                // errors.
                (Some(place), seen) if place.drift(timeline).is_some_and(|drift| drift.abs() < 1.0) => {
                    if let Some(seen) = seen.filter(|seen| seen.element == place.element) {
                        place.index = seen.index;
                    }
                }
                (_, seen) => *place = seen,
            }
        });
    }

    /// Returns the new reading position if other lines should be rendered: for the first time, or because it
    /// has left the middle of the rendered ones and there are more `above` or `below`.
    pub(crate) fn move_on(self, timeline: &Element, away: bool, above: bool, below: bool) -> Option<Reading> {
        let (at, index) = self.place.with_value(|place| {
            let place = place.as_ref()?;
            Some((seq(&place.element)?, place.index))
        })?;
        let middle = lines(timeline)?.length() / 2;
        let is_off = above && index + STEP < middle || below && index > middle + STEP;
        (is_off || !away).then(|| {
            self.moves.set_value(true);
            Reading { at, selected: selected() }
        })
    }

    /// Whether the timeline still exists.
    pub(crate) fn is_there(self) -> bool {
        !self.place.is_disposed()
    }

    /// Fixes the position because the user requested messages between the visible lines and wants to read on
    /// from here.
    pub(crate) fn stay(self) {
        if let Some(scroller) = ui::scroller() {
            self.place.set_value(Anchor::of(&scroller));
            self.stays.set_value(true);
        }
    }

    /// Restores the position after lines were added or removed, unless the user has just scrolled to the
    /// newest line and the browser has yet to report it. `waits` is true while the requested messages have
    /// not arrived.
    pub(crate) fn keep(self, waits: bool) {
        if let Some(scroller) = ui::scroller()
            && (self.stays.get_value() || self.moves.get_value() || !ui::is_at_newest(&scroller))
        {
            self.moves.set_value(false);
            self.place.update_value(|place| place.iter_mut().for_each(|place| place.keep(&scroller)));
            self.stays.update_value(|stays| *stays &= waits);
        }
    }
}

/// A message and its distance from the timeline's upper edge.
struct Anchor {
    element: String,
    /// The index of the line.
    index: u32,
    offset: f64,
    /// The height of the line when the anchor was set.
    height: f64,
}

impl Anchor {
    /// Returns the anchor of the first visible message.
    fn of(timeline: &Element) -> Option<Anchor> {
        let top = timeline.get_bounding_client_rect().top();
        let lines = lines(timeline)?;
        let bottom =
            |index: u32| lines.item(index).map_or(f64::MIN, |line| line.get_bounding_client_rect().bottom());
        // Each line is below the one before, so binary search finds the first visible one.
        let (mut from, mut to) = (0, lines.length());
        while from < to {
            let middle = u32::midpoint(from, to);
            if bottom(middle) > top {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        let (index, line) = (from..lines.length())
            .filter_map(|index| Some((index, lines.item(index)?)))
            .find(|(_, line)| !line.id().is_empty())?;
        let rect = line.get_bounding_client_rect();
        Some(Anchor { element: line.id(), index, offset: rect.top() - top, height: rect.height() })
    }

    /// Returns how far below its place the message is now; `None` if it is gone.
    fn drift(&self, timeline: &Element) -> Option<f64> {
        let line = self.line().or_else(|| self.successor(timeline))?;
        let rect = line.get_bounding_client_rect();
        // A message that begins above the edge is partly visible; when it wraps anew, the same fraction stays
        // visible.
        let offset = if self.offset < 0.0 { self.offset / self.height * rect.height() } else { self.offset };
        Some(rect.top() - timeline.get_bounding_client_rect().top() - offset)
    }

    fn line(&self) -> Option<Element> {
        document().get_element_by_id(&self.element)
    }

    /// Returns the message that replaced a streaming answer, once that is complete.
    fn successor(&self, timeline: &Element) -> Option<Element> {
        let was_growing = self.element.starts_with(GROWING_ANCHOR);
        was_growing.then(|| lines(timeline)?.item(self.index)).flatten()
    }

    /// Scrolls so that the message is where it was, whatever was added or removed above and below it.
    fn keep(&mut self, timeline: &Element) {
        if let Some(drift) = self.drift(timeline) {
            timeline.scroll_by_with_x_and_y(0.0, drift);
            if self.line().is_none()
                && let Some(place) = Anchor::of(timeline)
            {
                *self = place;
            }
        }
    }
}

/// Returns the first and the last message of the selection, if there is one.
fn selected() -> Option<(Seq, Seq)> {
    let selection =
        document().get_selection().ok().flatten().filter(|selection| !selection.is_collapsed())?;
    let message = |node: Option<Node>| {
        let line = node?.parent_element()?.closest(".message").ok().flatten()?;
        seq(&line.id())
    };
    let (anchor, focus) = (message(selection.anchor_node())?, message(selection.focus_node())?);
    Some((anchor.min(focus), anchor.max(focus)))
}

/// Parses a message's seq from the id of its line.
fn seq(id: &str) -> Option<Seq> {
    id.strip_prefix('m')?.parse().ok()
}

fn lines(timeline: &Element) -> Option<HtmlCollection> {
    Some(timeline.query_selector(".timeline__lines").ok().flatten()?.children())
}

fn size(element: &Element) -> (i32, i32) {
    (element.client_width(), element.client_height())
}
