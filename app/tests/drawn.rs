//! Which lines of a long timeline are rendered, and that they look as they would among all the others.

use std::ops::RangeInclusive;

use app::{
    boot::Boot,
    form::Form,
    model::Model,
    row::{DRAWN, Reading, Row, Shows, Zone, drawn, rows},
};
use chat::{
    client::{Client, Input, Now},
    id::{ClientId, Epoch, UserId},
    protocol::{Event, Joined, Members, Message, Page, Seq, ServerLine, User},
    room_name::RoomName,
    time::{Millis, Ticks},
};
use i18n::Language;
use leptos::prelude::Owner;

/// An hour before midnight.
const LATE: u64 = 1_795_183_400_000 - 1_795_183_400_000 % 86_400_000 + 23 * 3_600_000;
const LONG: Seq = 3 * DRAWN as Seq;

#[test]
fn of_a_long_timeline_the_newest_lines_are_drawn() {
    let client = client(LONG);
    assert_eq!(seqs(&lines(&client, None)), (LONG - DRAWN as Seq + 1..=LONG).collect::<Vec<_>>());
}

#[test]
fn around_what_is_read_as_much_is_drawn_at_either_end() {
    let client = client(LONG);
    let half = DRAWN as Seq / 2;
    for (at, first) in [(1, 1), (half, 1), (half + 100, 100), (LONG - 3, LONG - 2 * half + 1)] {
        let seqs = seqs(&lines(&client, Some(Reading { at, selected: None })));
        assert_eq!((seqs[0], seqs.len()), (first, DRAWN), "around {at}");
    }
}

#[test]
fn a_line_looks_the_same_wherever_the_drawing_begins() {
    let client = client(LONG);
    let all = rows(&client, &Zone::new(|_| 0), 0..usize::try_from(LONG).unwrap(), Seq::MAX);
    for at in (1..LONG).step_by(7) {
        let some = lines(&client, Some(Reading { at, selected: None }));
        let begins = all.iter().position(|row| row.key == some[0].key).expect("the first is among all");
        assert_eq!(all[begins..begins + some.len()], some, "around {at}");
    }
}

#[test]
fn what_is_selected_stays_unless_it_is_very_far_off() {
    let client = client(5 * LONG);
    let around = |at, selected| {
        let drawn = drawn(client.active().timeline(), Some(Reading { at, selected: Some(selected) }));
        (drawn.start + 1, drawn.end)
    };
    assert_eq!(around(2_000, (2_400, 2_410)), (1_840, 2_410));
    assert_eq!(around(2_000, (1_500, 1_510)), (1_500, 2_159));
    assert_eq!(around(2_000, (4_500, 4_510)), (1_840, 2_159));
    let all = usize::try_from(5 * LONG).unwrap();
    assert_eq!(around(5 * LONG, (5 * LONG - 10, 6 * LONG)).1, all, "what is selected may be there no more");
}

#[test]
fn what_comes_is_news_once_and_what_comes_back_into_sight_is_not() {
    Owner::new().with(|| {
        let (mut client, boot) = (client(LONG), boot(1..=1));
        let model = Model::new(&client, &boot);
        let is_news = |model: &Model, seq: Seq| {
            let is_it = |row: &Row| matches!(&row.shows, Shows::Message { message, past, .. } if message.seq == seq && !past);
            model.rows.get_untracked().iter().any(is_it)
        };
        hear(&mut client, &ServerLine::Message(message(LONG + 1)));
        model.show(&client);
        assert!(is_news(&model, LONG + 1) && !is_news(&model, LONG));

        model.look(Some(Reading { at: 1, selected: None }), &client);
        assert!(model.away.get_untracked() && model.below.get_untracked() && !model.above.get_untracked());
        hear(&mut client, &ServerLine::Message(message(LONG + 2)));
        model.show(&client);
        assert_eq!(model.since.get_untracked(), 1);

        model.look(None, &client);
        assert!(!model.away.get_untracked() && !model.below.get_untracked() && model.above.get_untracked());
        assert_eq!(seqs(&model.rows.get_untracked()).last(), Some(&(LONG + 2)));
        assert!(!is_news(&model, LONG + 1) && !is_news(&model, LONG + 2));
    });
}

#[test]
fn another_room_begins_with_its_newest_line() {
    Owner::new().with(|| {
        let (mut client, boot) = (client(LONG), boot(1..=1));
        let model = Model::new(&client, &boot);
        model.look(Some(Reading { at: 1, selected: None }), &client);
        client.apply(Input::Visit(RoomName::parse("tea").unwrap()), now());
        model.show(&client);
        assert!(!model.away.get_untracked());
    });
}

fn lines(client: &Client, reading: Option<Reading>) -> Vec<Row> {
    let drawn = drawn(client.active().timeline(), reading);
    rows(client, &Zone::new(|_| 0), drawn, Seq::MAX)
}

fn seqs(rows: &[Row]) -> Vec<Seq> {
    let seq = |row: &Row| match &row.shows {
        Shows::Message { message, .. } => Some(message.seq),
        _ => None,
    };
    rows.iter().filter_map(seq).collect()
}

/// Creates a client whose room has this many messages over some days, by two alternating users; the last
/// third is unread.
fn client(count: Seq) -> Client {
    let mut client = Client::new(user("Me"), RoomName::lobby());
    let Joined { epoch, .. } = boot(1..=1).room;
    client.apply(Input::Recall(RoomName::lobby(), epoch.clone(), count - count / 3), now());
    client.apply(Input::Start, now());
    client.apply(Input::Opened(1), now());
    let first = count.saturating_sub(99).max(1);
    hear(&mut client, &ServerLine::Joined(boot(first..=count).room));
    for last in (1..first).rev().step_by(100) {
        client.apply(Input::Earlier, now());
        let events = (last.saturating_sub(99).max(1)..=last).map(|seq| Event::Message(message(seq)));
        let page =
            Page { room: RoomName::lobby(), epoch: epoch.clone(), oldest: 1, events: events.collect() };
        hear(&mut client, &ServerLine::Page(page));
    }
    assert_eq!(client.active().timeline().entries().len() as Seq, count);
    client
}

fn hear(client: &mut Client, line: &ServerLine) {
    client.apply(Input::Received(1, &line.print()), now());
}

fn now() -> Now {
    Now { at: Millis(LATE), ticks: Ticks(LATE), random: 0.5 }
}

fn user(name: &str) -> User {
    User { id: UserId::parse(name).expect("letters"), name: name.into() }
}

fn message(seq: Seq) -> Message {
    Message {
        room: RoomName::lobby(),
        seq,
        id: ClientId::parse(&format!("c{seq}")).expect("a letter and digits"),
        user: user(if (seq / 5).is_multiple_of(2) { "Ann" } else { "Bo" }),
        text: "tea".into(),
        at: Millis(LATE + seq * 100_000),
    }
}

/// Returns a page's data with these messages.
fn boot(seqs: RangeInclusive<Seq>) -> Boot {
    let room = Joined {
        room: RoomName::lobby(),
        epoch: Epoch::parse("e1").expect("a letter and a digit"),
        head: *seqs.end(),
        oldest: 1,
        resumed: false,
        members: Members { count: 1, list: vec![user("Me")], bots: vec![] },
        events: seqs.map(|seq| Event::Message(message(seq))).collect(),
    };
    Boot {
        user: user("Me"),
        language: Language::English,
        room,
        focus: None,
        form: Form::default(),
        now: Millis(0),
        offsets: Vec::new(),
    }
}
