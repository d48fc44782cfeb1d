//! A page: drives the client as the browser does, with a real clock, a real connection, and a storage that
//! outlives the page. Decides nothing about connecting, order or retries; `chat::client` does.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chat::{
    client::{Client, Effect, Input, Now, timeline::Hole},
    id::ClientId,
    protocol::User,
    room_name::RoomName,
    time::{Millis, Ticks},
};
use rand::{RngExt as _, rngs::StdRng};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    asks::Asks,
    browser_storage::{BrowserStorage, Change},
    ledger::Ledger,
    socket::{News, Socket},
};

/// Number of events that may wait for a page.
const WAITING: usize = 256;

/// A logged-in user: their id, their cookie, and their browser's storage.
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) cookie: String,
    pub(crate) storage: BrowserStorage,
}

/// A user's action on a page.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Say(RoomName, String),
    Visit(RoomName),
    Earlier,
    Fill(Hole),
    Type,
    Look(bool),
    ConnectNow,
    /// Crashes the page silently after this many more effects.
    Crash(usize),
    /// Leaves the page, which tells the user's other pages.
    Leave,
}

/// An open page.
pub(crate) struct Page {
    client: Arc<Mutex<Client>>,
    acts: mpsc::Sender<Act>,
    task: AbortOnDropHandle<()>,
}

impl Page {
    /// Opens a page under its own name, with some rooms; it connects to `address`.
    pub(crate) fn open(
        account: &Arc<Account>,
        name: ClientId,
        rooms: &[RoomName],
        address: SocketAddr,
        ledger: &Arc<Ledger>,
        chance: StdRng,
    ) -> Page {
        let mut client = Client::new(account.user.clone(), rooms[0].clone()).named(name.clone());
        for room in rooms {
            client.open(room.clone());
        }
        let client = Arc::new(Mutex::new(client));
        let (acts, waiting) = mpsc::channel(WAITING);
        let (news, coming) = mpsc::channel(WAITING);
        let driver = Driver {
            client: client.clone(),
            account: account.clone(),
            name,
            address,
            ledger: ledger.clone(),
            chance,
            news,
            socket: None,
            number: 0,
            asks: Asks::default(),
            wake: None,
            left: None,
            said: 0,
        };
        let task = AbortOnDropHandle::new(tokio::spawn(driver.run(waiting, coming)));
        Page { client, acts, task }
    }

    /// Acts on the page; does nothing if it has crashed.
    pub(crate) async fn act(&self, act: Act) {
        let _ = self.acts.send(act).await;
    }

    /// Waits until a page that was told to go has gone.
    pub(crate) async fn gone(self) {
        self.task.await.expect("a page does not panic");
    }

    /// Returns the client in its current state.
    pub(crate) fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().expect("the client does not panic")
    }
}

struct Driver {
    client: Arc<Mutex<Client>>,
    account: Arc<Account>,
    name: ClientId,
    address: SocketAddr,
    ledger: Arc<Ledger>,
    chance: StdRng,
    news: mpsc::Sender<(u32, News)>,
    socket: Option<Socket>,
    /// The number of the latest connection, and the joins on it.
    number: u32,
    asks: Asks,
    wake: Option<Millis>,
    /// The number of effects until the page crashes, if it does.
    left: Option<usize>,
    said: u64,
}

impl Driver {
    async fn run(mut self, mut acts: mpsc::Receiver<Act>, mut news: mpsc::Receiver<(u32, News)>) {
        let account = self.account.clone();
        let (found, mut ear) = account.storage.open();
        for change in found {
            self.hear(change);
        }
        self.drive(Input::Start);
        while self.left != Some(0) {
            let wake = self.wake;
            let timer = async {
                match wake {
                    Some(at) => sleep_until(Instant::now() + Duration::from_millis(at.since(now()))).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                act = acts.recv() => match act {
                    Some(act) => self.act(act),
                    None => return,
                },
                Some((number, news)) = news.recv() => self.take(number, &news),
                changes = account.storage.hear(&self.name, &mut ear) => {
                    for change in changes {
                        self.hear(change);
                    }
                }
                () = timer => self.drive(Input::Timer),
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Say(room, text) => {
                let id = format!("{}-{}", self.name, self.said);
                self.said += 1;
                let id = ClientId::parse(&id).expect("a name and a number");
                self.drive(Input::Send { room, id, text });
            }
            Act::Visit(room) => self.drive(Input::Visit(room)),
            Act::Earlier => self.drive(Input::Earlier),
            Act::Fill(hole) => self.drive(Input::Fill(hole)),
            Act::Type => self.drive(Input::Typing),
            Act::Look(visible) => self.drive(Input::Visible(visible)),
            Act::ConnectNow => self.drive(Input::ConnectNow),
            Act::Crash(left) => self.left = Some(left),
            Act::Leave => {
                self.account.storage.sign(&self.name, Millis(0));
                self.left = Some(0);
            }
        }
    }

    fn hear(&mut self, change: Change) {
        match change {
            Change::Record(id, record) => self.drive(Input::Stored(id, record.as_deref())),
            Change::Sign(page, at) => self.drive(Input::Signed(page, at)),
        }
    }

    fn take(&mut self, number: u32, news: &News) {
        match news {
            News::Opened => self.drive(Input::Opened(number)),
            News::Received(frame) => {
                self.ledger.saw(frame);
                if number == self.number {
                    self.asks.answered(frame).into_iter().for_each(|wrong| self.ledger.complain(wrong));
                }
                self.drive(Input::Received(number, frame));
            }
            News::Closed(code) => self.drive(Input::Closed(number, *code)),
        }
    }

    fn drive(&mut self, input: Input<'_>) {
        let at = now();
        // Derived from the system clock, which is not set during the test.
        let now = Now { at, ticks: Ticks(at.0), random: self.chance.random_range(0.0..1.0) };
        let effects = self.client.lock().expect("the client does not panic").apply(input, now);
        for effect in effects {
            match &mut self.left {
                Some(0) => return,
                Some(left) => *left -= 1,
                None => {}
            }
            self.perform(effect);
        }
        self.ledger.something_happened();
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open(number) => {
                (self.number, self.asks) = (number, Asks::default());
                let news = self.news.clone();
                self.socket = Some(Socket::open(number, self.address, &self.account.cookie, news));
            }
            Effect::Transmit(_, frame) => {
                self.asks.sent(&frame);
                let sent = self.socket.as_ref().is_some_and(|socket| socket.send(frame));
                if !sent {
                    // The client's deadline expires, and it sends again on the next connection.
                    self.socket = None;
                }
            }
            Effect::Close(_) => self.socket = None,
            Effect::Store(id, record) => {
                // From here on the message counts as sent, whatever happens to the page.
                let client = self.client.lock().expect("the client does not panic");
                let pending = client.outbox().pending().iter().find(|pending| pending.id == id);
                self.ledger.said(
                    &self.account.user.id,
                    &self.name,
                    pending.expect("what is kept is pending"),
                );
                drop(client);
                self.account.storage.keep(&self.name, id, record);
            }
            Effect::Forget(id) => self.account.storage.forget(&self.name, id),
            Effect::Sign => self.account.storage.sign(&self.name, now()),
            Effect::WakeAt(at) => self.wake = Some(Millis(at.0)),
            Effect::Rename(from, to) => self.ledger.complain(format!("{from} is called {to} all at once")),
            Effect::Login(code) => {
                self.ledger.complain(format!("{} must log in again: {code:?}", self.account.user.name));
            }
        }
    }
}

/// Returns the system time.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    Millis(u64::try_from(since.as_millis()).expect("for some time to come"))
}
