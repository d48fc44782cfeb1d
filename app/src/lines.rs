//! The keyed list of a timeline's lines. It inserts and removes only the lines that change and never touches
//! the others, so that a selection survives and nothing is laid out twice.
//!
//! Leptos' own keyed list removes and reinserts lines when several are inserted before them. Lines keep their
//! order, though, so one pass over the old and the new ones suffices.

use std::collections::VecDeque;

use leptos::{
    prelude::*,
    tachys::{
        html::attribute::{Attribute, any_attribute::AnyAttribute},
        hydration::Cursor,
        reactive_graph::OwnedView,
        renderer::{CastFrom as _, Rndr, types},
        view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr},
    },
};

use crate::row::Row;

/// The lines, one for each row.
pub(crate) struct Lines<D> {
    pub(crate) rows: Vec<Row>,
    /// Renders a line.
    pub(crate) draw: D,
    /// The parent of each line's own reactive owner, which is dropped with the line.
    pub(crate) owner: Owner,
}

impl<D, V> Lines<D>
where
    D: Fn(Row) -> V,
{
    fn views(self) -> impl Iterator<Item = (u64, OwnedView<V>)> {
        let Lines { rows, draw, owner } = self;
        rows.into_iter().map(move |row| (row.key, view(&owner, &draw, row)))
    }
}

fn view<V>(above: &Owner, draw: &impl Fn(Row) -> V, row: Row) -> OwnedView<V> {
    let owner = above.with(Owner::new);
    let view = owner.with(|| draw(row));
    OwnedView::new_with_owner(view, owner)
}

/// The mounted lines, each with its row's key.
pub(crate) struct Drawn<S> {
    parent: Option<types::Element>,
    lines: VecDeque<(u64, S)>,
    /// Stands after the last line.
    marker: types::Placeholder,
}

impl<D, V> Render for Lines<D>
where
    D: Fn(Row) -> V,
    V: Render,
{
    type State = Drawn<<OwnedView<V> as Render>::State>;

    fn build(self) -> Self::State {
        let lines = self.views().map(|(key, view)| (key, view.build())).collect();
        Drawn { parent: None, lines, marker: Rndr::create_placeholder() }
    }

    fn rebuild(self, state: &mut Self::State) {
        let Lines { rows, draw, owner } = self;
        let mut before = std::mem::take(&mut state.lines);
        before.retain_mut(|(key, line)| {
            let stays = rows.iter().any(|row| row.key == *key);
            if !stays {
                line.unmount();
            }
            stays
        });
        for row in rows {
            let key = row.key;
            let place = before.iter().position(|(held, _)| *held == key);
            let mut line = match place.and_then(|place| before.remove(place)) {
                Some((_, line)) if place == Some(0) => {
                    state.lines.push_back((key, line));
                    continue;
                }
                // Out of order, as a pending message can be.
                Some((_, line)) => line,
                None => view(&owner, &draw, row).build(),
            };
            if let Some(parent) = &state.parent {
                let marker = Some(state.marker.as_ref());
                match before.front() {
                    Some((_, next)) => next.insert_before_this_or_marker(parent, &mut line, marker),
                    None => line.mount(parent, marker),
                }
            }
            state.lines.push_back((key, line));
        }
    }
}

impl<D, V> RenderHtml for Lines<D>
where
    D: Fn(Row) -> V + Send + 'static,
    V: RenderHtml + 'static,
{
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
        for (_, view) in self.views() {
            view.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs.clone());
            *position = Position::NextChild;
        }
        buf.push_str("<!>");
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        let current = cursor.current();
        let parent =
            if position.get() == Position::FirstChild { Some(current) } else { Rndr::get_parent(&current) };
        let lines = self.views().map(|(key, view)| (key, view.hydrate::<FROM_SERVER>(cursor, position)));
        let lines = lines.collect();
        let marker = cursor.next_placeholder(position);
        position.set(Position::NextChild);
        Drawn { parent: parent.and_then(types::Element::cast_from), lines, marker }
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// Lines accept no attributes from outside.
impl<D, V> AddAnyAttr for Lines<D>
where
    D: Fn(Row) -> V + Send + 'static,
    V: RenderHtml + 'static,
{
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _attr: A) -> Self::Output<A> {
        self
    }
}

impl<S: Mountable> Mountable for Drawn<S> {
    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        self.parent = Some(parent.clone());
        for (_, line) in &mut self.lines {
            line.mount(parent, marker);
        }
        self.marker.mount(parent, marker);
    }

    fn unmount(&mut self) {
        for (_, line) in &mut self.lines {
            line.unmount();
        }
        self.marker.unmount();
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.lines.front() {
            Some((_, line)) => line.insert_before_this(child),
            None => self.marker.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<types::Element> {
        self.lines.iter().flat_map(|(_, line)| line.elements()).collect()
    }
}
