//! `hello`: begins the conversation, says who the client is, and enters the rooms that it names.

use std::{collections::BTreeSet, sync::Arc};

use chat::{
    close::CloseCode,
    id::{ClientId, UserId},
    protocol::{RefusalCode, RoomPosition, ServerLine, Welcome},
    room_name::RoomName,
};
use transport::outbound::Outbound;

use crate::{
    budget::Cost, clock, identity::nicknames::Standing, realtime::session::conversation::Conversation,
};

impl Conversation {
    pub(in super::super) async fn hello(&mut self, mut rooms: Vec<RoomPosition>, client: Option<String>) {
        self.greeted = true;
        let Some(superseded) = self.introduce(client) else { return };
        self.answer(ServerLine::Welcome(Welcome {
            user: self.me.clone(),
            heartbeat_ms: self.state.config.heartbeat.millis(),
            text_limit: self.state.config.text_limit,
            at: Some(clock::now()),
        }));
        if !self.state.is_available() {
            self.answer(ServerLine::Store { available: false });
        }
        if rooms.is_empty() {
            rooms.push(RoomPosition { room: RoomName::lobby().to_string(), epoch: None, seq: None });
        }
        let mut named = BTreeSet::new();
        rooms.retain(|place| named.insert(place.room.clone()));
        for place in rooms {
            if !self.is_read().await {
                return;
            }
            self.spend(Cost::Line, 1);
            self.join(place, self.state.config.backlog).await;
        }
        // Only now that their user is there by this connection too: so nobody hears them leave.
        for superseded in superseded {
            superseded.cut_off(CloseCode::Replaced);
        }
    }

    /// The client names itself, or does not. The connections of its that this one replaces; none if this one is itself
    /// replaced by a newer one.
    fn introduce(&mut self, client: Option<String>) -> Option<Vec<Arc<Outbound>>> {
        let Some(client) = client else { return Some(Vec::new()) };
        match ClientId::parse(&client) {
            Ok(client) => match self.state.nicknames.introduce(&self.me.id, self.id, client) {
                Standing::Newest(superseded) => Some(superseded),
                Standing::Superseded => {
                    self.outbound.cut_off(CloseCode::Replaced);
                    None
                }
            },
            Err(error) => {
                let reason = format!("`client` names no client: {error}");
                self.refuse(RefusalCode::IdUnfit, reason, None, None);
                Some(Vec::new())
            }
        }
    }

    /// Refuses a client of another user than the login's: a page that somebody else's login has overtaken in its browser.
    /// What it has sent behind its `hello` is not this user's.
    pub(in super::super) fn check_user(&mut self, user: Option<&str>) -> Result<(), CloseCode> {
        if user.is_none_or(|user| UserId::parse(user).is_ok_and(|user| user == self.me.id)) {
            return Ok(());
        }
        let reason = "the login is another user's than this client's".to_owned();
        self.refuse(RefusalCode::OtherUser, reason, None, None);
        Err(CloseCode::OtherUser)
    }
}
