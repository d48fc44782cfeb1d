//! Drives the client: gives it what happens in the browser, performs what it asks for, and shows what it has become.
//!
//! Decides nothing about connecting, order or retries; that is `chat::client`'s.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use app::{
    action::{Action, Actions},
    model::Model,
};
use chat::{
    client::{Client, Effect, Input, Now, connection::Status},
    time::Millis,
};
use gloo_timers::callback::{Interval, Timeout};
use leptos::{ev, prelude::*, tachys::html::event::EventDescriptor};
use send_wrapper::SendWrapper;

use crate::{
    address, chance, clock, page,
    socket::{News, Socket},
    storage,
};

/// The longest that a browser's timer is set for, in milliseconds; after it the client looks again.
const LONGEST_TIMER_MS: u64 = 60_000;

/// The client of this page, and what it works with.
pub struct Driver {
    client: RefCell<Client>,
    model: Model,
    socket: RefCell<Option<Socket>>,
    timer: Cell<Option<Timeout>>,
    /// Whether the page is on its way out, so that the end of its connection is no news.
    leaving: Cell<bool>,
    /// Moves the countdown while there is one.
    countdown: RefCell<Option<Interval>>,
}

impl Driver {
    /// A driver that does nothing yet.
    pub fn new(client: Client, model: Model) -> Rc<Driver> {
        Rc::new(Driver {
            client: RefCell::new(client),
            model,
            socket: RefCell::new(None),
            timer: Cell::new(None),
            leaving: Cell::new(false),
            countdown: RefCell::new(None),
        })
    }

    /// What the views call. A page has one thread, so the wrapper never leaves it.
    pub fn actions(driver: &Rc<Driver>) -> Actions {
        let driver = SendWrapper::new(driver.clone());
        Actions::new(move |action| driver.act(action))
    }

    /// Takes up what this tab remembers, listens to the browser, and connects.
    pub fn start(self: Rc<Driver>) {
        for room in storage::rooms() {
            self.client.borrow_mut().open(room);
        }
        page::remember("tz", &clock::offset_minutes(clock::now()).to_string());
        self.model.tell_time_by(clock::zone(), &self.client.borrow());
        self.listen(&ev::visibilitychange, |driver| driver.drive(Input::Visible(page::is_visible())));
        self.listen(&ev::online, |driver| driver.drive(Input::Online(true)));
        self.listen(&ev::offline, |driver| driver.drive(Input::Online(false)));
        self.listen(&ev::popstate, |driver| {
            if let Some(room) = address::room() {
                driver.drive(Input::Visit(room));
            }
        });
        // A page that comes back from the browser's cache has lost its socket without a word.
        self.listen(&ev::pageshow, |driver| driver.drive(Input::Visible(page::is_visible())));
        self.drive(Input::Visible(page::is_visible()));
        self.drive(Input::Start);
    }

    fn listen(self: &Rc<Driver>, event: &impl EventDescriptor, react: impl Fn(&Rc<Driver>) + 'static) {
        let driver = self.clone();
        // It stays as long as the page does.
        drop(window_event_listener_untyped(&event.name(), move |_| react(&driver)));
    }

    fn act(self: &Rc<Driver>, action: Action) {
        match action {
            Action::Say(text) => {
                let room = self.client.borrow().active().name().clone();
                self.drive(Input::Say { room, id: chance::client_id(), text });
            }
            Action::Retry(id) => self.drive(Input::Retry(id)),
            Action::Discard(id) => self.drive(Input::Discard(id)),
            Action::Visit(room) => self.drive(Input::Visit(room)),
            Action::Leave(room) => self.drive(Input::Leave(room)),
            Action::Type => self.drive(Input::Typing),
            Action::ConnectNow => self.drive(Input::ConnectNow),
            Action::LogOut => {
                // Going elsewhere now would cancel the form, and with it the answer that takes the cookie back.
                self.leaving.set(true);
                self.socket.replace(None);
            }
            Action::Speak(language) => {
                page::remember("lang", language.code());
                self.model.language.set(language);
            }
        }
    }

    /// Gives the client an input and does what follows.
    fn drive(self: &Rc<Driver>, input: Input<'_>) {
        let now = Now { at: clock::now(), dice: chance::dice() };
        let effects = self.client.borrow_mut().apply(input, now);
        if self.leaving.get() {
            return;
        }
        for effect in effects {
            self.perform(effect);
        }
        let client = self.client.borrow();
        self.model.show(&client);
        self.count_down(client.status());
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
            Effect::WakeAt(at) => {
                let wait = at.since(clock::now()).min(LONGEST_TIMER_MS);
                let driver = self.clone();
                let wait = u32::try_from(wait).unwrap_or(u32::MAX);
                self.timer.set(Some(Timeout::new(wait, move || driver.drive(Input::Timer))));
            }
            Effect::Login(code) => address::login(Some(code)),
        }
    }

    /// Keeps the views' clock going while something is counted down, and only then.
    fn count_down(&self, status: Status) {
        let counting = matches!(status, Status::Waiting { .. });
        let mut countdown = self.countdown.borrow_mut();
        if counting {
            set_now(self.model, clock::now());
            let model = self.model;
            countdown.get_or_insert_with(|| Interval::new(1_000, move || set_now(model, clock::now())));
        } else {
            countdown.take();
        }
    }
}

fn set_now(model: Model, now: Millis) {
    model.now.set(now);
}
