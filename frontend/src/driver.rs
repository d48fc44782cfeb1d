//! Drives the client: gives it what happens in the browser, performs what it asks for, and shows what it has become.
//!
//! Decides nothing about connecting, order or retries; that is `chat::client`'s.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use app::{
    action::{Action, Actions},
    draft::Drafts,
    model::Model,
};
use chat::{
    client::{Client, Effect, Input, Now, connection::Status},
    id::{ClientId, Epoch},
    protocol::Seq,
    room_name::RoomName,
    steady_clock::SteadyClock,
    time::{Millis, Ticks},
};
use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast as _;
use web_sys::{Event, StorageEvent};

use crate::{
    address, chance, clock, page,
    socket::{News, Socket},
    stopped,
    storage::{self, Cupboard, Shelf},
};

/// The longest that a browser's timer is set for, in milliseconds; after it the client looks again.
const LONGEST_TIMER_MS: u64 = 60_000;

/// So many times what the server says is shown at once within a spell of so many milliseconds, and what comes after that is
/// shown together when the spell ends: where a hundred messages come in a second, nobody reads them one by one.
const AT_ONCE: u32 = 5;
const SPELL_MS: u64 = 200;

/// The client of this page, and what it works with.
pub struct Driver {
    client: RefCell<Client>,
    model: Model,
    /// This page's name among those of its user.
    name: ClientId,
    cupboard: Cupboard,
    /// What was last kept of how far the rooms were seen.
    seen: RefCell<Option<(RoomName, Seq)>>,
    socket: RefCell<Option<Socket>>,
    steady: RefCell<SteadyClock>,
    timer: Cell<Option<Timeout>>,
    /// When the latest spell began, how often what was heard in it was shown, and what will show the rest.
    spell: Cell<(Ticks, u32)>,
    showing: RefCell<Option<Timeout>>,
    /// Whether the page is on its way out, so that the end of its connection is no news.
    leaving: Cell<bool>,
    /// Moves the countdown while there is one.
    countdown: RefCell<Option<Interval>>,
}

impl Driver {
    /// A driver that does nothing yet.
    pub fn new(client: Client, model: Model) -> Rc<Driver> {
        let name = chance::client_id();
        Rc::new(Driver {
            cupboard: Cupboard::of(&client.me().id),
            client: RefCell::new(client.named(name.clone())),
            model,
            name,
            seen: RefCell::default(),
            socket: RefCell::new(None),
            steady: RefCell::default(),
            timer: Cell::new(None),
            spell: Cell::new((Ticks(0), 0)),
            showing: RefCell::new(None),
            leaving: Cell::new(false),
            countdown: RefCell::new(None),
        })
    }

    /// What the views call. A page has one thread, so the wrapper never leaves it.
    pub fn actions(driver: &Rc<Driver>) -> Actions {
        let driver = SendWrapper::new(driver.clone());
        Actions::new(move |action| driver.act(action))
    }

    /// Takes up what this browser remembers, listens to it, and connects. A page that is about a message goes there.
    /// Words that were `posted` from the page before are no draft any more.
    pub fn start(self: Rc<Driver>, focus: Option<Seq>, posted: Option<(RoomName, Arc<str>)>) {
        if let Some(nonce) = page::nonce() {
            self.model.nonce.show(nonce);
        }
        for room in storage::rooms() {
            self.client.borrow_mut().open(room);
        }
        self.model.tell_time_by(clock::zone(), &self.client.borrow());
        self.listen("visibilitychange", |driver, _| driver.drive(Input::Visible(page::is_visible())));
        self.listen("online", |driver, _| driver.drive(Input::Online(true)));
        self.listen("offline", |driver, _| driver.drive(Input::Online(false)));
        self.listen("popstate", |driver, _| {
            if let Some(room) = address::room() {
                driver.drive(Input::Visit(room));
            }
        });
        // A page that comes back from the browser's cache has lost its socket without a word, and heard nothing of others.
        self.listen("pageshow", |driver, _| {
            driver.look_up();
            driver.drive(Input::Visible(page::is_visible()));
        });
        self.listen("pagehide", |driver, _| driver.cupboard.take(Shelf::Tab, driver.name.as_str()));
        self.listen("storage", Driver::hear_of);
        for (room, seen) in self.cupboard.entries(Shelf::Seen) {
            self.recall(&room, &seen);
        }
        self.take_up_drafts(posted.as_ref());
        self.look_up();
        self.drive(Input::Visible(page::is_visible()));
        self.drive(Input::Start);
        if let Some(seq) = focus {
            address::go_to(seq);
        }
    }

    fn listen(self: &Rc<Driver>, event: &str, react: fn(&Rc<Driver>, &Event)) {
        let driver = self.clone();
        // It stays as long as the page does.
        drop(window_event_listener_untyped(event, move |event| {
            if !stopped::is_stopped() {
                react(&driver, &event);
            }
        }));
    }

    /// Takes up what other tabs have kept and shown.
    fn look_up(self: &Rc<Driver>) {
        for (tab, at) in self.cupboard.entries(Shelf::Tab) {
            self.signed(&tab, Some(&at));
        }
        for (id, record) in self.cupboard.entries(Shelf::Outbox) {
            self.stored(&id, Some(&record));
        }
    }

    /// Another tab has put something into the cupboard, or has taken it out.
    fn hear_of(self: &Rc<Driver>, event: &Event) {
        let event: &StorageEvent = event.unchecked_ref();
        // Without a name, all was cleared: then what is here is all there is.
        let Some(name) = event.key() else { return };
        let value = event.new_value();
        if let Some(id) = self.cupboard.entry(Shelf::Outbox, &name) {
            self.stored(id, value.as_deref());
        } else if let Some(tab) = self.cupboard.entry(Shelf::Tab, &name) {
            self.signed(tab, value.as_deref());
        }
    }

    fn stored(self: &Rc<Driver>, id: &str, record: Option<&str>) {
        if let Ok(id) = ClientId::parse(id) {
            self.drive(Input::Stored(id, record));
        }
    }

    fn signed(self: &Rc<Driver>, tab: &str, at: Option<&str>) {
        if let Ok(tab) = ClientId::parse(tab) {
            let at = at.and_then(|at| at.parse().ok()).unwrap_or_default();
            self.drive(Input::Signed(tab, Millis(at)));
        }
    }

    fn recall(self: &Rc<Driver>, room: &str, seen: &str) {
        if let Ok(room) = RoomName::from_canonical(room)
            && let Some((epoch, seq)) = seen.split_once(' ')
            && let (Ok(epoch), Ok(seq)) = (Epoch::parse(epoch), seq.parse())
        {
            self.drive(Input::Recall(room, epoch, seq));
        }
    }

    /// Lays out what was written before; what stands in the composer already stays.
    fn take_up_drafts(&self, posted: Option<&(RoomName, Arc<str>)>) {
        let mut drafts = Drafts::default();
        for (room, text) in self.cupboard.entries(Shelf::Draft) {
            let Ok(room) = RoomName::from_canonical(&room) else { continue };
            if posted.is_some_and(|(to, words)| *to == room && **words == *text.trim()) {
                self.cupboard.take(Shelf::Draft, room.as_str());
            } else {
                drafts.keep(&room, text);
            }
        }
        app::composer::take_up(self.model, drafts);
    }

    /// Keeps what is written in the room that is looked at.
    fn write(&self, text: String) {
        let room = self.model.room.get_untracked();
        if text.is_empty() {
            self.cupboard.take(Shelf::Draft, room.as_str());
        } else {
            self.cupboard.put(Shelf::Draft, room.as_str(), &text);
        }
        if self.model.drafts.with_untracked(|drafts| drafts.of(&room) != text) {
            self.model.problem.show(String::new());
        }
        self.model.drafts.update(|drafts| drafts.keep(&room, text));
    }

    /// A room is called otherwise than it was: what was written in it goes along, unless something is written there.
    fn move_draft(&self, from: &RoomName, to: &RoomName) {
        self.cupboard.take(Shelf::Draft, from.as_str());
        self.model.drafts.update(|drafts| {
            let text = drafts.of(from).to_owned();
            if !text.is_empty() && drafts.of(to).is_empty() {
                self.cupboard.put(Shelf::Draft, to.as_str(), &text);
                drafts.keep(to, text);
            }
            drafts.keep(from, String::new());
        });
    }

    /// Keeps how far the room that is looked at was seen, if that is news.
    fn keep_seen(&self, client: &Client) {
        let room = client.active();
        let seq = room.seen_seq();
        if let Some((epoch, _)) = room.timeline().position()
            && seq > 0
        {
            let seen = format!("{epoch} {seq}");
            let last = Some((room.name().clone(), seq));
            if *self.seen.borrow() != last {
                self.cupboard.put(Shelf::Seen, room.name().as_str(), &seen);
                self.seen.replace(last);
            }
        }
    }

    fn act(self: &Rc<Driver>, action: Action) {
        match action {
            Action::Say(text) => {
                let room = self.client.borrow().active().name().clone();
                let nonce = self.model.nonce.get_untracked();
                // As the form would name it, lest it be sent twice by one who sends the form too.
                let id = ClientId::of_form(&nonce, &text).unwrap_or_else(|_| chance::client_id());
                self.model.nonce.set(chance::client_id().to_string());
                storage::forget_form(&self.client.borrow().me().id, &room);
                self.drive(Input::Say { room, id, text });
            }
            Action::Retry(id) => self.drive(Input::Retry(id)),
            Action::Discard(id) => self.drive(Input::Discard(id)),
            Action::Visit(room) => {
                self.model.problem.show(String::new());
                self.drive(Input::Visit(room));
            }
            Action::Leave(room) => self.drive(Input::Leave(room)),
            Action::Look(reading) => self.model.look(reading, &self.client.borrow()),
            Action::Earlier => self.drive(Input::Earlier),
            Action::Fill(hole) => self.drive(Input::Fill(hole)),
            Action::Members => self.drive(Input::Members),
            Action::Stop(id) => self.drive(Input::Stop(id)),
            Action::Write(text) => {
                if !text.is_empty() {
                    self.drive(Input::Typing);
                }
                self.write(text);
            }
            Action::ConnectNow => self.drive(Input::ConnectNow),
            Action::LogOut => {
                // Going elsewhere now would cancel the form, and with it the answer that takes the cookie back.
                self.leaving.set(true);
                self.socket.replace(None);
            }
            Action::Speak(language) => {
                page::remember("lang", language.code());
                if page::is_translated() {
                    // The page's own words are somewhere in the translator's elements.
                    address::reload();
                } else {
                    self.model.language.set(language);
                }
            }
        }
    }

    /// Gives the client an input and does what follows.
    fn drive(self: &Rc<Driver>, input: Input<'_>) {
        if stopped::is_stopped() {
            return;
        }
        let is_heard = matches!(input, Input::Received(..));
        let now = Now { at: clock::now(), ticks: self.ticks(), dice: chance::dice() };
        let effects = self.client.borrow_mut().apply(input, now);
        if self.leaving.get() {
            return;
        }
        for effect in effects {
            self.perform(effect);
        }
        if is_heard {
            self.show_heard(now.ticks);
        } else {
            self.show();
        }
    }

    /// Shows what the client has become by what it heard: at once, or when the spell ends.
    fn show_heard(self: &Rc<Driver>, now: Ticks) {
        let (began, shown) = self.spell.get();
        let left = SPELL_MS.saturating_sub(now.since(began));
        if left == 0 {
            self.spell.set((now, 1));
            self.show();
        } else if shown < AT_ONCE {
            self.spell.set((began, shown + 1));
            self.show();
        } else if self.showing.borrow().is_none() {
            let driver = self.clone();
            let left = u32::try_from(left).unwrap_or_default();
            let show = move || {
                if !stopped::is_stopped() {
                    driver.show();
                }
            };
            self.showing.replace(Some(Timeout::new(left, show)));
        }
    }

    /// Shows what the client has become.
    fn show(self: &Rc<Driver>) {
        self.showing.take();
        let client = self.client.borrow();
        self.model.show(&client);
        self.count_down(client.status());
        self.keep_seen(&client);
        address::show(client.active().name());
        storage::keep_rooms(client.rooms().iter().map(chat::client::open_room::OpenRoom::name));
    }

    fn perform(self: &Rc<Driver>, effect: Effect) {
        match effect {
            Effect::Open(number) => {
                let driver = self.clone();
                let socket = Socket::open(&address::socket(), move |news| match news {
                    News::Opened => driver.drive(Input::Opened(number)),
                    News::Received(frame) => driver.drive(Input::Received(number, &frame)),
                    News::Closed(code) => driver.drive(Input::Closed(number, code)),
                });
                self.socket.replace(Some(socket));
            }
            Effect::Transmit(_, frame) => {
                let sent = self.socket.borrow().as_ref().is_some_and(|socket| socket.send(frame));
                if !sent {
                    // The client's deadline finds out, and sends again on the next connection.
                    self.socket.replace(None);
                }
            }
            Effect::Close(_) => {
                self.socket.replace(None);
            }
            Effect::Keep(id, record) => {
                if !self.cupboard.put(Shelf::Outbox, id.as_str(), &record) {
                    self.model.forgetful.show(true);
                }
            }
            Effect::Forget(id) => self.cupboard.take(Shelf::Outbox, id.as_str()),
            Effect::Sign => {
                self.cupboard.put(Shelf::Tab, self.name.as_str(), &clock::now().0.to_string());
            }
            Effect::WakeAt(at) => {
                let wait = at.since(self.ticks()).min(LONGEST_TIMER_MS);
                let driver = self.clone();
                let wait = u32::try_from(wait).unwrap_or(u32::MAX);
                self.timer.set(Some(Timeout::new(wait, move || driver.drive(Input::Timer))));
            }
            Effect::Login(code) => address::login(Some(code)),
            Effect::Rename(from, to) => self.move_draft(&from, &to),
        }
    }

    /// Keeps the views' clock going while something is counted down, and only then.
    fn count_down(self: &Rc<Driver>, status: Status) {
        let counting = matches!(status, Status::Waiting { .. });
        let mut countdown = self.countdown.borrow_mut();
        if counting {
            self.model.now.set(self.ticks());
            let driver = self.clone();
            let count = move || driver.model.now.set(driver.ticks());
            countdown.get_or_insert_with(|| Interval::new(1_000, count));
        } else {
            countdown.take();
        }
    }

    /// What the steady clock shows.
    fn ticks(&self) -> Ticks {
        self.steady.borrow_mut().read(clock::now(), clock::monotonic())
    }
}
