//! The state that views read: the client's state, as signals. Written by the side that runs the client, never
//! by a view.

use chat::{
    client::{Client, connection::Status, timeline::Earlier},
    protocol::{Refused, Seq, StreamingAnswer, User},
    room_name::RoomName,
    time::{Millis, Ticks},
};
use leptos::prelude::*;
use time::Time;

use crate::{
    boot::Boot,
    field::Field,
    row::{Reading, Row, Shows, Zone, drawn, key, rows},
};
use i18n::Language;

/// An open room in the room list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The room.
    pub room: RoomName,
    /// The number of unread messages.
    pub unread: usize,
    /// Whether it is the active room.
    pub active: bool,
    /// Whether messages are pending in it.
    pub waits: bool,
}

/// The state that views read.
#[derive(Clone, Copy)]
pub struct Model {
    /// The language of the user interface.
    pub language: Field<Language>,
    /// The logged-in user.
    pub me: Field<User>,
    /// The status of the connection.
    pub status: Field<Status>,
    /// The time of the steady clock, for countdowns; updated only while a countdown is shown.
    pub now: Field<Ticks>,
    /// The open rooms.
    pub tabs: Field<Vec<Tab>>,
    /// The active room.
    pub room: Field<RoomName>,
    /// Why the room cannot be joined, if it was refused.
    pub refused: Field<Option<Refused>>,
    /// The rendered lines of the active room.
    pub rows: Field<Vec<Row>>,
    /// Whether there are more lines before the first rendered one.
    pub above: Field<bool>,
    /// Whether there are more lines after the last rendered one.
    pub below: Field<bool>,
    /// Whether the user has scrolled away from the newest line.
    pub away: Field<bool>,
    /// The number of messages from others since then.
    pub since: Field<usize>,
    /// Increments when all lines are replaced, rather than some added or removed; their content is then not
    /// announced as new.
    pub life: Field<u32>,
    /// Whether the room's state has arrived from the server; until then, an empty timeline means nothing.
    pub known: Field<bool>,
    /// What the history holds before the first line.
    pub earlier: Field<Earlier>,
    /// The first seq in the timeline.
    pub first: Field<Seq>,
    /// Whether a history request is in flight.
    pub looking_back: Field<bool>,
    /// The number of members in the active room.
    pub here: Field<usize>,
    /// The members: all of them, or one page of a crowded room.
    pub members: Field<Vec<User>>,
    /// The built-in bots that answer in the active room.
    pub bots: Field<Vec<User>>,
    /// The users who are typing in the active room, without the current user.
    pub typists: Field<Vec<User>>,
    /// The streaming answers in the active room, each with its text so far.
    pub growing: Field<Vec<StreamingAnswer>>,
    /// The maximum message length in characters; 0 for no limit.
    pub text_limit: Field<usize>,
    /// Whether the outbox is full, so that nothing more can be sent until it drains.
    pub outbox_full: Field<bool>,
    /// Whether this browser stores nothing, so that pending messages last only as long as the page.
    pub forgetful: Field<bool>,
    /// The draft of the active room.
    pub draft: Field<String>,
    /// The nonce of the composer's form; it changes when something is sent.
    pub nonce: Field<String>,
    /// Why the form's text was not sent, until the user edits it; empty if there is no problem.
    pub problem: Field<String>,
    /// Proves which user the form was made for.
    pub form_key: Field<String>,
    /// Why pasted or dropped content was not taken; empty if it was.
    pub note: Field<String>,
    zone: Field<Zone>,
    /// The reading position, if the user has scrolled away from the newest line.
    reading: Field<Option<Reading>>,
    /// The newest message at the time when the user scrolled away.
    left_at: Field<Seq>,
    /// What the rows were last made from.
    drawn: Field<Option<Drawn>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Drawn {
    room: RoomName,
    timeline: u64,
    last: Seq,
    reading: Option<Reading>,
    left_off: Option<Seq>,
    outbox: u64,
    growing: u64,
}

/// Creates a client from the page's data.
pub fn client(boot: &Boot) -> Client {
    let mut client = Client::new(boot.user.clone(), boot.room.room.clone());
    client.preload(boot.room.clone());
    client.set_server_time(boot.now);
    client
}

impl Model {
    /// Creates the model of a client that was just created from a page's data. Server and browser both call
    /// this, so that their first renders agree.
    pub fn new(client: &Client, boot: &Boot) -> Model {
        let zone = Zone::stepwise(boot.offsets.clone());
        let room = client.active();
        let model = Model {
            language: Field::new(boot.language),
            me: Field::new(client.me().clone()),
            status: Field::new(client.status()),
            now: Field::new(Ticks(0)),
            tabs: Field::new(Vec::new()),
            room: Field::new(room.name().clone()),
            refused: Field::new(None),
            rows: Field::new(Vec::new()),
            above: Field::new(false),
            below: Field::new(false),
            away: Field::new(false),
            since: Field::new(0),
            life: Field::new(0),
            known: Field::new(false),
            earlier: Field::new(Earlier::Nothing),
            first: Field::new(0),
            looking_back: Field::new(false),
            here: Field::new(0),
            members: Field::new(Vec::new()),
            bots: Field::new(Vec::new()),
            typists: Field::new(Vec::new()),
            growing: Field::new(Vec::new()),
            text_limit: Field::new(client.text_limit()),
            outbox_full: Field::new(false),
            forgetful: Field::new(false),
            draft: Field::new(boot.form.text.clone()),
            nonce: Field::new(boot.form.nonce.clone()),
            problem: Field::new(boot.form.problem.clone()),
            form_key: Field::new(boot.form.key.clone()),
            note: Field::new(String::new()),
            zone: Field::new(zone),
            reading: Field::new(None),
            left_at: Field::new(0),
            drawn: Field::new(None),
        };
        model.show(client);
        model
    }

    /// Updates the signals from the client. Signals whose value stays the same do not notify.
    pub fn show(&self, client: &Client) {
        let room = client.active();
        self.me.show(client.me().clone());
        self.status.show(client.status());
        let tabs = client.rooms().iter().map(|open| Tab {
            room: open.name().clone(),
            unread: open.unread(),
            active: open.name() == room.name(),
            waits: client.outbox().waits_in(open.name()),
        });
        self.tabs.show(tabs.collect());
        self.refused.show(room.refused().cloned());
        self.earlier.show(room.timeline().earlier());
        self.first.show(room.timeline().first());
        self.looking_back.show(room.is_looking_back());
        let members = room.members();
        self.here.show(members.count);
        self.members.show(members.list.clone());
        self.bots.show(members.bots.clone());
        self.typists.show(room.typists().cloned().collect());
        self.text_limit.show(client.text_limit());
        self.outbox_full.show(client.outbox().is_full());
        // Before the rows: this replaces all lines, so that the old ones need not be updated first.
        let is_another = self.room.with_untracked(|shown| shown != room.name());
        if is_another || self.known.get_untracked() != room.is_known() {
            self.renew();
        }
        let reading = self.reading.get_untracked();
        let last = last(client);
        let drawn = Drawn {
            room: room.name().clone(),
            timeline: room.timeline().revision(),
            last,
            reading,
            left_off: room.left_off(),
            outbox: client.outbox().revision(),
            growing: room.growing().fold(0, |all, one| key(&(all, &one.user.id, &one.id))),
        };
        let before = self.drawn.with_untracked(Clone::clone);
        if before.as_ref() != Some(&drawn) {
            let heard = before.filter(|before| before.room == drawn.room).map_or(0, |before| before.last);
            self.drawn.set(Some(drawn));
            self.zone.with_untracked(|zone| self.draw(client, zone, heard));
            if reading.is_some() {
                let left_at = self.left_at.get_untracked();
                let since = room.timeline().messages().rev().take_while(|message| message.seq > left_at);
                self.since.show(since.filter(|message| message.user.id != client.me().id).count());
            }
        }
        self.away.show(reading.is_some());
        // After the rows: a streaming line that is about to go keeps its text to the end.
        self.growing.show(room.growing().cloned().collect());
        self.known.show(room.is_known());
        self.room.show(room.name().clone());
    }

    /// Returns the time of day of a moment, in the user's time zone.
    pub fn clock(&self, at: Millis) -> Time {
        self.zone.with_untracked(|zone| zone.local(at).1)
    }

    /// Renders the lines around a reading position, or the newest ones.
    pub fn look(&self, reading: Option<Reading>, client: &Client) {
        let was_away = self.reading.with_untracked(Option::is_some);
        if !was_away {
            self.left_at.set(last(client));
        }
        self.reading.set(reading);
        self.show(client);
    }

    fn draw(&self, client: &Client, zone: &Zone, heard: Seq) {
        let timeline = client.active().timeline();
        let drawn = drawn(timeline, self.reading.get_untracked());
        self.above.show(drawn.start > 0);
        self.below.show(drawn.end < timeline.entries().len());
        self.rows.set(rows(client, zone, drawn, heard));
    }

    /// Marks all lines as replaced and returns to the newest one.
    fn renew(&self) {
        self.reading.set(None);
        self.life.update(|life| *life += 1);
    }

    /// Switches to this time zone.
    pub fn tell_time_by(&self, zone: Zone, client: &Client) {
        let is_other = self.rows.with_untracked(|rows| {
            rows.iter().any(|row| match &row.shows {
                Shows::Message { message, date, time, .. } => zone.local(message.at) != (*date, *time),
                _ => false,
            })
        });
        if is_other {
            self.renew();
            self.draw(client, &zone, Seq::MAX);
        }
        self.zone.set(zone);
        self.show(client);
    }
}

/// Returns the last seq of the active room.
fn last(client: &Client) -> Seq {
    client.active().timeline().position().map_or(0, |(_, last)| last)
}

/// Returns the injected model.
pub fn use_model() -> Model {
    expect_context()
}
