//! Text that changes while the page is open, rendered through its parent element.
//!
//! Translators and extensions put their own text nodes into elements. Leptos updates the text node that it
//! created, wherever that is now, so a heading would continue to name the room that was left. [`Live`]
//! remembers the parent element instead and replaces its whole content. The text must therefore be the only
//! child of its element.

use std::cell::Cell;

use leptos::tachys::{
    html::attribute::{Attribute, any_attribute::AnyAttribute},
    hydration::Cursor,
    renderer::{CastFrom as _, types},
    view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr},
};

/// The only child of an element: text that replaces whatever the element contains.
pub(crate) struct Live(pub(crate) String);

/// The state of live text.
pub(crate) struct LiveState {
    /// The parent element; `None` until mounted.
    element: Option<types::Element>,
    text: String,
    /// Whether another view has replaced it in the element.
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
        // An empty text needs no node, because the element is known.
        if !self.0.is_empty() {
            self.0.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
        }
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> LiveState {
        // It is the only child, so the cursor stands on the parent element itself.
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
