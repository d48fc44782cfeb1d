//! `typing`: shows others that the user is typing.

use crate::realtime::session::conversation::Conversation;

impl Conversation {
    pub(in super::super) async fn typing(&mut self, room: &str) {
        if let Some(room) = self.joined(room, None) {
            self.state.rooms.typing(&room, self.id).await;
        }
    }
}
