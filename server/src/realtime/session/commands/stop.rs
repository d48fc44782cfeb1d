//! `stop`: ends a bot's streaming answer to this user.

use chat::{id::ClientId, protocol::RefusalCode};

use crate::{bots::running::Stopped, realtime::session::conversation::Conversation};

impl Conversation {
    pub(in super::super) fn stop(&mut self, room: &str, id: &str) {
        let Some(name) = self.joined(room, Some(id)) else { return };
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, Some(id.to_owned()), Some(room.to_owned()));
        };
        let answer = match ClientId::parse(id) {
            Ok(answer) => answer,
            Err(error) => return refuse(self, RefusalCode::IdUnfit, error.to_string()),
        };
        match self.state.bots.stop(&name, &answer, &self.me.id) {
            Stopped::Ends => {}
            Stopped::NotTheirs => {
                let reason = "only who asked ends an answer".to_owned();
                refuse(self, RefusalCode::Forbidden, reason);
            }
            Stopped::NotHere => self.state.cluster.stop(&name, &answer, &self.me.id),
        }
    }
}
