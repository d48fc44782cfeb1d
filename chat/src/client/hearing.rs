//! Handles the server's lines: each kind goes to the part of the client that it concerns.

use super::{Client, Effect, Now, open_room::Advance, outbox::Delivery, patience, server_clock::ServerClock};
use crate::{
    id::ClientId,
    protocol::{ClientLine, Event, Joined, RefusalCode, Refused, ServerLine},
    room_name::RoomName,
};

impl Client {
    /// Handles one line from the server. Ignores a line that does not parse: if it was an event, the next one
    /// reveals the gap.
    pub(super) fn take(&mut self, line: &str, now: Now, effects: &mut Vec<Effect>) {
        let Ok(line) = ServerLine::parse(line) else { return };
        match line {
            ServerLine::Welcome(welcome) if welcome.user.id != self.me.id => self.end_as_other_user(effects),
            ServerLine::Welcome(welcome) => {
                self.connection.welcomed(welcome.heartbeat_ms);
                self.text_limit = welcome.text_limit;
                if let Some(at) = welcome.at {
                    self.server_clock = ServerClock::at(at);
                }
                self.me = welcome.user;
            }
            ServerLine::Joined(joined) => self.joined(joined, now, effects),
            ServerLine::Message(message) => {
                let mine = message.user.id == self.me.id;
                let confirmed = mine.then(|| self.outbox.confirm(&message.room, &message.id)).flatten();
                let seen = mine || (self.visible && message.room == self.active);
                let room = message.room.clone();
                if let Some(open) = self.room_mut(&room)
                    && open.message(message, seen) == Advance::Behind
                {
                    self.rejoin(&room, effects);
                }
                // A queued message was not sent again from here: another tab has sent it.
                if let Some(pending) = confirmed
                    && pending.state == Delivery::Queued
                {
                    self.lift(&pending, effects);
                }
            }
            ServerLine::Presence(presence) => {
                let me = self.me.clone();
                if let Some(room) = self.room_mut(&presence.room) {
                    room.presence(presence, &me, now);
                }
            }
            ServerLine::Members { room, members } => {
                let me = self.me.clone();
                if let Some(room) = self.room_mut(&room) {
                    room.meet(members, &me);
                }
            }
            ServerLine::Typing { room, user } => {
                if user.id != self.me.id
                    && let Some(room) = self.room_mut(&room)
                {
                    room.typing(user, now.ticks);
                }
            }
            ServerLine::StreamingAnswer(growing) => {
                if let Some(room) = self.room_mut(&growing.room.clone()) {
                    room.grow(growing, now.ticks);
                }
            }
            ServerLine::Ping { heads } => {
                self.transmit(&[ClientLine::Pong {}], effects);
                for head in heads {
                    if self.room_mut(&head.room).is_some_and(|room| room.is_behind(&head)) {
                        self.rejoin(&head.room, effects);
                    }
                }
            }
            ServerLine::Refused(refused) => self.refused(refused, now, effects),
            ServerLine::Renamed { room, name } => self.rename(&room, &name, now, effects),
            ServerLine::Store { available } => {
                if self.connection.store(available) && available {
                    let soon = patience::soon(now);
                    self.outbox.hasten(soon);
                    self.rooms.iter_mut().for_each(|room| room.hasten(soon));
                }
            }
            ServerLine::Drain { retry_ms } => self.connection.drain(now.ticks + retry_ms),
            ServerLine::Unknown(unknown) => {
                if let (Some(name), Some(seq)) = (unknown.ghost.room, unknown.ghost.seq)
                    && let Some(room) = self.room_mut(&name)
                    && room.ghost(seq) == Advance::Behind
                {
                    self.rejoin(&name, effects);
                }
            }
            ServerLine::Page(page) => {
                if let Some(room) = self.room_mut(&page.room.clone()) {
                    room.page(page);
                }
            }
        }
    }

    fn joined(&mut self, joined: Joined, now: Now, effects: &mut Vec<Effect>) {
        let name = joined.room.clone();
        for event in &joined.events {
            if let Event::Message(message) = event
                && message.user.id == self.me.id
            {
                self.outbox.confirm(&name, &message.id);
            }
        }
        self.outbox.lifted(&name);
        if !joined.resumed {
            self.outbox.unsend_to(&name);
        }
        let me = self.me.clone();
        let watched = self.visible && name == self.active;
        let Some(room) = self.room_mut(&name) else { return };
        room.join(joined, &me, now.ticks);
        if watched {
            room.seen();
        }
        self.flush(&name, now, effects);
    }

    fn refused(&mut self, refused: Refused, now: Now, effects: &mut Vec<Effect>) {
        let id = refused.id.as_deref().and_then(|id| ClientId::parse(id).ok());
        let room = refused.room.as_deref().and_then(|room| RoomName::from_canonical(room).ok());
        let again = refused.retry_ms.map(|ms| patience::until(ms, self.connection.has_store(), now));
        match &id {
            // It waits for the answer to the join that follows.
            Some(id) if refused.code == RefusalCode::NotJoined => self.outbox.unsend_one(id),
            Some(id) => {
                if let Some(me) = self.custody.me() {
                    self.outbox.refuse(id, &refused, me, again);
                }
            }
            None => {}
        }
        // A message discarded meanwhile will not be sent again, but the server would wait for it.
        let given_up = id.as_ref().is_some_and(|id| self.outbox.get(id).is_none());
        if given_up
            && refused.retry_ms.is_some()
            && refused.code != RefusalCode::OutOfOrder
            && let Some(name) = &room
        {
            self.rejoin(name, effects);
        }
        match (refused.code, room) {
            (RefusalCode::NotJoined, Some(name)) => {
                if id.is_none()
                    && let Some(room) = self.room_mut(&name)
                {
                    room.look_back_no_more();
                }
                self.rejoin(&name, effects);
            }
            (_, Some(name)) if id.is_none() => {
                if let Some(room) = self.room_mut(&name) {
                    room.refuse(refused, again);
                }
            }
            _ => {}
        }
    }
}
