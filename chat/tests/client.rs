//! What the client keeps, says and shows, whatever the connection does.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeMap;

use chat::{
    client::{
        Client, Effect, Input, Now,
        connection::Status,
        outbox::{self, Delivery},
        timeline::{self, Earlier, Entry},
    },
    close::CloseCode,
    id::{ClientId, Epoch, UserId},
    protocol::{
        ClientLine, Event, Head, History, Joined, Members, Message, Place, Presence, RefusalCode, Refused,
        Seq, ServerLine, User, Welcome,
    },
    room_name::RoomName,
    time::Millis,
};

const HEARTBEAT_MS: u64 = 25_000;
/// More than the client gives a connection beyond the heartbeat.
const DEAD_AFTER_MS: u64 = HEARTBEAT_MS + 60_000;

/// A page with a client in it: it does what the client says, and keeps what came out for the test to look at.
struct Page {
    client: Client,
    now: Millis,
    dice: f64,
    /// The connection that the client wants.
    connection: Option<u32>,
    connections: u32,
    sent: Vec<String>,
    wake: Option<Millis>,
    logins: Vec<CloseCode>,
    /// What other pages and tabs would find.
    kept: BTreeMap<ClientId, String>,
    /// How often this tab has shown a sign of life.
    signs: usize,
}

impl Page {
    /// Loaded, and not yet started.
    fn new() -> Page {
        Page {
            client: Client::new(user("ann"), room("lobby")).named(client_id("tab")),
            now: Millis(1_000_000),
            dice: 0.5,
            connection: None,
            connections: 0,
            sent: Vec::new(),
            wake: None,
            logins: Vec::new(),
            kept: BTreeMap::new(),
            signs: 0,
        }
    }

    /// Connected, in the lobby, holding it up to a seq.
    fn in_lobby(head: Seq) -> Page {
        let mut page = Page::new();
        page.start();
        page.open();
        page.welcome();
        page.receive(joined("lobby", head).page(1..=head));
        page.sent();
        page
    }

    fn apply(&mut self, input: Input<'_>) {
        let now = Now { at: self.now, dice: self.dice };
        for effect in self.client.apply(input, now) {
            match effect {
                Effect::Open(number) => {
                    assert!(self.connection.is_none(), "one connection at a time");
                    self.connection = Some(number);
                    self.connections += 1;
                }
                Effect::Transmit(number, frame) => {
                    assert_eq!(Some(number), self.connection, "what is sent goes to the present connection");
                    self.sent.extend(frame.lines().map(spell));
                }
                Effect::Close(number) => {
                    assert_eq!(Some(number), self.connection.take(), "the present connection is closed");
                }
                Effect::Keep(id, record) => {
                    self.kept.insert(id, record);
                }
                Effect::Forget(id) => {
                    self.kept.remove(&id);
                }
                Effect::Sign => self.signs += 1,
                Effect::WakeAt(at) => self.wake = Some(at),
                Effect::Login(code) => self.logins.push(code),
            }
        }
    }

    fn start(&mut self) {
        self.apply(Input::Start);
    }

    fn number(&self) -> u32 {
        self.connection.expect("the client wants a connection")
    }

    fn open(&mut self) {
        self.apply(Input::Opened(self.number()));
    }

    fn welcome(&mut self) {
        let welcome = Welcome { user: user("ann"), heartbeat_ms: HEARTBEAT_MS, text_limit: 4_000 };
        self.receive(ServerLine::Welcome(welcome));
    }

    fn receive(&mut self, line: impl Into<ServerLine>) {
        let text = line.into().print();
        self.receive_text(&text);
    }

    fn receive_text(&mut self, text: &str) {
        self.apply(Input::Received(self.number(), text));
    }

    fn close(&mut self, code: u16) {
        let number = self.connection.take().expect("there is a connection to close");
        self.apply(Input::Closed(number, code));
    }

    /// A connection from its opening to its `joined` in the lobby, with nothing missed.
    fn back_in_lobby(&mut self, head: Seq) {
        self.open();
        self.welcome();
        self.receive(joined("lobby", head).resumed());
    }

    fn say(&mut self, id: &str) {
        self.say_in("lobby", id);
    }

    fn say_in(&mut self, to: &str, id: &str) {
        self.apply(Input::Say { room: room(to), id: client_id(id), text: format!("text of {id}") });
    }

    fn holes(&self) -> Vec<(Seq, Seq)> {
        self.client.active().timeline().holes().map(|hole| (hole.from, hole.to)).collect()
    }

    fn visit(&mut self, name: &str) {
        self.apply(Input::Visit(room(name)));
    }

    fn refuse(&mut self, id: Option<&str>, name: &str, code: RefusalCode, retry_ms: Option<u64>) {
        self.receive(ServerLine::Refused(Refused {
            id: id.map(str::to_owned),
            room: Some(name.to_owned()),
            code,
            reason: "because".to_owned(),
            retry_ms,
        }));
    }

    /// Lets time pass; the timer rings when the client asked for it.
    fn pass(&mut self, span: u64) {
        let end = self.now + span;
        while let Some(at) = self.wake.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.wake = None;
            self.apply(Input::Timer);
        }
        self.now = end;
    }

    /// Lets time pass as a machine that sleeps does: no timer rings until it wakes.
    fn sleep(&mut self, span: u64) {
        self.now = self.now + span;
        self.apply(Input::Timer);
    }

    /// What was sent since the last look.
    fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    fn shown(&self, name: &str) -> Vec<Seq> {
        self.client.room(&room(name)).unwrap().timeline().messages().map(|message| message.seq).collect()
    }

    fn pending(&self) -> Vec<&str> {
        self.client.outbox().pending().iter().map(|pending| pending.id.as_str()).collect()
    }

    fn waits_ms(&self) -> u64 {
        match self.client.status() {
            Status::Waiting { until, .. } => until.since(self.now),
            other => panic!("it does not wait: {other:?}"),
        }
    }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn user(name: &str) -> User {
    User { id: UserId::parse(name).unwrap(), name: name.into() }
}

fn client_id(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

fn message(seq: Seq) -> Message {
    said_by("bo", seq, &format!("bo-{seq}"))
}

fn said_by(name: &str, seq: Seq, id: &str) -> Message {
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
struct Answer(Joined);

fn joined(name: &str, head: Seq) -> Answer {
    Answer(Joined {
        room: room(name),
        epoch: Epoch::parse("e").unwrap(),
        head,
        oldest: head.min(1),
        resumed: false,
        members: Members { count: 1, list: vec![user("ann")] },
        events: Vec::new(),
    })
}

impl Answer {
    fn page(mut self, seqs: impl Iterator<Item = Seq>) -> Answer {
        let name = self.0.room.clone();
        self.0.events =
            seqs.map(|seq| Event::Message(Message { room: name.clone(), ..message(seq) })).collect();
        self
    }

    fn resumed(mut self) -> Answer {
        self.0.resumed = true;
        self
    }

    fn epoch(mut self, epoch: &str) -> Answer {
        self.0.epoch = Epoch::parse(epoch).unwrap();
        self
    }

    fn with(mut self, message: Message) -> Answer {
        self.0.events.push(Event::Message(message));
        self
    }
}

impl From<Answer> for ServerLine {
    fn from(answer: Answer) -> ServerLine {
        ServerLine::Joined(answer.0)
    }
}

/// What a test writes where the wire has a `message`.
struct Said(Message);

impl From<Said> for ServerLine {
    fn from(said: Said) -> ServerLine {
        ServerLine::Message(said.0)
    }
}

fn ping(seq: Seq) -> ServerLine {
    let head = Head { room: room("lobby"), epoch: Epoch::parse("e").unwrap(), seq };
    ServerLine::Ping { heads: vec![head] }
}

/// A line of the client's in a few letters: `hello lobby@e:3 tea`, `send lobby/m1`, `join lobby@e:3`.
fn spell(line: &str) -> String {
    let place = |place: Place| match (place.epoch, place.seq) {
        (Some(epoch), Some(seq)) => format!("{}@{epoch}:{seq}", place.room),
        (None, None) => place.room,
        half => panic!("half a position: {half:?}"),
    };
    match serde_json::from_str(line).unwrap() {
        ClientLine::Hello { rooms, .. } => {
            let places: Vec<String> = rooms.into_iter().map(place).collect();
            format!("hello {}", places.join(" "))
        }
        ClientLine::Send { id, room, .. } => format!("send {room}/{id}"),
        ClientLine::History(History { room, before, around, at, limit }) => {
            format!("history {room} {before:?} {around:?} {at:?} {limit}")
        }
        ClientLine::Join(asked) => format!("join {}", place(asked)),
        ClientLine::Leave { room } => format!("leave {room}"),
        ClientLine::Typing { room } => format!("typing {room}"),
        ClientLine::Pong {} => "pong".to_owned(),
    }
}

// Saying hello.

#[test]
fn hello_names_every_open_room_with_what_is_held_of_it() {
    let mut page = Page::new();
    page.client.preload(joined("lobby", 3).page(1..=3).0);
    page.client.open(room("tea"));
    page.start();
    assert_eq!(page.sent(), [""; 0], "nothing is said before the connection is open");
    page.open();
    assert_eq!(page.sent(), ["hello lobby@e:3 tea"]);
}

#[test]
fn after_a_reconnect_hello_names_the_newest_positions() {
    let mut page = Page::in_lobby(3);
    page.receive(Said(message(4)));
    page.close(1006);
    page.pass(60_000);
    page.open();
    assert_eq!(page.sent(), ["hello lobby@e:4"]);
}

#[test]
fn what_the_page_brought_along_is_shown_and_then_completed() {
    let mut page = Page::new();
    page.client.preload(joined("lobby", 2).page(1..=2).0);
    assert_eq!(page.shown("lobby"), [1, 2]);
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 4).page(3..=4).resumed());
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4]);
}

// Saying something.

#[test]
fn what_is_said_before_the_connection_goes_out_in_order_after_joined() {
    let mut page = Page::new();
    page.say("m1");
    page.say("m2");
    page.start();
    page.open();
    page.welcome();
    page.say("m3");
    assert_eq!(page.sent(), ["hello lobby"]);
    page.receive(joined("lobby", 0));
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn one_s_own_message_is_its_acknowledgement() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    assert_eq!(page.sent(), ["send lobby/m1"]);
    assert_eq!(page.client.outbox().pending()[0].state, Delivery::Sent);
    page.receive(Said(said_by("ann", 4, "m1")));
    assert_eq!(page.pending(), [""; 0]);
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4]);
}

#[test]
fn it_is_the_acknowledgement_even_if_its_seq_is_held() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.receive(Said(said_by("ann", 2, "m1")));
    assert_eq!(page.pending(), [""; 0]);
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
}

#[test]
fn the_same_id_of_another_user_acknowledges_nothing() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.receive(Said(said_by("bo", 4, "m1")));
    assert_eq!(page.pending(), ["m1"]);
}

#[test]
fn a_message_among_what_was_missed_is_acknowledged_and_not_sent_again() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.close(1006);
    page.pass(60_000);
    page.sent();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 4).resumed().with(said_by("ann", 4, "m1")));
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m2"]);
}

#[test]
fn what_is_not_acknowledged_goes_out_again_in_order_on_the_next_connection() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.close(1006);
    page.say("m3");
    page.pass(60_000);
    page.sent();
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn after_a_page_that_is_no_resumption_what_is_not_acknowledged_is_sent_again() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.sent();
    page.receive(joined("lobby", 90).page(81..=89).with(said_by("ann", 90, "m2")));
    assert_eq!(page.sent(), ["send lobby/m1"], "its acknowledgement may lie in what was passed over");
    page.receive(joined("lobby", 91).resumed().page(91..=91));
    assert_eq!(page.sent(), [""; 0], "a resumption has everything in it");
}

// The order of events.

#[test]
fn the_next_event_is_taken_and_one_that_is_held_is_dropped() {
    let mut page = Page::in_lobby(3);
    page.receive(Said(message(4)));
    page.receive(Said(message(4)));
    page.receive(Said(message(2)));
    page.receive(Said(message(5)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4, 5]);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn a_gap_asks_once_with_the_position_that_is_held_and_is_then_filled() {
    let mut page = Page::in_lobby(3);
    page.receive(Said(message(5)));
    page.receive(Said(message(6)));
    page.receive(ping(6));
    assert_eq!(page.sent(), ["join lobby@e:3", "pong"]);
    assert_eq!(page.shown("lobby"), [1, 2, 3], "nothing is shown out of order");
    page.receive(joined("lobby", 6).page(4..=6).resumed());
    page.receive(Said(message(7)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4, 5, 6, 7]);
    page.receive(Said(message(9)));
    assert_eq!(page.sent(), ["join lobby@e:7"], "the next gap asks again");
}

#[test]
fn a_page_that_is_no_resumption_leaves_a_hole_that_says_what_is_missing() {
    let mut page = Page::in_lobby(3);
    page.receive(joined("lobby", 90).page(81..=90));
    assert_eq!(page.shown("lobby"), (1..=3).chain(81..=90).collect::<Vec<_>>());
    assert_eq!(page.holes(), [(4, 80)]);
    page.receive(Said(message(91)));
    assert_eq!(page.shown("lobby").last(), Some(&91));
}

#[test]
fn a_new_epoch_replaces_what_is_held_even_if_its_seqs_are_smaller() {
    let mut page = Page::in_lobby(9);
    page.receive(joined("lobby", 2).epoch("f").page(1..=2));
    assert_eq!(page.shown("lobby"), [1, 2]);
    page.receive(Said(message(3)));
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
    page.close(1006);
    page.pass(60_000);
    page.sent();
    page.open();
    assert_eq!(page.sent(), ["hello lobby@f:3"]);
}

#[test]
fn a_heartbeat_shows_that_the_last_event_was_lost() {
    let mut page = Page::in_lobby(3);
    page.receive(ping(3));
    assert_eq!(page.sent(), ["pong"]);
    page.receive(ping(4));
    page.receive(ping(4));
    assert_eq!(page.sent(), ["pong", "join lobby@e:3", "pong"]);
}

#[test]
fn a_heartbeat_of_another_epoch_asks_too() {
    let mut page = Page::in_lobby(3);
    let head = Head { room: room("lobby"), epoch: Epoch::parse("f").unwrap(), seq: 1 };
    page.receive(ServerLine::Ping { heads: vec![head] });
    assert_eq!(page.sent(), ["pong", "join lobby@e:3"]);
}

#[test]
fn an_event_of_an_unknown_kind_takes_its_place_and_shows_nothing() {
    let mut page = Page::in_lobby(3);
    page.receive_text(r#"{"poll":{"room":"lobby","seq":4,"options":["green","black"]}}"#);
    page.receive(Said(message(5)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 5]);
    assert_eq!(page.sent(), [""; 0]);
    page.receive_text(r#"{"poll":{"room":"lobby","seq":7}}"#);
    assert_eq!(page.sent(), ["join lobby@e:5"]);
    page.receive_text(
        r#"{"joined":{"room":"lobby","epoch":"e","head":7,"oldest":1,"resumed":true,"members":{"count":1,"list":[]},
        "events":[{"poll":{"room":"lobby","seq":6}},{"poll":{"room":"lobby","seq":7}}]}}"#
            .replace('\n', "")
            .as_str(),
    );
    page.receive(Said(message(8)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 5, 8]);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn lines_that_are_not_understood_are_passed_over() {
    let mut page = Page::in_lobby(3);
    let next = ServerLine::Message(message(4)).print();
    page.receive_text(&format!("nonsense\n{{\"announcement\":{{}}}}\n[]\n{next}\n"));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4]);
}

// Refusals.

#[test]
fn a_refusal_for_now_holds_what_follows_in_that_room_and_sends_all_again_in_order() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.receive(joined("tea", 0));
    for id in ["m1", "m2"] {
        page.say(id);
    }
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
    page.say("m3");
    page.pass(900);
    assert_eq!(page.sent(), [""; 0]);
    page.say_in("tea", "t1");
    assert_eq!(page.sent(), ["send tea/t1"], "another room does not wait");
    page.pass(200);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn what_is_discarded_no_longer_holds_the_others_back() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
    page.apply(Input::Discard(client_id("m1")));
    assert_eq!(page.sent(), ["join lobby@e:3"], "joining lifts the hold at the server");
    page.receive(joined("lobby", 3).resumed());
    page.pass(2_000);
    assert_eq!(page.sent(), ["send lobby/m2"]);
}

#[test]
fn nothing_new_is_said_while_a_join_is_under_way_lest_it_overtake_what_is_being_refused() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.receive(Said(message(5)));
    page.say("m2");
    assert_eq!(page.sent(), ["send lobby/m1", "join lobby@e:3"]);
    // The server refused m1 before it heard the join, which lifts what it would hold back.
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.receive(joined("lobby", 5).page(4..=5).resumed());
    assert_eq!(page.sent(), [""; 0]);
    page.pass(1_000);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn a_final_refusal_waits_for_its_user_and_lets_the_others_pass() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    page.say("m2");
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
    page.close(1006);
    page.pass(60_000);
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m2"], "it is not sent again by itself");
    assert!(matches!(&page.client.outbox().pending()[0].state,
        Delivery::Refused(refused) if refused.code == RefusalCode::TextTooLong));
    page.apply(Input::Retry(client_id("m1")));
    assert_eq!(page.sent(), ["send lobby/m1"]);
    page.refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    page.apply(Input::Discard(client_id("m1")));
    assert_eq!(page.pending(), ["m2"]);
}

#[test]
fn a_message_to_a_room_that_was_not_joined_waits_for_the_join() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::NotJoined, None);
    assert_eq!(page.sent(), ["join lobby@e:3"]);
    page.receive(joined("lobby", 3).resumed());
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn many_messages_refused_as_not_joined_ask_once() {
    let mut page = Page::in_lobby(3);
    for id in ["m1", "m2", "m3"] {
        page.say(id);
    }
    page.sent();
    for id in ["m1", "m2", "m3"] {
        page.refuse(Some(id), "lobby", RefusalCode::NotJoined, None);
    }
    assert_eq!(page.sent(), ["join lobby@e:3"]);
    page.receive(joined("lobby", 3).resumed());
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn a_join_refused_for_now_is_tried_again() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    page.say("m1");
    page.sent();
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.pass(2_000);
    assert_eq!(page.sent(), ["join lobby"]);
    page.receive(joined("lobby", 0));
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn a_room_that_was_refused_is_asked_for_again_when_visited() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.refuse(None, "tea", RefusalCode::TooManyRooms, None);
    let refused = page.client.room(&room("tea")).unwrap().refused().map(|refused| refused.code);
    assert_eq!(refused, Some(RefusalCode::TooManyRooms));
    page.visit("lobby");
    page.sent();
    page.visit("tea");
    assert_eq!(page.sent(), ["join tea"]);
    page.receive(joined("tea", 0));
    assert!(page.client.active().refused().is_none());
}

// The connection.

#[test]
fn the_wait_doubles_with_every_failure_up_to_the_cap_and_starts_anew_after_a_success() {
    let mut page = Page::new();
    page.dice = 0.999_999;
    page.start();
    let mut waits = Vec::new();
    for _ in 0..8 {
        page.close(1006);
        waits.push(page.waits_ms());
        page.pass(60_000);
        page.sent();
        // The attempt may have failed by itself while time passed; one is under way when there is a number.
        while page.connection.is_none() {
            page.pass(1_000);
        }
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[0] <= 1_000 && *waits.last().unwrap() <= 5_000, "{waits:?}");
    assert!(*waits.last().unwrap() > 4_000, "{waits:?}");
    page.back_in_lobby(0);
    page.close(1006);
    assert_eq!(page.waits_ms(), waits[0]);
}

#[test]
fn the_wait_is_spread_down_to_nothing() {
    let mut page = Page::in_lobby(3);
    page.dice = 0.0;
    page.close(1006);
    assert_eq!(page.connections, 2, "it is back at once");
}

#[test]
fn after_a_drain_it_comes_back_when_it_was_told_to() {
    let mut page = Page::in_lobby(3);
    page.receive(ServerLine::Drain { retry_ms: 4_321 });
    page.close(1012);
    assert_eq!(page.waits_ms(), 4_321);
    page.pass(4_320);
    assert_eq!(page.connections, 1);
    page.pass(1);
    assert_eq!(page.connections, 2);
}

#[test]
fn after_a_final_close_the_user_must_log_in_and_nothing_is_tried() {
    for code in CloseCode::ALL.into_iter().filter(|code| !code.reconnects()) {
        let mut page = Page::in_lobby(3);
        page.say("m1");
        page.close(code.number());
        assert_eq!(page.logins, [code]);
        assert_eq!(page.client.status(), Status::Ended(code));
        page.pass(600_000);
        page.apply(Input::Online(true));
        page.apply(Input::Visible(true));
        assert_eq!(page.connections, 1);
        assert_eq!(page.pending(), ["m1"], "what was said is kept");
    }
}

#[test]
fn after_every_other_close_it_comes_back() {
    let codes = CloseCode::ALL.into_iter().filter(|code| code.reconnects()).map(CloseCode::number);
    for code in codes.chain([1006, 1001, 4999]) {
        let mut page = Page::in_lobby(3);
        page.close(code);
        page.pass(60_000);
        assert!(page.connections >= 2, "{code}");
        assert_eq!(page.logins, []);
    }
}

#[test]
fn a_connection_that_says_nothing_for_too_long_is_dead() {
    let mut page = Page::in_lobby(3);
    page.pass(HEARTBEAT_MS);
    page.receive(ping(3));
    page.pass(HEARTBEAT_MS);
    assert_eq!(page.connections, 1);
    page.pass(DEAD_AFTER_MS);
    assert!(page.connections >= 2);
}

#[test]
fn after_a_sleep_the_wall_clock_tells_and_it_reconnects_at_once() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.sent();
    page.sleep(3_600_000);
    assert_eq!(page.connections, 2);
    assert!(matches!(page.client.status(), Status::Connecting { lost: Some(_) }));
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m1"]);
}

#[test]
fn an_attempt_that_gets_no_answer_is_given_up() {
    let mut page = Page::new();
    page.start();
    let first = page.number();
    page.pass(15_000);
    assert!(page.connection != Some(first), "it is closed");
    page.pass(15_000);
    assert!(page.connections >= 2);
}

#[test]
fn without_a_network_it_hardly_tries_and_with_one_at_once() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Online(false));
    page.close(1006);
    assert!(page.waits_ms() >= 5_000);
    assert!(matches!(page.client.status(), Status::Waiting { offline: true, lost: Some(_), .. }));
    page.apply(Input::Online(true));
    assert_eq!(page.connections, 2);
}

#[test]
fn being_seen_again_reconnects_at_once() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.close(1006);
    assert_eq!(page.connections, 1);
    page.apply(Input::Visible(true));
    assert_eq!(page.connections, 2);
}

#[test]
fn being_seen_again_asks_a_live_connection_for_a_sign_of_life() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.pass(20_000);
    page.apply(Input::Visible(true));
    assert_eq!(page.sent(), ["join lobby@e:3"]);
    page.pass(6_000);
    assert_eq!(page.connections, 2, "no answer came");
}

#[test]
fn who_does_not_want_to_wait_connects_now() {
    let mut page = Page::in_lobby(3);
    page.close(1006);
    page.apply(Input::ConnectNow);
    assert_eq!(page.connections, 2);
    page.apply(Input::ConnectNow);
    assert_eq!(page.connections, 2, "once");
}

#[test]
fn word_of_an_earlier_connection_is_not_taken_for_the_present_one_s() {
    let mut page = Page::in_lobby(3);
    let stale = page.number();
    page.close(1006);
    page.pass(60_000);
    while page.connection.is_none() {
        page.pass(1_000);
    }
    page.back_in_lobby(3);
    let status = page.client.status();
    let line = ServerLine::Message(message(4)).print();
    page.apply(Input::Received(stale, &line));
    page.apply(Input::Opened(stale));
    page.apply(Input::Closed(stale, 4004));
    assert_eq!(page.client.status(), status);
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
    assert_eq!(page.logins, []);
}

// Rooms.

#[test]
fn a_room_that_is_visited_is_joined_once_and_left_aloud() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.visit("lobby");
    page.visit("tea");
    assert_eq!(page.sent(), ["join tea"]);
    page.receive(joined("tea", 0));
    page.visit("lobby");
    page.visit("tea");
    page.apply(Input::Leave(room("tea")));
    assert_eq!(page.sent(), ["leave tea"]);
    assert_eq!(page.client.active().name(), &room("lobby"));
    assert!(page.client.room(&room("tea")).is_none());
}

#[test]
fn a_room_visited_before_the_welcome_is_joined() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.visit("tea");
    page.welcome();
    page.receive(joined("lobby", 0));
    let sent = page.sent();
    assert!(sent.contains(&"join tea".to_owned()), "{sent:?}");
}

#[test]
fn a_room_left_before_the_welcome_is_left() {
    let mut page = Page::new();
    page.client.open(room("tea"));
    page.start();
    page.open();
    page.apply(Input::Leave(room("tea")));
    page.welcome();
    page.receive(joined("lobby", 0));
    let sent = page.sent();
    assert!(sent.contains(&"leave tea".to_owned()), "{sent:?}");
}

#[test]
fn a_room_in_which_something_waits_to_be_said_is_not_left() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.say_in("tea", "t1");
    page.say("m1");
    page.apply(Input::Leave(room("tea")));
    assert_eq!(page.pending(), ["t1", "m1"]);
    assert!(page.client.room(&room("tea")).is_some());
    page.apply(Input::Discard(client_id("t1")));
    page.apply(Input::Leave(room("tea")));
    assert!(page.client.room(&room("tea")).is_none());
}

#[test]
fn what_comes_while_nobody_looks_is_counted_until_somebody_does() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.receive(joined("tea", 0));
    page.receive(Said(message(4)));
    page.receive(Said(said_by("ann", 5, "other-tab")));
    assert_eq!(page.client.room(&room("lobby")).unwrap().unread(), 1, "one's own is not news");
    page.visit("lobby");
    assert_eq!(page.client.active().unread(), 0);
    page.apply(Input::Visible(false));
    page.receive(Said(message(6)));
    assert_eq!(page.client.active().unread(), 1);
    page.apply(Input::Visible(true));
    assert_eq!(page.client.active().unread(), 0);
}

#[test]
fn comings_and_goings_change_who_is_there_and_are_shown_but_for_one_s_own() {
    let mut page = Page::in_lobby(3);
    let presence = |enter: &[&str], leave: &[&str], count| {
        let users = |names: &[&str]| names.iter().map(|name| user(name)).collect();
        ServerLine::Presence(Presence {
            room: room("lobby"),
            enter: users(enter),
            leave: users(leave),
            count,
        })
    };
    page.receive(presence(&["ann"], &[], 1));
    page.receive(presence(&["bo"], &[], 2));
    page.receive(presence(&["cai"], &["bo"], 2));
    let there: Vec<&str> = page.client.active().members().list.iter().map(|user| &*user.name).collect();
    assert_eq!(there, ["ann", "cai"]);
    assert_eq!(page.client.active().members().count, 2);
    let notices: Vec<(bool, &str)> = page
        .client
        .active()
        .timeline()
        .entries()
        .filter_map(|entry| match entry {
            Entry::Notice(notice) => Some((notice.entered, &*notice.users[0].name)),
            _ => None,
        })
        .collect();
    assert_eq!(notices, [(true, "bo"), (false, "bo"), (true, "cai")]);
}

// Writing.

#[test]
fn that_one_writes_is_said_at_most_every_three_seconds_and_only_in_a_joined_room() {
    let mut page = Page::new();
    page.apply(Input::Typing);
    page.start();
    page.open();
    page.welcome();
    page.apply(Input::Typing);
    page.receive(joined("lobby", 0));
    page.sent();
    page.apply(Input::Typing);
    page.apply(Input::Typing);
    page.pass(2_999);
    page.apply(Input::Typing);
    assert_eq!(page.sent(), ["typing lobby"]);
    page.pass(1);
    page.apply(Input::Typing);
    assert_eq!(page.sent(), ["typing lobby"]);
}

#[test]
fn whoever_writes_is_seen_until_they_have_said_it_or_for_six_seconds() {
    let mut page = Page::in_lobby(3);
    let writes = |page: &mut Page, name: &str| {
        page.receive(ServerLine::Typing { room: room("lobby"), user: user(name) });
    };
    let seen =
        |page: &Page| page.client.active().typists().map(|user| user.name.to_string()).collect::<Vec<_>>();
    writes(&mut page, "bo");
    writes(&mut page, "cai");
    writes(&mut page, "ann");
    assert_eq!(seen(&page), ["bo", "cai"], "not oneself");
    page.receive(Said(message(4)));
    assert_eq!(seen(&page), ["cai"]);
    page.pass(6_000);
    assert_eq!(seen(&page), [""; 0]);
}

// Bounds.

#[test]
fn a_timeline_keeps_the_newest_and_no_more_than_it_may() {
    let mut page = Page::in_lobby(0);
    let count = timeline::CAPACITY as u64 + 50;
    for seq in 1..=count {
        page.receive(Said(message(seq)));
    }
    let shown = page.shown("lobby");
    assert_eq!(shown.len(), timeline::CAPACITY);
    assert_eq!(shown.last(), Some(&count));
    assert!(page.client.active().timeline().earlier() == Earlier::Kept);
}

#[test]
fn comings_and_goings_do_not_make_a_timeline_longer_than_it_may_be() {
    let mut page = Page::in_lobby(0);
    for count in 0..timeline::CAPACITY + 50 {
        let enter = vec![user(&format!("u{count}"))];
        page.receive(ServerLine::Presence(Presence { room: room("lobby"), enter, leave: vec![], count }));
    }
    assert_eq!(page.client.active().timeline().entries().len(), timeline::CAPACITY);
}

#[test]
fn a_full_outbox_takes_no_more_and_keeps_what_it_has() {
    let mut page = Page::new();
    for index in 0..outbox::CAPACITY + 10 {
        assert_eq!(page.client.outbox().is_full(), index >= outbox::CAPACITY);
        page.say(&format!("m{index}"));
    }
    assert_eq!(page.pending().len(), outbox::CAPACITY);
    assert_eq!(page.pending()[0], "m0");
}
