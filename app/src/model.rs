//! What the views read: the client's state, as signals. Written by whoever runs the client, never by a view.

use chat::{
    client::{Client, connection::Status, timeline::Earlier},
    protocol::{Growing, Refused, Seq, User},
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

/// A room in the list of the open ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The room.
    pub room: RoomName,
    /// How many messages nobody has looked at.
    pub unread: usize,
    /// Whether it is the one that is looked at.
    pub active: bool,
    /// Whether something waits to be said in it.
    pub waits: bool,
}

/// What the views read.
#[derive(Clone, Copy)]
pub struct Model {
    /// The language of every word.
    pub language: Field<Language>,
    /// The reader.
    pub me: Field<User>,
    /// How the connection stands.
    pub status: Field<Status>,
    /// The present moment by the steady clock, for counting down; kept up to date only while there is something to count.
    pub now: Field<Ticks>,
    /// The open rooms.
    pub tabs: Field<Vec<Tab>>,
    /// The room that is looked at.
    pub room: Field<RoomName>,
    /// Why the room cannot be entered, if so.
    pub refused: Field<Option<Refused>>,
    /// Those lines of that room that are drawn.
    pub rows: Field<Vec<Row>>,
    /// Whether there are more lines before the first of these.
    pub above: Field<bool>,
    /// Whether there are more lines after the last of these.
    pub below: Field<bool>,
    /// Whether the reader has left the newest line behind.
    pub away: Field<bool>,
    /// How many messages of others have come since then.
    pub since: Field<usize>,
    /// Rises when the lines are others altogether, rather than more or fewer: then what they hold is no news.
    pub life: Field<u32>,
    /// Whether the server was heard about that room: before, that it has no lines means nothing.
    pub known: Field<bool>,
    /// What there is of that room before the first line.
    pub earlier: Field<Earlier>,
    /// The first seq that is here.
    pub first: Field<Seq>,
    /// Whether some of what was said is on its way.
    pub looking_back: Field<bool>,
    /// How many are in that room.
    pub here: Field<usize>,
    /// Who they are: all, or some of a crowd.
    pub members: Field<Vec<User>>,
    /// The programs that answer there.
    pub bots: Field<Vec<User>>,
    /// Who is writing in that room, without the reader.
    pub typists: Field<Vec<User>>,
    /// The answers that grow in that room, each with what there is of it.
    pub growing: Field<Vec<Growing>>,
    /// The longest message, in characters; 0 for no limit.
    pub text_limit: Field<usize>,
    /// Whether no more can be said until some of what waits has gone out.
    pub outbox_full: Field<bool>,
    /// Whether this browser keeps nothing, so that what waits lasts as long as the page.
    pub forgetful: Field<bool>,
    /// What is written in that room and not sent.
    pub draft: Field<String>,
    /// What tells the composer's form from others, until something is sent with it.
    pub nonce: Field<String>,
    /// Why the form's words were not sent, until they are changed; empty if there is nothing to say.
    pub problem: Field<String>,
    /// Proves whose form it is.
    pub form_key: Field<String>,
    /// What there is to say about something that was pasted or dropped, if it was not taken.
    pub note: Field<String>,
    zone: Field<Zone>,
    /// What the reader is at, if they have left the newest line behind.
    reading: Field<Option<Reading>>,
    /// The newest message at the time when they left it behind.
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

/// A client that knows what the page brought along.
pub fn client(boot: &Boot) -> Client {
    let mut client = Client::new(boot.user.clone(), boot.room.room.clone());
    client.preload(boot.room.clone());
    client.set_server_time(boot.now);
    client
}

impl Model {
    /// The model of a client that has just been made from a page's data. The first render of server and browser
    /// agree because both come from here.
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

    /// Shows what the client now is. Signals whose value stays the same are left alone.
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
        // Before the lines: what redraws them altogether then spares the old ones the change.
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
        // After the lines: one that goes keeps what it says to the end.
        self.growing.show(room.growing().cloned().collect());
        self.known.show(room.is_known());
        self.room.show(room.name().clone());
    }

    /// The time of day of a moment, in the reader's zone.
    pub fn clock(&self, at: Millis) -> Time {
        self.zone.with_untracked(|zone| zone.local(at).1)
    }

    /// Draws the lines around what is read, or the newest ones.
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

    /// The lines are others altogether, and the newest of them shows.
    fn renew(&self) {
        self.reading.set(None);
        self.life.update(|life| *life += 1);
    }

    /// From now on tells time by this zone.
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

/// The last seq of the room that the client looks at.
fn last(client: &Client) -> Seq {
    client.active().timeline().position().map_or(0, |(_, last)| last)
}

/// The model that was injected.
pub fn use_model() -> Model {
    expect_context()
}
