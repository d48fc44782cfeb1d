//! `hello`: starts the conversation, identifies the client, and enters the given rooms.

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
        // Only after this connection is in the user's rooms, so that nobody sees the user leave.
        for superseded in superseded {
            superseded.cut_off(CloseCode::Replaced);
        }
    }

    /// Records the client's id, if it sent one. Returns the client's connections that this one replaces;
    /// `None` if a newer one replaces this one.
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

    /// Refuses a client of another user than the login's: another login in the same browser has replaced that
    /// of the page. The frames that follow its `hello` do not count as this user's.
    pub(in super::super) fn check_user(&mut self, user: Option<&str>) -> Result<(), CloseCode> {
        if user.is_none_or(|user| UserId::parse(user).is_ok_and(|user| user == self.me.id)) {
            return Ok(());
        }
        let reason = "the login is another user's than this client's".to_owned();
        self.refuse(RefusalCode::OtherUser, reason, None, None);
        Err(CloseCode::OtherUser)
    }
}
