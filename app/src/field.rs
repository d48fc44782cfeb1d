//! A signal of any type that costs the browser's program as much as one of a single type: what is generic about Leptos'
//! own signals is compiled anew for each type that they hold, and the model holds a dozen.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use leptos::prelude::*;

type Erased = Box<dyn Any + Send + Sync>;

/// A value that views read and that tells them when it changes. A copy is the same field.
pub struct Field<T> {
    slot: StoredValue<Arc<Slot>>,
    holds: PhantomData<fn() -> T>,
}

struct Slot {
    changed: ArcTrigger,
    value: RwLock<Erased>,
}

impl<T: Send + Sync + 'static> Field<T> {
    /// A field that holds this.
    pub fn new(value: T) -> Field<T> {
        Field { slot: slot(Box::new(value)), holds: PhantomData }
    }

    /// Looks at the value; whatever is drawn from it is drawn again when it changes.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let slot = self.slot.get_value();
        slot.changed.track();
        slot.look(look)
    }

    /// Whatever is being drawn is drawn again when the value changes.
    pub fn track(&self) {
        self.slot.get_value().changed.track();
    }

    /// Looks at the value as it is now.
    pub fn with_untracked<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.slot.get_value().look(look)
    }

    /// Puts another value in its place, and tells.
    pub fn set(&self, value: T) {
        put(self.slot, Box::new(value));
    }

    /// Changes the value in its place, and tells.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        let slot = self.slot.get_value();
        slot.change(change);
        slot.changed.notify();
    }
}

impl<T: Clone + Send + Sync + 'static> Field<T> {
    /// A copy of the value; whatever is drawn from it is drawn again when it changes.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value as it is now.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T: PartialEq + Send + Sync + 'static> Field<T> {
    /// Puts another value in its place, and tells; a value that is the same changes nothing.
    pub fn show(&self, value: T) {
        if self.with_untracked(|held| *held != value) {
            self.set(value);
        }
    }
}

impl Slot {
    fn look<T: 'static, R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let value = self.read();
        let Some(value) = value.downcast_ref() else { of_another_type() };
        look(value)
    }

    fn change<T: 'static>(&self, change: impl FnOnce(&mut T)) {
        let mut value = self.value.write().unwrap_or_else(PoisonError::into_inner);
        let Some(value) = value.downcast_mut() else { of_another_type() };
        change(value);
    }

    #[inline(never)]
    fn read(&self) -> RwLockReadGuard<'_, Erased> {
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cold]
fn of_another_type() -> ! {
    unreachable!("a field holds values of its type only")
}

fn slot(value: Erased) -> StoredValue<Arc<Slot>> {
    StoredValue::new(Arc::new(Slot { changed: ArcTrigger::new(), value: RwLock::new(value) }))
}

fn put(slot: StoredValue<Arc<Slot>>, value: Erased) {
    let slot = slot.get_value();
    let before = {
        let mut held = slot.value.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *held, value)
    };
    // What a value takes with it when it goes may read other fields; no lock is held by now.
    drop(before);
    slot.changed.notify();
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Field<T> {
        *self
    }
}

impl<T> Copy for Field<T> {}
