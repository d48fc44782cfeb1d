//! Questions as tests ask them.

use chat::{
    id::{ClientId, UserId},
    protocol::{Message, User},
    room_name::RoomName,
    time::Millis,
};

use super::question::Question;

/// Who said what before.
#[derive(Clone, Copy)]
pub(crate) enum Said {
    Asker(&'static str),
    Bot(&'static str),
    Other(&'static str),
}

/// 小明 asks 阿明, a bot, in the room `tea`, after all that was said there.
pub(crate) fn question(text: &str, said: &[Said]) -> Question {
    let room = RoomName::parse("tea").unwrap();
    let messages = said.iter().zip(1..).map(|(said, seq)| {
        let (user, text) = match *said {
            Said::Asker(text) => (user("u1", "小明"), text),
            Said::Bot(text) => (user("bot-1", "阿明"), text),
            Said::Other(text) => (user("u2", "小红"), text),
        };
        let id = ClientId::parse(&format!("m{seq}")).unwrap();
        Message { room: room.clone(), seq, id, user, text: text.into(), at: Millis(1_000 * seq) }
    });
    Question {
        asker: user("u1", "小明"),
        bot: user("bot-1", "阿明"),
        id: ClientId::parse("a1").unwrap(),
        text: text.to_owned(),
        context: messages.collect(),
        at: Millis(1_763_715_600_000),
        reply_url: None,
        room,
    }
}

fn user(id: &str, name: &str) -> User {
    User { id: UserId::parse(id).unwrap(), name: name.into() }
}
