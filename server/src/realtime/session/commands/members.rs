//! `members`: returns a page of a room's members.

use chat::protocol::ServerLine;

use crate::realtime::session::conversation::Conversation;

impl Conversation {
    pub(in super::super) async fn members(&mut self, room: String, after: Option<String>) {
        let Some(name) = self.joined(&room, None) else { return };
        // Later arrivals and departures are sent after it.
        self.outbound.hold();
        match self.state.service.members(&self.me, &name, after).await {
            Ok(members) => self.answer(ServerLine::Members { room: name, members }),
            Err(error) => self.refuse_read(room, &error),
        }
    }
}
