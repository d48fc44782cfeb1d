//! Questions for tests.

use chat::{
    id::{ClientId, UserId},
    protocol::{Message, User},
    room_name::RoomName,
    time::Millis,
};

use super::question::Question;

/// An earlier message and its author.
#[derive(Clone, Copy)]
pub(crate) enum Earlier {
    Asker(&'static str),
    Bot(&'static str),
    Other(&'static str),
}

/// The time of the question.
const AT: u64 = 1_763_715_600_000;

/// Returns a question from 小明 to the bot 阿明 in the room `tea`, after these messages.
pub(crate) fn question(text: &str, said: &[Earlier]) -> Question {
    let room = RoomName::parse("tea").unwrap();
    let messages = said.iter().zip(1..).map(|(said, seq)| {
        let (user, text) = match *said {
            Earlier::Asker(text) => (user("9c41f07be2d85a3316f4", "小明"), text),
            Earlier::Bot(text) => (user("bot-7f3a", "阿明"), text),
            Earlier::Other(text) => (user("27d80e6ab5c1f493d02e", "小红"), text),
        };
        let id = ClientId::parse(&format!("m{seq}")).unwrap();
        Message {
            room: room.clone(),
            seq,
            id,
            user,
            text: text.into(),
            at: Millis(AT + 1_000 * seq - 60_000),
        }
    });
    Question {
        asker: user("9c41f07be2d85a3316f4", "小明"),
        bot: user("bot-7f3a", "阿明"),
        id: ClientId::parse("answer-1f0c").unwrap(),
        text: text.to_owned(),
        context: messages.collect(),
        at: Millis(AT),
        reply_url: None,
        room,
    }
}

fn user(id: &str, name: &str) -> User {
    User { id: UserId::parse(id).unwrap(), name: name.into() }
}
