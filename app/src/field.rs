//! A type-erased signal. Leptos' generic signals are monomorphized for each type that they hold, and the
//! model holds a dozen; this one costs the WebAssembly binary as much as a signal of a single type.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use leptos::prelude::*;

type Erased = Box<dyn Any + Send + Sync>;

/// A reactive value that notifies the views that read it. Copies refer to the same field.
pub struct Field<T> {
    slot: StoredValue<Arc<Slot>>,
    holds: PhantomData<fn() -> T>,
}

struct Slot {
    changed: ArcTrigger,
    value: RwLock<Erased>,
}

impl<T: Send + Sync + 'static> Field<T> {
    /// Creates a field with an initial value.
    pub fn new(value: T) -> Field<T> {
        Field { slot: slot(Box::new(value)), holds: PhantomData }
    }

    /// Reads the value and subscribes the current reactive scope to changes.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let slot = self.slot.get_value();
        slot.changed.track();
        slot.look(look)
    }

    /// Subscribes the current reactive scope to changes.
    pub fn track(&self) {
        self.slot.get_value().changed.track();
    }

    /// Reads the value without subscribing.
    pub fn with_untracked<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.slot.get_value().look(look)
    }

    /// Replaces the value and notifies subscribers.
    pub fn set(&self, value: T) {
        put(self.slot, Box::new(value));
    }

    /// Modifies the value in place and notifies subscribers.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        let slot = self.slot.get_value();
        slot.change(change);
        slot.changed.notify();
    }
}

impl<T: Clone + Send + Sync + 'static> Field<T> {
    /// Returns a copy of the value and subscribes the current reactive scope to changes.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// Returns a copy of the value without subscribing.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T: PartialEq + Send + Sync + 'static> Field<T> {
    /// Replaces the value and notifies subscribers, unless it is equal.
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
    // Dropping the old value may read other fields; the lock is already released.
    drop(before);
    slot.changed.notify();
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Field<T> {
        *self
    }
}

impl<T> Copy for Field<T> {}
