//! The encoding of cluster messages: a letter for the kind, and one field per line. No user-supplied field
//! contains a line break; a message text may, but messages belong to the store, and the text comes last.

use std::fmt::Write as _;

use chat::{
    id::{ClientId, NodeId, UserId},
    protocol::{ServerLine, StreamingAnswer, User},
    room::Presence,
};

use crate::{
    budget::{Charge, Cost, Debtor},
    events::{ClusterMessage, StoreEvent},
    net::address_block::Block,
    store::redis::key::Keys,
};

/// Returns whether a cluster message is this node's own; committed messages belong to no node.
pub(crate) fn is_from(payload: &[u8], node: &NodeId) -> bool {
    if payload.first() == Some(&b'm') {
        return false;
    }
    let Ok(text) = std::str::from_utf8(payload) else { return false };
    text.get(1..).and_then(|rest| rest.split('\n').next()) == Some(node.as_str())
}

/// Encodes a user's presence in a room.
pub(crate) fn seat(node: &NodeId, user: &User, seat: Presence) -> String {
    let letter = match seat {
        Presence::Online => 'T',
        Presence::Away => 'L',
        Presence::Gone => '-',
    };
    format!("s{node}\n{letter}\n{}\n{}", user.id, user.name)
}

/// Encodes that a user is typing.
pub(crate) fn typing(node: &NodeId, user: &User) -> String {
    format!("t{node}\n{}\n{}", user.id, user.name)
}

/// Encodes the progress of a program's streaming answer.
pub(crate) fn growing(node: &NodeId, growing: &StreamingAnswer) -> String {
    format!("g{node}\n{}", ServerLine::StreamingAnswer(growing.clone()).print())
}

/// Returns whether a message reports the progress of this streaming answer.
pub(crate) fn is_of(word: &str, growing: &StreamingAnswer) -> bool {
    let of = format!("\"id\":\"{}\",\"user\":{{\"id\":\"{}\"", growing.id, growing.user.id);
    word.starts_with('g') && word.contains(&of)
}

/// Encodes that a user stops a streaming answer.
pub(crate) fn stop(node: &NodeId, id: &ClientId, user: &UserId) -> String {
    format!("x{node}\n{id}\n{user}")
}

/// Encodes that a user's client has a newer connection to this node.
pub(crate) fn introduced(node: &NodeId, user: &UserId, client: &ClientId) -> String {
    format!("i{node}\n{user}\n{client}")
}

/// Encodes that a user has logged out.
pub(crate) fn logged_out(node: &NodeId, user: &UserId) -> String {
    format!("o{node}\n{user}")
}

/// Encodes charges made on this node.
pub(crate) fn charged(node: &NodeId, charges: &[Charge]) -> String {
    let mut word = format!("c{node}");
    for Charge { debtor, cost, amount } in charges {
        let (kind, name) = match debtor {
            Debtor::User(user) => ("u", user.to_string()),
            Debtor::Address(block) => ("a", block.address().to_string()),
        };
        let _ = write!(word, "\n{kind}\n{name}\n{}\n{amount}", cost.name());
    }
    word
}

/// Decodes one charge; `None` at the end, or if it is malformed.
fn read_charge<'a>(mut field: impl FnMut() -> Option<&'a str>) -> Option<Charge> {
    let (kind, name) = (field()?, field()?);
    let debtor = match kind {
        "u" => Debtor::User(UserId::parse(name).ok()?),
        "a" => Debtor::Address(Block::of(name.parse().ok()?)),
        _ => return None,
    };
    Some(Charge { debtor, cost: Cost::from_name(field()?)?, amount: field()?.parse().ok()? })
}

/// Encodes that a user's other logins have ended.
pub(crate) fn logins_ended(node: &NodeId, user: &UserId) -> String {
    format!("e{node}\n{user}")
}

/// Decodes a message published on a channel; `None` if it is malformed.
pub(crate) fn read(keys: &Keys, channel: &str, payload: &[u8]) -> Option<StoreEvent> {
    let room = keys.room_of_news(channel);
    if let (Some(room), Some(b'm')) = (&room, payload.first()) {
        let (epoch, message) = crate::store::redis::entry::read_news(room, payload)?;
        return Some(StoreEvent::Committed(epoch, vec![message]));
    }
    let text = std::str::from_utf8(payload).ok()?;
    let mut fields = text.get(1..)?.split('\n');
    let mut field = || fields.next();
    let kind = payload.first()?;
    let node = NodeId::parse(field()?).ok()?;
    Some(StoreEvent::Elsewhere(match (kind, room) {
        (b's', Some(room)) => {
            let seat = match field()? {
                "T" => Presence::Online,
                "L" => Presence::Away,
                "-" => Presence::Gone,
                _ => return None,
            };
            ClusterMessage::Presence(room, node, user(field()?, field()?)?, seat)
        }
        (b't', Some(room)) => ClusterMessage::Typing(room, user(field()?, field()?)?),
        (b'g', Some(_)) => match ServerLine::parse(field()?) {
            Ok(ServerLine::StreamingAnswer(growing)) => ClusterMessage::StreamingAnswer(growing),
            _ => return None,
        },
        (b'x', Some(room)) => {
            ClusterMessage::Stop(room, ClientId::parse(field()?).ok()?, UserId::parse(field()?).ok()?)
        }
        (b'i', None) => {
            ClusterMessage::Introduced(UserId::parse(field()?).ok()?, ClientId::parse(field()?).ok()?)
        }
        (b'o', None) => ClusterMessage::LoggedOut(UserId::parse(field()?).ok()?),
        (b'c', None) => ClusterMessage::Charged(std::iter::from_fn(|| read_charge(&mut field)).collect()),
        (b'e', None) => ClusterMessage::LoginsEnded(UserId::parse(field()?).ok()?),
        _ => return None,
    }))
}

fn user(id: &str, name: &str) -> Option<User> {
    Some(User { id: UserId::parse(id).ok()?, name: name.into() })
}

/// Encodes a roster entry: its name and its value.
pub(crate) fn roster_entry(node: &NodeId, user: &User, leaves_at_ms: Option<u64>) -> (String, String) {
    let until = leaves_at_ms.map(|at| at.to_string()).unwrap_or_default();
    (format!("{node}/{}", user.id), format!("{until}\n{}", user.name))
}

/// Decodes a roster entry: its node and user, and until when the user counts as away, if they are.
pub(crate) fn read_roster_entry(name: &str, says: &str) -> Option<(NodeId, User, Option<u64>)> {
    let (node, id) = name.split_once('/')?;
    let (until, called) = says.split_once('\n')?;
    let until = if until.is_empty() { None } else { Some(until.parse().ok()?) };
    Some((NodeId::parse(node).ok()?, user(id, called)?, until))
}

#[cfg(test)]
mod tests {
    use chat::room_name::RoomName;

    use super::*;

    fn keys() -> Keys {
        Keys::new("tea")
    }

    fn node() -> NodeId {
        NodeId::parse("n1").unwrap()
    }

    fn ann() -> User {
        User { id: UserId::parse("u1").unwrap(), name: "小 明/🍵".into() }
    }

    /// Decodes a cluster message of a room, or of the control channel.
    fn heard(room: Option<&RoomName>, payload: &str) -> Option<ClusterMessage> {
        let channel = room.map_or_else(|| keys().control(), |room| keys().news(room));
        match read(&keys(), &channel, payload.as_bytes()) {
            Some(StoreEvent::Elsewhere(word)) => Some(word),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn what_is_told_of_a_room_is_heard_as_it_was_told() {
        let room = RoomName::parse("茶艺").unwrap();
        for (seat, spelt) in [(Presence::Online, "Taken"), (Presence::Away, "Lost"), (Presence::Gone, "Left")]
        {
            let Some(ClusterMessage::Presence(where_, at, user, is)) =
                heard(Some(&room), &super::seat(&node(), &ann(), seat))
            else {
                panic!("{spelt} is not heard");
            };
            assert_eq!((where_, at, user, is), (room.clone(), node(), ann(), seat));
        }
        let Some(ClusterMessage::Typing(where_, user)) = heard(Some(&room), &typing(&node(), &ann())) else {
            panic!("typing is not heard");
        };
        assert_eq!((where_, user), (room.clone(), ann()));
        let id = ClientId::parse("a1").unwrap();
        let grown = StreamingAnswer {
            room: room.clone(),
            id: id.clone(),
            user: ann(),
            asker: ann().id,
            text: "One\n茶".into(),
        };
        assert!(is_of(&growing(&node(), &grown), &grown) && !is_of(&typing(&node(), &ann()), &grown));
        let another = StreamingAnswer { id: ClientId::parse("a2").unwrap(), ..grown.clone() };
        assert!(!is_of(&growing(&node(), &grown), &another));
        let heard_growing = heard(Some(&room), &growing(&node(), &grown));
        assert!(matches!(heard_growing, Some(ClusterMessage::StreamingAnswer(heard)) if heard == grown));
        let heard_stop = heard(Some(&room), &stop(&node(), &id, &ann().id));
        let expected = (room, id, ann().id);
        assert!(
            matches!(heard_stop, Some(ClusterMessage::Stop(a, b, c)) if (&a, &b, &c) == (&expected.0, &expected.1, &expected.2))
        );
    }

    #[test]
    fn what_is_told_of_a_user_is_heard_as_it_was_told() {
        let client = ClientId::parse("c1").unwrap();
        let told = heard(None, &introduced(&node(), &ann().id, &client));
        assert!(matches!(told, Some(ClusterMessage::Introduced(id, one)) if id == ann().id && one == client));
        let told = heard(None, &logged_out(&node(), &ann().id));
        assert!(matches!(told, Some(ClusterMessage::LoggedOut(id)) if id == ann().id));
        let charges = [
            Charge { debtor: Debtor::User(ann().id), cost: Cost::TextByte, amount: 4_000 },
            Charge {
                debtor: Debtor::Address(Block::of("2001:db8::1".parse().unwrap())),
                cost: Cost::Login,
                amount: 1,
            },
        ];
        let told = heard(None, &charged(&node(), &charges));
        assert!(matches!(told, Some(ClusterMessage::Charged(heard)) if heard == charges));
        let told = heard(None, &logins_ended(&node(), &ann().id));
        assert!(matches!(told, Some(ClusterMessage::LoginsEnded(id)) if id == ann().id));
    }

    #[test]
    fn what_is_not_understood_is_no_news() {
        let room = RoomName::lobby();
        let seat = seat(&node(), &ann(), Presence::Online);
        for payload in ["", "s", "x\n", "s n1\nT\nu1\nAnn", "sn1\nX\nu1\nAnn", "sn1\nT\nu1", "m"] {
            assert!(heard(Some(&room), payload).is_none(), "{payload}");
        }
        assert!(heard(None, &seat).is_none(), "a seat is in a room");
        assert!(read(&keys(), "other:{lobby}:news", seat.as_bytes()).is_none(), "another chat's");
    }

    #[test]
    fn a_node_knows_its_own_words() {
        let other = NodeId::parse("n").unwrap();
        for word in
            [seat(&node(), &ann(), Presence::Online), typing(&node(), &ann()), logged_out(&node(), &ann().id)]
        {
            assert!(is_from(word.as_bytes(), &node()) && !is_from(word.as_bytes(), &other), "{word}");
        }
        assert!(!is_from(b"mn1\n", &node()), "what was committed is nobody's");
    }

    #[test]
    fn an_entry_of_a_roster_is_read_as_it_was_written() {
        for until in [None, Some(1_700_000_000_000)] {
            let (name, says) = roster_entry(&node(), &ann(), until);
            assert_eq!(read_roster_entry(&name, &says), Some((node(), ann(), until)));
        }
        for (name, says) in [("n1", "\nAnn"), ("n1/u1", "Ann"), ("n1/u1", "soon\nAnn"), ("n 1/u1", "\nAnn")] {
            assert_eq!(read_roster_entry(name, says), None, "{name} {says}");
        }
    }
}
