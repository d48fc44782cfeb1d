//! What nodes tell each other, as bytes: a letter for its kind, and fields in lines. Nothing that people type has a line
//! break in it here; a message, which may, is the store's and comes last.

use chat::{
    id::{ClientId, NodeId, UserId},
    protocol::User,
    room::Seat,
};

use super::key::Keys;
use crate::{neighbours::Word, store::News};

/// Whether a word is this node's own; what was committed is nobody's.
pub(super) fn is_from(payload: &[u8], node: &NodeId) -> bool {
    if payload.first() == Some(&b'm') {
        return false;
    }
    let Ok(text) = std::str::from_utf8(payload) else { return false };
    text.get(1..).and_then(|rest| rest.split('\n').next()) == Some(node.as_str())
}

/// A user's seat in a room.
pub(super) fn seat(node: &NodeId, user: &User, seat: Seat) -> String {
    let letter = match seat {
        Seat::Taken => 'T',
        Seat::Lost => 'L',
        Seat::Left => '-',
    };
    format!("s{node}\n{letter}\n{}\n{}", user.id, user.name)
}

/// A user writes.
pub(super) fn typing(node: &NodeId, user: &User) -> String {
    format!("t{node}\n{}\n{}", user.id, user.name)
}

/// A user's client has a newer connection here.
pub(super) fn introduced(node: &NodeId, user: &UserId, client: &ClientId) -> String {
    format!("i{node}\n{user}\n{client}")
}

/// A user has logged out.
pub(super) fn logged_out(node: &NodeId, user: &UserId) -> String {
    format!("o{node}\n{user}")
}

/// What was told on a channel; nothing, if it is not understood.
pub(super) fn read(keys: &Keys, channel: &str, payload: &[u8]) -> Option<News> {
    let room = keys.room_of_news(channel);
    if let (Some(room), Some(b'm')) = (&room, payload.first()) {
        let (epoch, message) = super::entry::read_news(room, payload)?;
        return Some(News::Committed(epoch, message));
    }
    let text = std::str::from_utf8(payload).ok()?;
    let mut fields = text.get(1..)?.split('\n');
    let mut field = || fields.next();
    let kind = payload.first()?;
    let node = NodeId::parse(field()?).ok()?;
    Some(News::Elsewhere(match (kind, room) {
        (b's', Some(room)) => {
            let seat = match field()? {
                "T" => Seat::Taken,
                "L" => Seat::Lost,
                "-" => Seat::Left,
                _ => return None,
            };
            Word::Seat(room, node, user(field()?, field()?)?, seat)
        }
        (b't', Some(room)) => Word::Typing(room, user(field()?, field()?)?),
        (b'i', None) => Word::Introduced(UserId::parse(field()?).ok()?, ClientId::parse(field()?).ok()?),
        (b'o', None) => Word::LoggedOut(UserId::parse(field()?).ok()?),
        _ => return None,
    }))
}

fn user(id: &str, name: &str) -> Option<User> {
    Some(User { id: UserId::parse(id).ok()?, name: name.into() })
}

/// The name of a seat in a room's roster, and what it says.
pub(super) fn roster_entry(node: &NodeId, user: &User, leaves_at_ms: Option<u64>) -> (String, String) {
    let until = leaves_at_ms.map(|at| at.to_string()).unwrap_or_default();
    (format!("{node}/{}", user.id), format!("{until}\n{}", user.name))
}

/// Whose seat an entry of a roster is, and until when they wait to be back, if they are not there.
pub(super) fn read_roster_entry(name: &str, says: &str) -> Option<(NodeId, User, Option<u64>)> {
    let (node, id) = name.split_once('/')?;
    let (until, called) = says.split_once('\n')?;
    let until = if until.is_empty() { None } else { Some(until.parse().ok()?) };
    Some((NodeId::parse(node).ok()?, user(id, called)?, until))
}
