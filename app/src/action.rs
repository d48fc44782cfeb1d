//! What a person can do in the views. The views call it; who performs it is injected.

use std::sync::Arc;

use chat::{client::timeline::Hole, id::ClientId, room_name::RoomName};
use i18n::Language;
use leptos::prelude::*;

use crate::row::Reading;

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Say this in the room that is looked at.
    Say(String),
    /// Send a refused message again.
    Retry(ClientId),
    /// Forget a message that is not confirmed.
    Discard(ClientId),
    /// Look at a room.
    Visit(RoomName),
    /// Leave a room.
    Leave(RoomName),
    /// Read what was said before, or the newest lines.
    Look(Option<Reading>),
    /// Ask for what was said before the first line.
    Earlier,
    /// Ask for some of what is missing here.
    Fill(Hole),
    /// Show others of the crowd that is here than are shown.
    Members,
    /// End an answer that grows.
    Stop(ClientId),
    /// This is written in the room that is looked at, and not sent yet.
    Write(String),
    /// Connect now rather than wait.
    ConnectNow,
    /// Log out; the form that does it is on its way.
    LogOut,
    /// Read Teahouse in this language from now on.
    Speak(Language),
}

/// Performs actions. On the server, where nobody acts, it performs none.
#[derive(Clone)]
pub struct Actions(Arc<dyn Fn(Action) + Send + Sync>);

impl Actions {
    /// Performs them with this.
    pub fn new(perform: impl Fn(Action) + Send + Sync + 'static) -> Actions {
        Actions(Arc::new(perform))
    }

    /// Performs none.
    pub fn none() -> Actions {
        Actions::new(|_| {})
    }

    /// Performs one.
    pub fn perform(&self, action: Action) {
        (self.0)(action);
    }
}

/// The actions that were injected.
pub fn use_actions() -> Actions {
    expect_context()
}
