//! `send`: accepts a message, which the room publishes once it is stored.

use chat::{id::ClientId, protocol::RefusalCode, text::MessageText};

use crate::{
    budget::Cost,
    realtime::session::{conversation::Conversation, retry::retry_ms},
    service::publish::prepare,
};

impl Conversation {
    pub(in super::super) fn send(&mut self, id: &str, room: &str, text: &str) {
        let Some(name) = self.joined(room, Some(id)) else { return };
        let refuse = |session: &mut Self, code, reason: String| {
            session.refuse(code, reason, Some(id.to_owned()), Some(room.to_owned()));
        };
        let client_id = match ClientId::parse(id) {
            Ok(client_id) => client_id,
            Err(error) => return refuse(self, RefusalCode::IdUnfit, error.to_string()),
        };
        let text = match MessageText::parse(text, self.state.config.text_limit) {
            Ok(text) => text,
            Err(error) => return refuse(self, RefusalCode::from(error), error.to_string()),
        };
        let draft = match prepare(&self.me, &name, client_id, text.as_str()) {
            Ok(draft) => draft,
            Err(denial) => return refuse(self, RefusalCode::Forbidden, denial.to_string()),
        };
        // A message that waits for an earlier one is not stored, and costs nothing.
        let waits = self.sending.waits(&draft);
        let charged = if waits { Ok(()) } else { self.payer().charge(Cost::TextByte, text.bytes()) };
        let refused = match charged {
            Ok(()) => self.sending.take(draft),
            Err(exceeded) => {
                let (reason, retry_ms) = (exceeded.to_string(), retry_ms(&exceeded));
                Some(self.sending.put_off(&draft, RefusalCode::OverBudget, &reason, retry_ms))
            }
        };
        if let Some(refused) = refused {
            self.answer(refused);
        }
    }
}
