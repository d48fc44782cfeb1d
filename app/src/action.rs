//! The actions that views trigger. Views only call [`Actions`]; the side that performs them is injected.

use std::sync::Arc;

use chat::{client::timeline::Hole, id::ClientId, room_name::RoomName};
use i18n::Language;
use leptos::prelude::*;

use crate::row::Reading;

/// A user action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this text to the active room.
    Send(String),
    /// Send a refused message again.
    Retry(ClientId),
    /// Drop a message that is not acknowledged yet.
    Discard(ClientId),
    /// Switch to a room.
    Visit(RoomName),
    /// Leave a room.
    Leave(RoomName),
    /// Move to a position in the history, or back to the newest lines.
    Look(Option<Reading>),
    /// Request the history before the first line.
    Earlier,
    /// Request some of the missing messages of this hole.
    Fill(Hole),
    /// Show another page of the members of a crowded room.
    Members,
    /// Stop a streaming answer.
    Stop(ClientId),
    /// Store this unsent text as the draft of the active room.
    Write(String),
    /// Reconnect now instead of waiting.
    ConnectNow,
    /// Log out; the browser is already submitting the form.
    LogOut,
    /// Switch the user interface to this language.
    SetLanguage(Language),
}

/// Performs actions. On the server it does nothing.
#[derive(Clone)]
pub struct Actions(Arc<dyn Fn(Action) + Send + Sync>);

impl Actions {
    /// Wraps the function that performs the actions.
    pub fn new(perform: impl Fn(Action) + Send + Sync + 'static) -> Actions {
        Actions(Arc::new(perform))
    }

    /// Ignores every action.
    pub fn none() -> Actions {
        Actions::new(|_| {})
    }

    /// Performs one action.
    pub fn perform(&self, action: Action) {
        (self.0)(action);
    }
}

/// Returns the injected actions.
pub fn use_actions() -> Actions {
    expect_context()
}
