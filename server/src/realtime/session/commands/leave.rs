//! `leave`: leaves a room.

use crate::realtime::session::conversation::Conversation;

impl Conversation {
    pub(in super::super) async fn leave(&mut self, room: &str) {
        if let Some(room) = self.joined(room, None) {
            self.rooms.remove(&room);
            self.sending.lift(&room);
            self.state.rooms.leave(&room, self.id).await;
        }
    }
}
