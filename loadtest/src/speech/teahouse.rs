//! `teahouse.v1`, as specified in docs/protocol.md. The floor implements the part of it that this module
//! uses.

use memchr::memmem;
use serde::Deserialize;

use super::protocol::{Entered, Guest, Heartbeat, Message, Speech, Step};

pub(crate) struct Teahouse {
    pub(crate) login: bool,
}

impl Speech for Teahouse {
    fn path(&self) -> &'static str {
        "/ws"
    }

    fn subprotocol(&self) -> Option<&str> {
        Some("teahouse.v1")
    }

    fn has_login(&self) -> bool {
        self.login
    }

    fn open(&self, guest: &Guest) -> Step {
        let room = guest.room;
        let position = guest
            .held
            .map_or_else(String::new, |held| format!(r#","epoch":"{}","seq":{}"#, held.epoch, held.seq));
        Step::say(format!(r#"{{"hello":{{"rooms":[{{"room":"{room}"{position}}}]}}}}"#))
    }

    fn answer(&self, _: &Guest, heard: &[u8]) -> Step {
        heard
            .split(|&byte| byte == b'\n')
            .filter(|line| line.starts_with(br#"{"joined":"#))
            .find_map(|line| serde_json::from_slice::<Line>(line).ok())
            .map_or(Step::WAIT, |Line { joined: Joined { epoch, head, resumed } }| {
                Step::enter(Entered { epoch, head, resumed })
            })
    }

    fn say(&self, message: &Message, out: &mut Vec<u8>) {
        for piece in [
            br#"{"send":{"id":""#.as_slice(),
            message.id.as_bytes(),
            br#"","room":""#,
            message.room.as_bytes(),
            br#"","text":""#,
            message.text,
            br#""}}"#,
        ] {
            out.extend_from_slice(piece);
        }
    }

    fn heartbeat(&self) -> Option<Heartbeat> {
        Some(Heartbeat { call: br#"{"ping":{"#, answer: br#"{"pong":{}}"# })
    }

    fn drain(&self, heard: &[u8]) -> Option<u64> {
        const CALL: &[u8] = br#"{"drain":{"retry_ms":"#;
        let number = &heard[memmem::find(heard, CALL)? + CALL.len()..];
        let end = number.iter().position(|byte| !byte.is_ascii_digit())?;
        str::from_utf8(&number[..end]).ok()?.parse().ok()
    }
}

#[derive(Deserialize)]
struct Line {
    joined: Joined,
}

#[derive(Deserialize)]
struct Joined {
    epoch: String,
    head: u64,
    resumed: bool,
}

#[cfg(test)]
mod tests {
    use super::super::Held;
    use super::*;

    const SPEECH: Teahouse = Teahouse { login: true };

    #[test]
    fn a_newcomer_says_hello_and_a_returning_one_how_far_it_is() {
        let hello = |held| SPEECH.open(&Guest { room: "tea", held }).say;
        assert_eq!(hello(None), br#"{"hello":{"rooms":[{"room":"tea"}]}}"#);
        assert_eq!(
            hello(Some(Held { epoch: "e", seq: 7 })),
            br#"{"hello":{"rooms":[{"room":"tea","epoch":"e","seq":7}]}}"#
        );
    }

    #[test]
    fn joined_lets_in_wherever_it_stands_in_the_frame() {
        let heard = concat!(
            r#"{"welcome":{"heartbeat_ms":25000}}"#,
            "\n",
            r#"{"joined":{"room":"tea","epoch":"e","head":9,"oldest":1,"resumed":true,"events":[]}}"#
        );
        let guest = Guest { room: "tea", held: None };
        let entered = SPEECH.answer(&guest, heard.as_bytes()).entered;
        assert_eq!(entered, Some(Entered { epoch: "e".into(), head: 9, resumed: true }));
        assert_eq!(SPEECH.answer(&guest, br#"{"welcome":{}}"#).entered, None);
    }

    #[test]
    fn a_drain_says_when_to_come_back() {
        assert_eq!(SPEECH.drain(b"\x81\x1e{\"drain\":{\"retry_ms\":3120}}\x88"), Some(3120));
        assert_eq!(SPEECH.drain(br#"{"ping":{"heads":[]}}"#), None);
    }

    #[test]
    fn a_message_is_a_line_of_the_protocol() {
        let mut line = Vec::new();
        SPEECH.say(&Message { room: "tea", id: "m-1", text: b"hot" }, &mut line);
        assert_eq!(line, br#"{"send":{"id":"m-1","room":"tea","text":"hot"}}"#);
    }
}
