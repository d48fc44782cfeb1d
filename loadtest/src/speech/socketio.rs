//! socket.io, protocol 5 over Engine.IO 4: <https://socket.io/docs/v4/socket-io-protocol/>. Uses WebSocket
//! from the start, as the only transport, and the default namespace.

use super::protocol::{Entered, Guest, Heartbeat, Message, Speech, Step};

pub(crate) struct SocketIo;

impl Speech for SocketIo {
    fn path(&self) -> &'static str {
        "/socket.io/?EIO=4&transport=websocket"
    }

    fn has_rooms(&self) -> bool {
        false
    }

    fn open(&self, _: &Guest) -> Step {
        Step::WAIT
    }

    fn answer(&self, _: &Guest, heard: &[u8]) -> Step {
        match heard {
            // Engine.IO is open; socket.io next needs a connection to the namespace.
            [b'0', ..] => Step::say("40"),
            [b'4', b'0', ..] => Step::enter(Entered::default()),
            b"2" => Step::say("3"),
            _ => Step::WAIT,
        }
    }

    fn say(&self, message: &Message, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"42["say","#);
        message.told(out);
        out.push(b']');
    }

    /// A text frame of one digit. Its header occurs nowhere else, because all messages are ASCII.
    fn heartbeat(&self) -> Option<Heartbeat> {
        Some(Heartbeat { call: b"\x81\x012", answer: b"3" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_in_has_two_steps_and_a_ping_between_them_is_answered() {
        let answer = |heard: &[u8]| SocketIo.answer(&Guest { room: "tea", held: None }, heard);
        assert_eq!(answer(br#"0{"sid":"a","upgrades":[],"pingInterval":25000}"#).say, b"40");
        assert_eq!(answer(b"2").say, b"3");
        let step = answer(br#"40{"sid":"b"}"#);
        assert!(step.say.is_empty() && step.entered.is_some());
        // A refused guest is not in.
        assert_eq!(answer(br#"44{"message":"no"}"#).entered, None);
    }

    #[test]
    fn a_message_is_an_event_with_one_argument() {
        let mut packet = Vec::new();
        SocketIo.say(&Message { room: "tea", id: "m-1", text: b"hot" }, &mut packet);
        let event = packet.strip_prefix(b"42").unwrap();
        let event: serde_json::Value = serde_json::from_slice(event).unwrap();
        assert_eq!((event[0].as_str(), event[1]["text"].as_str()), (Some("say"), Some("hot")));
    }
}
