//! `join`: enters a room, or reports its log's head again, from the client's position on.

use std::sync::Arc;

use chat::{
    protocol::{Joined, RefusalCode, RoomPosition, Seq, ServerLine},
    room_name::RoomName,
};
use transport::{frame::Frame, wire_format::WireFormat};

use crate::{
    realtime::session::{
        conversation::{Conversation, unreadable},
        retry::{FULL_RETRY_MS, retry_ms},
    },
    rooms::room_limit::NoRoom,
    service::{
        authorize::{Action, authorize},
        read::ReadError,
        subscribe::{Membership, Subscribed, Subscriber},
    },
    store::{StoreError, spelling},
};

impl Conversation {
    pub(in super::super) async fn join(&mut self, place: RoomPosition, backlog: u32) {
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, None, Some(place.room.clone()));
        };
        let Ok(room) = RoomName::parse(&place.room) else { return self.tell_name(place.room).await };
        if let Err(denial) = authorize(&self.me, Action::Read, &room) {
            return refuse(self, RefusalCode::Forbidden, denial.to_string());
        }
        if !self.rooms.contains(&room)
            && let Some(name) = self.state.service.look_alike(&room).await
        {
            return self.answer(ServerLine::Renamed { room: place.room, name });
        }
        let limit = self.state.config.room_limit;
        if limit > 0 && self.rooms.len() >= limit && !self.rooms.contains(&room) {
            return refuse(
                self,
                RefusalCode::TooManyRooms,
                format!("a connection is in at most {limit} rooms"),
            );
        }
        match self.state.service.admit(&room, Some(self.payer())).await {
            Ok(()) => {}
            Err(NoRoom::TooMany(_)) => {
                let reason = "there are as many rooms as there may be".to_owned();
                return self.put_off(place.room, RefusalCode::ServerFull, reason, FULL_RETRY_MS);
            }
            Err(NoRoom::Exceeded(exceeded)) => {
                let (reason, retry_ms) = (exceeded.to_string(), retry_ms(&exceeded));
                return self.put_off(place.room, RefusalCode::OverBudget, reason, retry_ms);
            }
            Err(NoRoom::Store(error)) => {
                tracing::warn!(%error, %room, "failed to look for a room");
                return self.refuse_reading(place.room);
            }
        }
        self.sending.lift(&room);
        self.outbound.hold();
        // From the moment of entering, the room's events wait in the queue, which is sent after this answer:
        // nothing is missed, and nothing overtakes the answer.
        match self.subscribe(&room, &place, backlog).await {
            Ok(Subscribed { joined, head }) => {
                self.rooms.insert(room.clone());
                self.tell_joined(room, joined, head.seq, backlog).await;
            }
            Err(error) => {
                // A client that joins while the server shuts down reconnects to the next one.
                if !matches!(error, ReadError::Store(StoreError::Closed)) {
                    tracing::warn!(%error, %room, "failed to join a room");
                }
                self.rooms.remove(&room);
                self.refuse_entry(&room, place.room.clone()).await;
            }
        }
    }

    /// Enters the room in the URL of a client of the plain-text protocol.
    pub(in super::super) async fn enter_plain(&mut self) {
        self.greeted = true;
        if let WireFormat::PlainText(plain) = self.format.clone() {
            let place = RoomPosition { room: plain.room.to_string(), epoch: None, seq: None };
            self.join(place, plain.backlog).await;
        }
    }

    async fn subscribe(
        &mut self,
        room: &RoomName,
        place: &RoomPosition,
        backlog: u32,
    ) -> Result<Subscribed, ReadError> {
        let (user, session, outbound) = (&self.me, self.id, &self.outbound);
        let subscriber = Subscriber { user, session, membership: Membership::Member, outbound };
        self.state.service.subscribe(&subscriber, room, place, backlog).await
    }

    /// Sends the canonical name of a room requested by another spelling; pages and other clients go there. A
    /// room that once had this very spelling takes precedence.
    async fn tell_name(&mut self, room: String) {
        match spelling::meant(&self.state.store, &room).await {
            Ok(Ok(name)) => self.answer(ServerLine::Renamed { room, name }),
            Ok(Err(error)) => self.refuse(RefusalCode::RoomUnfit, error.to_string(), None, Some(room)),
            Err(error) => {
                tracing::warn!(%error, "failed to look up a room by an earlier spelling");
                self.refuse_reading(room);
            }
        }
    }

    /// Sends `joined` with the messages up to the moment of entering: those beyond one answer follow in
    /// parts, each sent once the client has read the previous one.
    async fn tell_joined(&mut self, room: RoomName, joined: Joined, upto: Seq, backlog: u32) {
        self.spend_on(joined.events.iter());
        let (epoch, mut told) = (joined.epoch.clone(), joined.head);
        let mut lines = vec![ServerLine::Joined(joined)];
        while told < upto {
            self.outbound.answer_and_hold(lines);
            if !self.is_read().await {
                return;
            }
            match self.state.service.rest(&self.me, (&room, &epoch), (told, upto)).await {
                Ok(Some(messages)) => {
                    told = messages.last().map_or(upto, |message| message.seq);
                    lines = messages.into_iter().map(ServerLine::Message).collect();
                }
                // The rest is not retained any more: send the newest page instead.
                Ok(None) => {
                    let place = RoomPosition { room: room.to_string(), epoch: None, seq: None };
                    return Box::pin(self.join(place, backlog)).await;
                }
                Err(error) => {
                    tracing::warn!(%error, %room, "failed to join a room");
                    self.rooms.remove(&room);
                    return self.refuse_entry(&room, room.to_string()).await;
                }
            }
        }
        self.outbound.answer_and_hold(lines);
        self.outbound.answer(None);
    }

    /// Refuses a room that was entered. The room may have started a new epoch meanwhile and sent this session
    /// a `joined`, which the client would take for the answer: the refusal therefore follows everything the
    /// room has sent.
    async fn refuse_entry(&mut self, room: &RoomName, place: String) {
        self.state.rooms.lose(room, self.id).await;
        if let Err(error) = self.state.rooms.heard(room).await {
            tracing::trace!(%error, %room, "a room that is not open says nothing");
        }
        let refusal = Arc::new(Frame::of(unreadable(place)));
        if self.outbound.push(&refusal).is_err() {
            tracing::trace!(%room, "a connection ended before it was refused a room");
        }
        self.outbound.answer(None);
    }
}
