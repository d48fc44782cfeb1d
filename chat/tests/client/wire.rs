//! Compact notation for frames.

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{
        ClientLine, Event, Head, History, Joined, Members, Message, Page, RoomPosition, Seq, ServerLine, User,
    },
    room_name::RoomName,
    time::Millis,
};

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

pub(crate) fn user(name: &str) -> User {
    User { id: UserId::parse(name).unwrap(), name: name.into() }
}

pub(crate) fn client_id(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

pub(crate) fn message(seq: Seq) -> Message {
    said_by("bo", seq, &format!("bo-{seq}"))
}

pub(crate) fn said_by(name: &str, seq: Seq, id: &str) -> Message {
    Message {
        room: room("lobby"),
        seq,
        id: client_id(id),
        user: user(name),
        text: "tea".into(),
        at: Millis(0),
    }
}

/// An answer to a join, to be completed.
pub(crate) struct Answer(pub(crate) Joined);

pub(crate) fn joined(name: &str, head: Seq) -> Answer {
    Answer(Joined {
        room: room(name),
        epoch: Epoch::parse("e").unwrap(),
        head,
        oldest: head.min(1),
        resumed: false,
        members: Members { count: 1, list: vec![user("ann")], bots: vec![] },
        events: Vec::new(),
    })
}

impl Answer {
    pub(crate) fn page(mut self, seqs: impl Iterator<Item = Seq>) -> Answer {
        let name = self.0.room.clone();
        self.0.events =
            seqs.map(|seq| Event::Message(Message { room: name.clone(), ..message(seq) })).collect();
        self
    }

    pub(crate) fn resumed(mut self) -> Answer {
        self.0.resumed = true;
        self
    }

    pub(crate) fn epoch(mut self, epoch: &str) -> Answer {
        self.0.epoch = Epoch::parse(epoch).unwrap();
        self
    }

    pub(crate) fn oldest(mut self, seq: Seq) -> Answer {
        self.0.oldest = seq;
        self
    }

    pub(crate) fn with(mut self, message: Message) -> Answer {
        self.0.events.push(Event::Message(message));
        self
    }
}

impl From<Answer> for ServerLine {
    fn from(answer: Answer) -> ServerLine {
        ServerLine::Joined(answer.0)
    }
}

/// Creates a page of the lobby's history.
pub(crate) fn piece(epoch: &str, oldest: Seq, seqs: impl Iterator<Item = Seq>) -> ServerLine {
    ServerLine::Page(Page {
        room: room("lobby"),
        epoch: Epoch::parse(epoch).unwrap(),
        oldest,
        events: seqs.map(|seq| Event::Message(message(seq))).collect(),
    })
}

/// Stands for a `message` frame.
pub(crate) struct SentMessage(pub(crate) Message);

impl From<SentMessage> for ServerLine {
    fn from(said: SentMessage) -> ServerLine {
        ServerLine::Message(said.0)
    }
}

pub(crate) fn ping(seq: Seq) -> ServerLine {
    let head = Head { room: room("lobby"), epoch: Epoch::parse("e").unwrap(), seq };
    ServerLine::Ping { heads: vec![head] }
}

/// Abbreviates a client's line: `hello lobby@e:3 tea`, `send lobby/m1`, `join lobby@e:3`.
pub(crate) fn spell(line: &str) -> String {
    let place = |place: RoomPosition| match (place.epoch, place.seq) {
        (Some(epoch), Some(seq)) => format!("{}@{epoch}:{seq}", place.room),
        (None, None) => place.room,
        half => panic!("half a position: {half:?}"),
    };
    match serde_json::from_str(line).unwrap() {
        ClientLine::Hello { rooms, user, .. } => {
            assert!(user.is_some(), "a page says whose it is");
            let places: Vec<String> = rooms.into_iter().map(place).collect();
            format!("hello {}", places.join(" "))
        }
        ClientLine::Send { id, room, .. } => format!("send {room}/{id}"),
        ClientLine::History(History { room, before, around, at, limit }) => {
            assert_eq!((at, limit), (None, 100), "no client asks so");
            match (before, around) {
                (Some(before), None) => format!("history {room} before {before}"),
                (None, Some(around)) => format!("history {room} around {around}"),
                both => panic!("a piece has one name: {both:?}"),
            }
        }
        ClientLine::Join(asked) => format!("join {}", place(asked)),
        ClientLine::Leave { room } => format!("leave {room}"),
        ClientLine::Stop { room, id } => format!("stop {room} {id}"),
        ClientLine::Members { room, after } => format!("members {room} after {after:?}"),
        ClientLine::Typing { room } => format!("typing {room}"),
        ClientLine::Pong {} => "pong".to_owned(),
    }
}
