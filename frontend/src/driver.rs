//! Drives the client: gives it what happens in the browser, performs what it asks for, and shows what it has become.
//!
//! Decides nothing about connecting, order or retries; that is `chat::client`'s.

mod drafts;
mod tabs;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use app::{
    action::{Action, Actions},
    draft::{self, Drafts},
    model::Model,
};
use chat::{
    client::{Client, Effect, Input, Now, connection::Status},
    id::ClientId,
    protocol::Seq,
    room_name::RoomName,
    steady_clock::SteadyClock,
    time::Ticks,
};
use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast as _;
use web_sys::{ClipboardEvent, DragEvent, Event, PageTransitionEvent};

use crate::{
    address, chance, clock, page,
    socket::{News, Socket},
    stopped,
    storage::{self, Collection, LocalStore},
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
    /// The name of the tab that this page is in, which its drafts keep over a reload.
    tab: String,
    drafts: RefCell<Drafts>,
    store: LocalStore,
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
    pub fn new(mut client: Client, model: Model) -> Rc<Driver> {
        let name = chance::client_id();
        let tab = storage::swap_tab_name(None).unwrap_or_else(|| name.to_string());
        for room in storage::rooms(&client.me().id) {
            client.open(room);
        }
        Rc::new(Driver {
            store: LocalStore::of(&client.me().id),
            client: RefCell::new(client.named(name.clone())),
            model,
            name,
            drafts: RefCell::new(Drafts::new(tab.clone())),
            tab,
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
    pub fn start(self: Rc<Driver>, focus: Option<Seq>, posted: Option<&(RoomName, Arc<str>)>) {
        if stopped::is_stopped() {
            // The first render failed, and another instance takes its place.
            return;
        }
        stopped::hand_on_at_stop(&self.tab);
        if let Some(nonce) = page::nonce() {
            self.model.nonce.show(nonce);
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
        self.listen("pageshow", |driver, event| {
            driver.look_up();
            if event.unchecked_ref::<PageTransitionEvent>().persisted() {
                if driver.leaving.get() {
                    // Whoever goes back after they have logged out is shown what the server shows them.
                    return address::reload();
                }
                driver.resume();
            }
            driver.drive(Input::Visible(page::is_visible()));
        });
        self.listen("pagehide", |driver, _| {
            driver.store.take(Collection::Tab, driver.name.as_str());
            storage::swap_tab_name(Some(&driver.tab));
        });
        self.listen("storage", Driver::hear_of);
        for event in ["dragover", "drop"] {
            self.listen(event, |driver, event| {
                if let Some(dragged) = event.unchecked_ref::<DragEvent>().data_transfer() {
                    app::paste::drop_on_page(&driver.model, event, &dragged);
                }
            });
        }
        self.listen("paste", |driver, event| {
            if let Some(pasted) = event.unchecked_ref::<ClipboardEvent>().clipboard_data() {
                app::paste::paste(&driver.model, event, &pasted);
            }
        });
        self.listen("keydown", |_, event| app::keys::press(event.unchecked_ref()));
        for (room, seen) in self.store.entries(Collection::Seen) {
            self.seen(&room, &seen, Input::Recall);
        }
        self.take_up_first_draft(&app::composer::typed(&self.model), posted);
        self.keep_drafts(draft::tidy(&self.kept_drafts()));
        self.look_up();
        self.take_up_left_behind();
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

    /// The page is shown again, perhaps after a time in which it did not hear of other pages.
    fn resume(self: &Rc<Driver>) {
        storage::swap_tab_name(None);
        for (room, seen) in self.store.entries(Collection::Seen) {
            self.seen(&room, &seen, Input::SeenElsewhere);
        }
        // What the storage did not take is here alone.
        if !self.model.forgetful.get_untracked() {
            self.drafts.replace(Drafts::new(self.tab.clone()));
            self.take_up_first_draft("", None);
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
                self.write(&text);
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
        let now = Now { at: clock::now(), ticks: self.ticks(), random: chance::random() };
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
        let room = client.active().name();
        if self.model.room.with_untracked(|shown| shown != room) {
            self.take_up_draft(room);
            self.model.note.show(String::new());
        }
        self.model.show(&client);
        self.count_down(client.status());
        self.keep_seen(&client);
        address::show(client.active().name());
        let rooms = client.rooms().iter().map(chat::client::open_room::OpenRoom::name);
        storage::keep_rooms(&client.me().id, rooms);
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
                if !self.store.put(Collection::Outbox, id.as_str(), &record) {
                    self.model.forgetful.show(true);
                }
            }
            Effect::Forget(id) => self.store.take(Collection::Outbox, id.as_str()),
            Effect::Sign => {
                self.store.put(Collection::Tab, self.name.as_str(), &clock::now().0.to_string());
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
