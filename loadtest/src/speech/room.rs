//! A plain WebSocket room as in tutorials: every connection is a member, and each text frame goes out to all
//! of them unchanged.

use super::protocol::{Entered, Guest, Message, Speech, Step};

pub(crate) struct Room;

impl Speech for Room {
    fn path(&self) -> &'static str {
        "/room"
    }

    fn has_rooms(&self) -> bool {
        false
    }

    /// Enters at once without sending anything: a single-threaded server registers a guest before it reads
    /// the next message from others.
    fn open(&self, _: &Guest) -> Step {
        Step::enter(Entered::default())
    }

    fn answer(&self, _: &Guest, _: &[u8]) -> Step {
        Step::WAIT
    }

    fn say(&self, message: &Message, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"message":"#);
        message.told(out);
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_fields_of_teahouses() {
        let mut line = Vec::new();
        Room.say(&Message { room: "tea", id: "m-1", text: b"hot" }, &mut line);
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let user = serde_json::json!({ "id": "9b1deb4d3b7d4bad9bdd", "name": "t00000000000" });
        let fields = serde_json::json!({
            "room": "tea", "seq": 100_000, "id": "m-1", "user": user, "text": "hot", "at": 1_700_000_000_000_u64
        });
        assert_eq!(line, serde_json::json!({ "message": fields }));
    }

    #[test]
    fn whoever_is_connected_is_in() {
        let step = Room.open(&Guest { room: "tea", held: None });
        assert!(step.say.is_empty() && step.entered == Some(Entered::default()));
    }
}
