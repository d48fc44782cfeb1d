//! Where in the timeline a reader is, so that they stay there whatever comes and goes above and below.

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

/// By how many lines the reader may be away from the middle of those that are drawn. Few are drawn at once, which takes a
/// browser a moment only.
const STEP: u32 = 30;

/// The place of the reader of a timeline. A copy is the same place.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    place: StoredValue<Option<Anchor>>,
    /// Whether they stay there although they see the newest line: they asked for what belongs in between.
    stays: StoredValue<bool>,
    /// Whether other lines are about to be drawn around it.
    moves: StoredValue<bool>,
    /// The size of what scrolls, when they last saw it.
    size: StoredValue<(i32, i32)>,
}

impl Reader {
    /// Somebody who reads the newest line.
    pub(crate) fn at_newest() -> Reader {
        Reader {
            place: StoredValue::new(None),
            stays: StoredValue::new(false),
            moves: StoredValue::new(false),
            size: StoredValue::new((0, 0)),
        }
    }

    /// They are in another room, or in another life of this one.
    pub(crate) fn start_over(self) {
        self.place.set_value(None);
        self.stays.set_value(false);
    }

    /// From now on they see what they saw, whatever becomes larger or smaller in the room: the window, the composer, the
    /// letters.
    pub(crate) fn watch_sizes(self) {
        let resized = move || {
            if self.is_there() {
                self.keep_resized();
            }
        };
        // The browser drops it together with what it observes.
        let resized = Closure::<dyn FnMut()>::new(resized).into_js_value();
        if let Ok(observer) = ResizeObserver::new(resized.unchecked_ref()) {
            for selector in [".room", ".banner", ".composer"] {
                if let Ok(Some(part)) = document().query_selector(selector) {
                    observer.observe(&part);
                }
            }
        }
    }

    /// Whether what scrolls is of another size than when they last saw it, so that where it has scrolled to is not their
    /// doing: then they see what they saw.
    pub(crate) fn was_resized(self, scroller: &Element) -> bool {
        let is_resized = self.size.get_value() != size(scroller);
        if is_resized {
            self.keep_resized();
        }
        is_resized && self.place.with_value(Option::is_some)
    }

    /// Something has become larger or smaller: they see what they saw.
    fn keep_resized(self) {
        if let Some(scroller) = ui::scroller() {
            self.size.set_value(size(&scroller));
            self.place.update_value(|place| place.iter_mut().for_each(|place| place.keep(&scroller)));
        }
    }

    /// They read the newest line, and go on with the next one.
    pub(crate) fn follow(self) {
        if !self.stays.get_value() {
            self.place.set_value(None);
        }
    }

    /// They have scrolled to what they see now.
    pub(crate) fn look(self, timeline: &Element) {
        self.place.update_value(|place| {
            let seen = Anchor::of(timeline);
            match (&mut *place, seen) {
                // Browsers round where they scroll to; taking the place anew after each line would add that up.
                (Some(place), seen) if place.drift(timeline).is_some_and(|drift| drift.abs() < 1.0) => {
                    if let Some(seen) = seen.filter(|seen| seen.element == place.element) {
                        place.index = seen.index;
                    }
                }
                (_, seen) => *place = seen,
            }
        });
    }

    /// What they read, if lines are to be drawn around it: for the first time, or because it is no longer in the middle of
    /// those that are, and there are more `above` or `below`.
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

    /// Whether the timeline that they read is still there.
    pub(crate) fn is_there(self) -> bool {
        !self.place.is_disposed()
    }

    /// They asked for what belongs between the lines that they see, and want to read on from here.
    pub(crate) fn stay(self) {
        if let Some(scroller) = ui::scroller() {
            self.place.set_value(Anchor::of(&scroller));
            self.stays.set_value(true);
        }
    }

    /// Lines have come or gone: they see what they saw. Whoever has just gone down to the newest line has left their place,
    /// though the browser has yet to say so. `waits` while what they asked for has not come.
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

/// At which message a reader is, and how far below the timeline's upper edge it stands.
struct Anchor {
    element: String,
    /// Which one of the lines it is.
    index: u32,
    offset: f64,
    /// How high it was.
    height: f64,
}

impl Anchor {
    /// The place of the first message that shows.
    fn of(timeline: &Element) -> Option<Anchor> {
        let top = timeline.get_bounding_client_rect().top();
        let lines = lines(timeline)?;
        let bottom =
            |index: u32| lines.item(index).map_or(f64::MIN, |line| line.get_bounding_client_rect().bottom());
        // Each line stands below the one before, so that halving finds the first one that shows.
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

    /// How far below its place the message stands now; `None` if it is there no more.
    fn drift(&self, timeline: &Element) -> Option<f64> {
        let line = self.line().or_else(|| self.successor(timeline))?;
        let rect = line.get_bounding_client_rect();
        // Of one that begins above the edge they see a part; when it wraps anew they are as far into it as they were.
        let offset = if self.offset < 0.0 { self.offset / self.height * rect.height() } else { self.offset };
        Some(rect.top() - timeline.get_bounding_client_rect().top() - offset)
    }

    fn line(&self) -> Option<Element> {
        document().get_element_by_id(&self.element)
    }

    /// The message that stands where an answer grew, once it does not grow any more.
    fn successor(&self, timeline: &Element) -> Option<Element> {
        let was_growing = self.element.starts_with(GROWING_ANCHOR);
        was_growing.then(|| lines(timeline)?.item(self.index)).flatten()
    }

    /// Scrolls so that the message stands where it stood, whatever was added or dropped above and below it.
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

/// The first and the last message of what is selected, if something is.
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

/// The message whose line has this id.
fn seq(id: &str) -> Option<Seq> {
    id.strip_prefix('m')?.parse().ok()
}

fn lines(timeline: &Element) -> Option<HtmlCollection> {
    Some(timeline.query_selector(".timeline__lines").ok().flatten()?.children())
}

fn size(element: &Element) -> (i32, i32) {
    (element.client_width(), element.client_height())
}
