//! A page with a client in it.

use chat::{
    client::{Client, Effect, Input, Now, connection::Status, open_room::OpenRoom},
    close::CloseCode,
    id::ClientId,
    protocol::{RefusalCode, Refused, Seq, ServerLine, Welcome},
    steady_clock::SteadyClock,
    time::{Millis, Ticks},
};

use crate::wire::{client_id, joined, room, spell, user};

pub(crate) const HEARTBEAT_MS: u64 = 25_000;
/// Exceeds the time without frames after which the client gives up a connection.
pub(crate) const DEAD_AFTER_MS: u64 = HEARTBEAT_MS + 60_000;

/// A change to the store that a page shares with its user's other tabs.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    Record(ClientId, Option<String>),
    Sign(ClientId, Millis),
}

/// A page with a client: performs the client's effects and records them for the test.
pub(crate) struct Page {
    pub(crate) name: ClientId,
    pub(crate) client: Client,
    /// The true time, for the server's clock and for timers.
    pub(crate) now: Millis,
    /// How far the machine's wall clock is ahead of it, in milliseconds.
    pub(crate) wall_ahead: i64,
    /// How long its monotonic clock stood still, in milliseconds.
    pub(crate) slept: u64,
    clock: SteadyClock,
    pub(crate) random: f64,
    /// The connection that the client has requested.
    pub(crate) connection: Option<u32>,
    pub(crate) connections: u32,
    pub(crate) sent: Vec<String>,
    pub(crate) wake: Option<Millis>,
    pub(crate) logins: Vec<CloseCode>,
    /// The writes and transmissions since the last check, in order: `keep m1`, `forget m1`, `sign`,
    /// `transmit`.
    pub(crate) did: Vec<String>,
    /// The writes that other tabs have not been notified of.
    pub(crate) written: Vec<Written>,
}

impl Page {
    /// Creates a page that is loaded but not started.
    pub(crate) fn new() -> Page {
        Page::named("tab")
    }

    /// Creates one of several tabs.
    pub(crate) fn named(name: &str) -> Page {
        Page {
            name: client_id(name),
            client: Client::new(user("ann"), room("lobby")).named(client_id(name)),
            now: Millis(1_763_683_200_000),
            wall_ahead: 0,
            slept: 0,
            clock: SteadyClock::default(),
            random: 0.5,
            connection: None,
            connections: 0,
            sent: Vec::new(),
            wake: None,
            logins: Vec::new(),
            did: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Creates a connected page in the lobby, with its messages up to a seq.
    pub(crate) fn in_lobby(head: Seq) -> Page {
        let mut page = Page::new();
        page.enter_lobby(head);
        page
    }

    /// Starts, connects and joins the lobby, with its messages up to a seq.
    pub(crate) fn enter_lobby(&mut self, head: Seq) {
        self.start();
        self.open();
        self.welcome();
        self.receive(joined("lobby", head).page(1..=head));
        self.sent();
    }

    pub(crate) fn apply(&mut self, input: Input<'_>) {
        let now = Now { at: self.wall(), ticks: self.ticks(), random: self.random };
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
                    self.did.push("transmit".to_owned());
                }
                Effect::Close(number) => {
                    assert_eq!(Some(number), self.connection.take(), "the present connection is closed");
                }
                Effect::Store(id, record) => {
                    self.did.push(format!("keep {id}"));
                    self.written.push(Written::Record(id, Some(record)));
                }
                Effect::Forget(id) => {
                    self.did.push(format!("forget {id}"));
                    self.written.push(Written::Record(id, None));
                }
                Effect::Sign => {
                    self.did.push("sign".to_owned());
                    self.written.push(Written::Sign(self.name.clone(), self.wall()));
                }
                Effect::WakeAt(at) => self.wake = Some(self.now + at.since(now.ticks)),
                Effect::Login(code) => self.logins.push(code),
                Effect::Rename(from, to) => self.did.push(format!("rename {from} {to}")),
            }
        }
    }

    /// Returns the time of the machine's wall clock.
    pub(crate) fn wall(&self) -> Millis {
        Millis(self.now.0.checked_add_signed(self.wall_ahead).unwrap())
    }

    /// Returns the time of the page's steady clock.
    pub(crate) fn ticks(&mut self) -> Ticks {
        let wall = self.wall();
        self.clock.read(wall, Some(self.now.0 - self.slept))
    }

    pub(crate) fn start(&mut self) {
        self.apply(Input::Start);
    }

    pub(crate) fn number(&self) -> u32 {
        self.connection.expect("the client wants a connection")
    }

    pub(crate) fn open(&mut self) {
        self.apply(Input::Opened(self.number()));
    }

    pub(crate) fn welcome(&mut self) {
        let at = Some(self.now);
        let welcome = Welcome { user: user("ann"), heartbeat_ms: HEARTBEAT_MS, text_limit: 4_000, at };
        self.receive(ServerLine::Welcome(welcome));
    }

    pub(crate) fn receive(&mut self, line: impl Into<ServerLine>) {
        let text = line.into().print();
        self.receive_text(&text);
    }

    pub(crate) fn receive_text(&mut self, text: &str) {
        self.apply(Input::Received(self.number(), text));
    }

    pub(crate) fn close(&mut self, code: u16) {
        let number = self.connection.take().expect("there is a connection to close");
        self.apply(Input::Closed(number, code));
    }

    /// Opens a connection and answers up to `joined` in the lobby, with nothing missed.
    pub(crate) fn back_in_lobby(&mut self, head: Seq) {
        self.open();
        self.welcome();
        self.receive(joined("lobby", head).resumed());
    }

    pub(crate) fn say(&mut self, id: &str) {
        self.say_in("lobby", id);
    }

    pub(crate) fn say_in(&mut self, to: &str, id: &str) {
        self.apply(Input::Send { room: room(to), id: client_id(id), text: format!("text of {id}") });
    }

    pub(crate) fn holes(&self) -> Vec<(Seq, Seq)> {
        self.client.active().timeline().holes().map(|hole| (hole.from, hole.to)).collect()
    }

    pub(crate) fn visit(&mut self, name: &str) {
        self.apply(Input::Visit(room(name)));
    }

    pub(crate) fn refuse(&mut self, id: Option<&str>, name: &str, code: RefusalCode, retry_ms: Option<u64>) {
        self.receive(ServerLine::Refused(Refused {
            id: id.map(str::to_owned),
            room: Some(name.to_owned()),
            code,
            reason: "because".to_owned(),
            retry_ms,
        }));
    }

    /// Hides the page and shows it again.
    pub(crate) fn glance(&mut self) {
        self.apply(Input::Visible(false));
        self.apply(Input::Visible(true));
    }

    /// Lets time pass; the timer fires when the client requested it.
    pub(crate) fn pass(&mut self, span: u64) {
        let end = self.now + span;
        while let Some(at) = self.wake.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.wake = None;
            self.apply(Input::Timer);
        }
        self.now = end;
    }

    /// Lets time pass as on a sleeping machine: its monotonic clock stands still, and no timer fires until it
    /// wakes.
    pub(crate) fn sleep(&mut self, span: u64) {
        self.now = self.now + span;
        self.slept += span;
        self.apply(Input::Timer);
    }

    /// Returns what was sent since the last check.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    /// Returns what was done since the last check.
    pub(crate) fn did(&mut self) -> Vec<String> {
        std::mem::take(&mut self.did)
    }

    pub(crate) fn lobby(&self) -> &OpenRoom {
        self.client.room(&room("lobby")).unwrap()
    }

    pub(crate) fn shown(&self, name: &str) -> Vec<Seq> {
        self.client.room(&room(name)).unwrap().timeline().messages().map(|message| message.seq).collect()
    }

    pub(crate) fn pending(&self) -> Vec<&str> {
        self.client.outbox().pending().iter().map(|pending| pending.id.as_str()).collect()
    }

    pub(crate) fn waits_ms(&mut self) -> u64 {
        match self.client.status() {
            Status::Waiting { until, .. } => until.since(self.ticks()),
            other => panic!("it does not wait: {other:?}"),
        }
    }
}
