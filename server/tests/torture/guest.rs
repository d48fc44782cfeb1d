//! A user in a storm: logs in, opens pages, and acts as users do, including everything that could lose a
//! message.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use chat::{
    id::{ClientId, UserId},
    protocol::{ClientLine, RoomPosition, User},
    room_name::RoomName,
};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::{Client, header, redirect::Policy};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use crate::{
    browser_storage::BrowserStorage,
    ledger::Ledger,
    page::{Account, Act, Page},
    patiently,
    seed::span,
    socket::{News, Socket},
    wire::{Line, Members},
};

/// Mean pause of a user between two actions.
const PAUSE: Duration = Duration::from_millis(900);

/// Logs a user in under a nickname.
pub(crate) async fn log_in(nickname: &str, address: SocketAddr) -> Arc<Account> {
    // The HTTP library is built without a TLS provider. Another guest may have installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let request = client.post(format!("http://{address}/login")).form(&[("nickname", nickname)]);
    let response = patiently("a login is answered", request.send()).await.expect("the server answers");
    assert_eq!(response.status(), 303, "{nickname} comes in");
    let cookie = response.headers().get(header::SET_COOKIE).expect("there is a cookie");
    let (cookie, _) = cookie.to_str().expect("plain text").split_once(';').expect("with attributes");
    // The server's welcome names the user.
    let user = patiently("a welcome", hear(cookie, address, Vec::new(), |line| line.welcome)).await.user;
    let user = User { id: UserId::parse(&user.id).expect("an id"), name: user.name.into() };
    Arc::new(Account { user, cookie: cookie.to_owned(), storage: BrowserStorage::default() })
}

/// Joins a room and returns its members, as the server lists them.
pub(crate) async fn look_around(account: &Account, address: SocketAddr, room: &RoomName) -> Members {
    let place = RoomPosition { room: room.to_string(), epoch: None, seq: None };
    let joined = hear(&account.cookie, address, vec![place], |line| line.joined);
    patiently("a room is entered", joined).await.members.expect("an answer to a join names who is there")
}

/// Sends hello, and waits for a line from which `look` returns something.
async fn hear<T>(
    cookie: &str,
    address: SocketAddr,
    rooms: Vec<RoomPosition>,
    look: impl Fn(Line) -> Option<T>,
) -> T {
    let (news, mut coming) = mpsc::channel(8);
    let socket = Socket::open(0, address, cookie, news);
    let hello = ClientLine::Hello { rooms, client: None, user: None }.print();
    loop {
        match coming.recv().await.expect("the socket is there").1 {
            News::Opened => assert!(socket.send(hello.clone()), "hello goes out"),
            News::Closed(code) => panic!("whoever says hello is cut off with {code}"),
            News::Received(frame) => {
                let mut lines = frame.lines().map(|line| serde_json::from_str::<Line>(line).expect("a line"));
                if let Some(found) = lines.find_map(&look) {
                    return found;
                }
            }
        }
    }
}

/// One browser window of a user, with one page at a time.
pub(crate) struct Guest {
    account: Arc<Account>,
    /// Tells the window from the others of the same user.
    window: usize,
    rooms: Vec<RoomName>,
    address: SocketAddr,
    ledger: Arc<Ledger>,
    chance: StdRng,
    pages: usize,
    words: usize,
}

impl Guest {
    /// Makes a window without a page. Its pages open some of the rooms.
    pub(crate) fn new(
        account: &Arc<Account>,
        window: usize,
        rooms: &[RoomName],
        address: SocketAddr,
        ledger: &Arc<Ledger>,
        chance: StdRng,
    ) -> Guest {
        Guest {
            account: account.clone(),
            window,
            rooms: rooms.to_vec(),
            address,
            ledger: ledger.clone(),
            chance,
            pages: 0,
            words: 0,
        }
    }

    /// Opens the next page.
    pub(crate) fn open(&mut self) -> Page {
        let name = format!("{}-{}-{}", self.account.user.name, self.window, self.pages);
        self.pages += 1;
        let name = ClientId::parse(&name).expect("a nickname without surprises, and numbers");
        let chance = rand::SeedableRng::seed_from_u64(self.chance.random());
        Page::open(&self.account, name, &self.rooms, self.address, &self.ledger, chance)
    }

    /// Returns a new message text.
    pub(crate) fn words(&mut self) -> String {
        self.words += 1;
        let length = if self.chance.random_bool(0.1) { 1_500 } else { 60 };
        let more = "茶".repeat(self.chance.random_range(0..length));
        format!("{} {} {}{more}.", self.account.user.name, self.window, self.words)
    }

    /// Returns one of the user's rooms.
    pub(crate) fn room(&mut self) -> RoomName {
        self.rooms.choose(&mut self.chance).expect("there are rooms").clone()
    }

    /// Acts until the storm is over; returns the last page and the number of pages that crashed.
    pub(crate) async fn weather(mut self, mut over: watch::Receiver<bool>) -> (Page, usize) {
        let mut page = self.open();
        let mut crashes = 0;
        loop {
            let pause = span(&mut self.chance, PAUSE);
            if timeout(pause, over.wait_for(|over| *over)).await.is_ok() {
                return (page, crashes);
            }
            match self.chance.random_range(0..100) {
                0..60 => self.say(&page, 1).await,
                // A dozen lines at once, as if pasted.
                60..64 => self.say(&page, 12).await,
                64..70 => page.act(Act::Visit(self.room())).await,
                70..76 => page.act(Act::Earlier).await,
                76..82 => {
                    let hole = page.client().active().timeline().holes().last();
                    if let Some(hole) = hole {
                        page.act(Act::Fill(hole)).await;
                    }
                }
                82..88 => page.act(Act::Type).await,
                88..92 => page.act(Act::Look(self.chance.random())).await,
                92..94 => page.act(Act::ConnectNow).await,
                94..97 => {
                    crashes += 1;
                    // The page crashes during the sends below: before a message is stored, before it is sent,
                    // or after.
                    page.act(Act::Crash(self.chance.random_range(0..5))).await;
                    self.say(&page, 2).await;
                    patiently("a page goes down", page.gone()).await;
                    sleep(span(&mut self.chance, Duration::from_secs(1))).await;
                    page = self.open();
                }
                _ => {
                    page.act(Act::Leave).await;
                    patiently("a page is left", page.gone()).await;
                    page = self.open();
                }
            }
        }
    }

    /// Sends this many messages in one of the rooms that the page has open.
    async fn say(&mut self, page: &Page, count: usize) {
        let room = self.room();
        for _ in 0..count {
            let words = self.words();
            page.act(Act::Say(room.clone(), words)).await;
        }
    }
}
