//! The driver of the client: passes browser events to it, performs its effects, and updates the views' model.
//!
//! Never decides about connecting, ordering or retries; `chat::client` does.

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

/// The longest delay of a browser timer, in milliseconds; afterwards the client checks again.
const LONGEST_TIMER_MS: u64 = 60_000;

/// Up to this many received frames are rendered immediately within an interval of this many milliseconds;
/// later ones are rendered together at its end. At a hundred messages per second, nobody reads them one by
/// one.
const AT_ONCE: u32 = 5;
const SPELL_MS: u64 = 200;

/// The client of this page, and its dependencies.
pub struct Driver {
    client: RefCell<Client>,
    model: Model,
    /// This page's name among the pages of its user.
    name: ClientId,
    /// The name of this page's tab, under which drafts survive a reload.
    tab: String,
    drafts: RefCell<Drafts>,
    store: LocalStore,
    /// The read position that was stored last.
    seen: RefCell<Option<(RoomName, Seq)>>,
    socket: RefCell<Option<Socket>>,
    steady: RefCell<SteadyClock>,
    timer: Cell<Option<Timeout>>,
    /// The start of the current render interval, the number of renders in it, and the timer that renders the
    /// rest.
    spell: Cell<(Ticks, u32)>,
    showing: RefCell<Option<Timeout>>,
    /// Whether the page is being left, so that the end of its connection is not reported.
    leaving: Cell<bool>,
    /// Advances the countdown while one is shown.
    countdown: RefCell<Option<Interval>>,
}

impl Driver {
    /// Creates a driver that does nothing yet.
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

    /// Returns the actions for the views. A page has only one thread, so the wrapper never leaves it.
    pub fn actions(driver: &Rc<Driver>) -> Actions {
        let driver = SendWrapper::new(driver.clone());
        Actions::new(move |action| driver.act(action))
    }

    /// Restores what this browser has stored, registers the listeners, and connects. A page with a `focus`
    /// scrolls to that message. A draft whose text was `posted` from the page before is dropped.
    pub fn start(self: Rc<Driver>, focus: Option<Seq>, posted: Option<&(RoomName, Arc<str>)>) {
        if stopped::is_stopped() {
            // The first render failed, and another instance replaces this one.
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
        // A page restored from the back/forward cache has lost its socket without an event, and missed the
        // changes of other tabs.
        self.listen("pageshow", |driver, event| {
            driver.look_up();
            if event.unchecked_ref::<PageTransitionEvent>().persisted() {
                if driver.leaving.get() {
                    // After a logout, going back shows the server's current page.
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
        // The listener stays for the life of the page.
        drop(window_event_listener_untyped(event, move |event| {
            if !stopped::is_stopped() {
                react(&driver, &event);
            }
        }));
    }

    /// Handles that the page is shown again, possibly after a time in which it missed the changes of other
    /// pages.
    fn resume(self: &Rc<Driver>) {
        storage::swap_tab_name(None);
        for (room, seen) in self.store.entries(Collection::Seen) {
            self.seen(&room, &seen, Input::SeenElsewhere);
        }
        // If storage has failed, the drafts exist only here.
        if !self.model.forgetful.get_untracked() {
            self.drafts.replace(Drafts::new(self.tab.clone()));
            self.take_up_first_draft("", None);
        }
    }

    fn act(self: &Rc<Driver>, action: Action) {
        match action {
            Action::Send(text) => {
                let room = self.client.borrow().active().name().clone();
                let nonce = self.model.nonce.get_untracked();
                // The same id as the form would yield, so that submitting the form as well does not send the
                // message twice.
                let id = ClientId::of_form(&nonce, &text).unwrap_or_else(|_| chance::client_id());
                self.model.nonce.set(chance::client_id().to_string());
                storage::forget_form(&self.client.borrow().me().id, &room);
                self.drive(Input::Send { room, id, text });
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
                // Navigating now would cancel the form's request, and with it the response that deletes the
                // cookie.
                self.leaving.set(true);
                self.socket.replace(None);
            }
            Action::SetLanguage(language) => {
                page::remember("lang", language.code());
                if page::is_translated() {
                    // The text nodes of the page are somewhere inside the translator's elements.
                    address::reload();
                } else {
                    self.model.language.set(language);
                }
            }
        }
    }

    /// Passes an input to the client and performs its effects.
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

    /// Renders what a received frame has changed: immediately, or at the end of the interval.
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

    /// Renders the client's current state.
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
                    // The client's timeout detects this, and sends again on the next connection.
                    self.socket.replace(None);
                }
            }
            Effect::Close(_) => {
                self.socket.replace(None);
            }
            Effect::Store(id, record) => {
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

    /// Runs the views' clock while a countdown is shown, and only then.
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

    /// Returns the time of the steady clock.
    fn ticks(&self) -> Ticks {
        self.steady.borrow_mut().read(clock::now(), clock::monotonic())
    }
}
