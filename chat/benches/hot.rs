//! Benchmarks of the work done for each message: `cargo bench -p chat`. `cargo xtask bench` measures what a
//! message costs a whole server; these show which part of it a change has affected.
#![allow(clippy::unwrap_used, reason = "a bench says what it expects by failing")]

use chat::{
    client::{Client, Input, Now},
    id::{ClientId, Epoch, UserId},
    protocol::{ClientLine, Event, Head, Message, Seq, ServerLine, User},
    room::{Command, Room, SessionId},
    room_name::RoomName,
    time::{Millis, Ticks},
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const MOMENT: Millis = Millis(1_763_683_200_000);

const NOW: Now = Now { at: MOMENT, ticks: Ticks(0), random: 0.5 };

fn user(number: u64) -> User {
    User { id: UserId::parse(&format!("{number:020}")).unwrap(), name: format!("somebody {number}").into() }
}

fn message(seq: Seq) -> Message {
    Message {
        room: RoomName::lobby(),
        seq,
        id: ClientId::parse("4f1c0e5d8b7a49329d60c1f2a3b4c5d6").unwrap(),
        user: user(1),
        text: "你好, shall we have tea at \"four\"?\nThere is cake.".into(),
        at: MOMENT,
    }
}

/// Creates a room with `members` members and no pending announcements.
fn room(members: u64) -> Room {
    let head = Head { room: RoomName::lobby(), epoch: Epoch::parse("5f3a9c0d12e4b678").unwrap(), seq: 0 };
    let mut room = Room::new(head, 30_000);
    for number in 0..members {
        room.apply(Command::Enter(SessionId(number), user(number)), MOMENT);
    }
    room.apply(Command::Tick, MOMENT + 1_000);
    room
}

/// Creates a client that has joined the empty lobby.
fn client() -> Client {
    let mut client = Client::new(user(1), RoomName::lobby());
    client.apply(Input::Start, NOW);
    client.apply(Input::Opened(1), NOW);
    for line in [
        r#"{"welcome":{"user":{"id":"u1","name":"Ann"},"heartbeat_ms":25000,"text_limit":4000}}"#,
        r#"{"joined":{"room":"lobby","epoch":"e","head":0,"oldest":0,"resumed":false,"members":{"count":1,"list":[]},"events":[]}}"#,
    ] {
        client.apply(Input::Received(1, line), NOW);
    }
    client
}

#[divan::bench]
fn encode_a_message(bencher: Bencher) {
    let line = ServerLine::Message(message(1043));
    bencher.bench(|| black_box(&line).print());
}

#[divan::bench]
fn decode_what_a_client_says(bencher: Bencher) {
    let line = r#"{"send":{"id":"4f1c0e5d8b7a49329d60c1f2a3b4c5d6","room":"lobby","text":"你好,\n tea?"}}"#;
    bencher.bench(|| serde_json::from_str::<ClientLine>(black_box(line)).unwrap());
}

#[divan::bench]
fn decode_a_message(bencher: Bencher) {
    let line = ServerLine::Message(message(1043)).print();
    bencher.bench(|| ServerLine::parse(black_box(&line)).unwrap());
}

/// The work for one message must not grow with the number of members: fan-out is the server's.
#[divan::bench(args = [1, 100, 10_000])]
fn a_room_takes_a_message(bencher: Bencher, members: u64) {
    let mut room = room(members);
    let mut seq = 0;
    bencher.bench_local(|| {
        seq += 1;
        room.apply(Command::Commit(Event::Message(message(seq))), MOMENT)
    });
}

#[divan::bench(args = [1, 100, 10_000])]
fn somebody_comes_and_goes(bencher: Bencher, members: u64) {
    let mut room = room(members);
    bencher.bench_local(|| {
        let entered = room.apply(Command::Enter(SessionId(u64::MAX), user(u64::MAX)), MOMENT);
        (entered, room.apply(Command::Leave(SessionId(u64::MAX)), MOMENT))
    });
}

/// Measures a page without messages, and one that holds many.
#[divan::bench(args = [0, 10_000])]
fn a_client_takes_a_message(bencher: Bencher, held: Seq) {
    let mut client = client();
    let mut seq = 0;
    let mut next = || {
        seq += 1;
        ServerLine::Message(message(seq)).print()
    };
    for _ in 0..held {
        client.apply(Input::Received(1, &next()), NOW);
    }
    bencher.with_inputs(next).bench_local_values(|line| client.apply(Input::Received(1, &line), NOW));
}
