//! Text that changes while the page is open, drawn by its element.
//!
//! Translators and extensions put text nodes into elements of their own. Leptos writes to the text node that it made
//! once, wherever that is now; a heading would go on naming the room that was left. [`Live`] remembers the element
//! around the text instead, and replaces all that is in it. So that element holds this text and nothing else.

use std::cell::Cell;

use leptos::tachys::{
    html::attribute::{Attribute, any_attribute::AnyAttribute},
    hydration::Cursor,
    renderer::{CastFrom as _, types},
    view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr},
};

/// The only content of an element: text that takes the place of whatever the element holds by then.
pub(crate) struct Live(pub(crate) String);

/// Live text that is in the page, or about to be.
pub(crate) struct LiveState {
    /// The element that holds it; `None` until it is mounted.
    element: Option<types::Element>,
    text: String,
    /// Whether another view has taken its place in the element.
    replaced: Cell<bool>,
}

impl LiveState {
    fn new(text: String, element: Option<types::Element>) -> LiveState {
        LiveState { element, text, replaced: Cell::new(false) }
    }
}

impl Render for Live {
    type State = LiveState;

    fn build(self) -> LiveState {
        LiveState::new(self.0, None)
    }

    fn rebuild(self, state: &mut LiveState) {
        if self.0 != state.text {
            state.text = self.0;
            if let Some(element) = &state.element {
                element.set_text_content(Some(&state.text));
            }
        }
    }
}

impl RenderHtml for Live {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        // An empty text needs no node: the element is known.
        if !self.0.is_empty() {
            self.0.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
        }
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> LiveState {
        // The only content of its element, so that the cursor stands on the element itself.
        let element = types::Element::cast_from(cursor.current());
        position.set(Position::NextChild);
        LiveState::new(self.0, element)
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl AddAnyAttr for Live {
    type Output<SomeNewAttr: Attribute> = Live;

    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Live {
        self
    }
}

impl Mountable for LiveState {
    fn unmount(&mut self) {
        if let Some(element) = self.element.take().filter(|_| !self.replaced.get()) {
            element.set_text_content(None);
        }
    }

    fn mount(&mut self, parent: &types::Element, _marker: Option<&types::Node>) {
        parent.set_text_content(Some(&self.text));
        self.element = Some(parent.clone());
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let Some(element) = &self.element else { return false };
        element.set_text_content(None);
        child.mount(element, None);
        self.replaced.set(true);
        true
    }

    fn elements(&self) -> Vec<types::Element> {
        Vec::new()
    }
}
