//! The NATS client protocol: <https://docs.nats.io/reference/reference-protocols/nats-protocol>. Over
//! WebSocket, NATS carries its bytes in binary frames that need not begin or end at a line boundary. A room
//! is a subject.

use memchr::memmem;

use super::protocol::{Entered, Guest, Heartbeat, Message, Speech, Step};

pub(crate) struct Nats;

const PING: &[u8] = b"PING\r\n";
const PONG: &[u8] = b"PONG\r\n";

impl Speech for Nats {
    fn path(&self) -> &'static str {
        "/"
    }

    fn is_binary(&self) -> bool {
        true
    }

    fn open(&self, _: &Guest) -> Step {
        Step::WAIT
    }

    fn answer(&self, guest: &Guest, heard: &[u8]) -> Step {
        if heard.starts_with(b"INFO ") {
            // With `echo`, the sender receives its own messages too. The server answers the ping after it has
            // processed the subscription before it.
            Step::say(format!(
                "CONNECT {{\"verbose\":false,\"pedantic\":false,\"echo\":true}}\r\nSUB {} 1\r\nPING\r\n",
                guest.room
            ))
        } else if memmem::find(heard, PONG).is_some() {
            // A ping from the server in the same read is answered like all later ones.
            Step::enter(Entered::default())
        } else if memmem::find(heard, PING).is_some() {
            Step::say(PONG)
        } else {
            Step::WAIT
        }
    }

    fn say(&self, message: &Message, out: &mut Vec<u8>) {
        let mut told = Vec::new();
        message.told(&mut told);
        out.extend_from_slice(format!("PUB {} {}\r\n", message.room, told.len()).as_bytes());
        out.append(&mut told);
        out.extend_from_slice(b"\r\n");
    }

    fn heartbeat(&self) -> Option<Heartbeat> {
        Some(Heartbeat { call: PING, answer: PONG })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_in_when_its_subscription_is_answered() {
        let answer = |heard: &[u8]| Nats.answer(&Guest { room: "tea", held: None }, heard);
        let step = answer(b"INFO {\"server_id\":\"N\",\"max_payload\":1048576}\r\n");
        let said = String::from_utf8(step.say).unwrap();
        assert!(said.starts_with("CONNECT {") && said.ends_with("\r\nSUB tea 1\r\nPING\r\n"), "{said}");
        assert_eq!(answer(PING).say, PONG);
        assert_eq!(answer(b"-ERR 'Authorization Violation'\r\n").entered, None);
        let step = answer(b"PONG\r\nPING\r\n");
        assert!(step.say.is_empty() && step.entered.is_some());
    }

    #[test]
    fn a_message_says_how_long_it_is() {
        let mut bytes = Vec::new();
        Nats.say(&Message { room: "tea", id: "m-1", text: b"hot" }, &mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n").unwrap();
        assert_eq!(head, format!("PUB tea {}", body.len() - 2));
        assert!(body.ends_with("}\r\n"), "{body}");
    }
}
