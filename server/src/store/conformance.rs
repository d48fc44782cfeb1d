//! The store contract as tests: every store runs all of them through [`conformance`]. Knows no particular
//! store.

use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use tokio::{sync::mpsc, time::timeout};

use super::{Appended, AppendedBatch, Extent, NewMessage, Piece, SharedStore, Slice, StoreError};
use crate::{clock, events::StoreEvent};

mod names;
mod records;

pub(crate) use names::*;
pub(crate) use records::*;

/// How long an expected event may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store for one test.
pub(crate) struct Bench {
    pub(crate) store: SharedStore,
    pub(crate) news: Told,
    /// Whatever must outlive the store.
    pub(crate) _beneath: Box<dyn Any + Send>,
}

/// Runs the suite over the stores that `$open` opens: given a room's retention limit, it returns a [`Bench`].
macro_rules! conformance {
    ($open:path; $($name:ident: $retain:literal,)*) => {
        mod conformance {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let bench = $open($retain).await;
                    $crate::store::conformance::$name(bench).await;
                }
            )*
        }
    };
    ($open:path) => {
        $crate::store::conformance::conformance! { $open;
            messages_get_dense_seqs_in_their_order: 0,
            a_repeat_gets_the_original_back: 0,
            an_id_is_used_once_by_a_user_in_a_room: 0,
            a_repeat_is_known_after_its_message_is_gone: 3,
            beyond_what_is_retained_the_oldest_go: 3,
            a_piece_is_what_it_is_called: 10,
            a_room_in_which_nobody_has_spoken_is_empty: 0,
            a_large_piece_is_whole: 0,
            news_comes_in_order_and_after_it_can_be_read: 0,
            a_room_that_is_followed_again_is_told_of_again: 0,
            many_who_speak_at_once_in_many_rooms_keep_their_order: 0,
            a_nickname_has_one_user_at_a_time: 0,
            a_nickname_is_free_when_its_time_is_over: 0,
            a_nickname_can_be_let_go: 0,
            a_record_is_the_last_that_was_put: 0,
            a_record_that_is_put_where_there_is_none_takes_no_place: 0,
            a_record_that_is_struck_is_gone: 0,
            of_many_who_put_or_strike_a_record_at_once_one_is_told_so: 0,
            records_are_no_part_of_any_room: 0,
            a_store_that_is_closed_takes_nothing: 0,
        }
    };
}
pub(crate) use conformance;

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

pub(crate) fn user(name: &str) -> User {
    User { id: UserId::parse(&name.to_lowercase()).unwrap(), name: name.into() }
}

/// Creates a message from Ann in the lobby.
pub(crate) fn draft(id: &str, text: &str) -> NewMessage {
    draft_in("lobby", "Ann", id, text)
}

pub(crate) fn draft_in(name: &str, by: &str, id: &str, text: &str) -> NewMessage {
    let id = ClientId::parse(id).unwrap();
    NewMessage { room: room(name), id, user: user(by), text: text.into(), at: clock::now() }
}

/// Creates numbered messages for the lobby.
pub(crate) fn drafts(numbers: impl IntoIterator<Item = u64>) -> Vec<NewMessage> {
    numbers.into_iter().map(|n| draft(&format!("m{n}"), &format!("茶 {n}"))).collect()
}

/// Returns all outcomes of an append that must have succeeded entirely.
pub(crate) fn whole(kept: AppendedBatch) -> Vec<Appended> {
    assert!(kept.failed.is_none(), "{:?}", kept.failed);
    kept.appended
}

/// Returns the stored messages; every one must be new.
pub(crate) fn new(kept: AppendedBatch) -> Vec<Message> {
    let new = |appended| match appended {
        Appended::New(message) => message,
        other => panic!("{other:?} is not new"),
    };
    whole(kept).into_iter().map(new).collect()
}

pub(crate) fn seqs(messages: &[Message]) -> Vec<Seq> {
    messages.iter().map(|message| message.seq).collect()
}

/// Returns all retained messages of a room.
pub(crate) async fn all(store: &SharedStore, name: &str) -> Slice {
    store.read(room(name), Piece::Between { after: 0, upto: Seq::MAX }).await.unwrap()
}

/// A store's published events, and the messages not looked at yet.
pub(crate) struct Told {
    pub(crate) news: mpsc::Receiver<StoreEvent>,
    waiting: VecDeque<(Epoch, Message)>,
}

impl Told {
    pub(crate) fn of(news: mpsc::Receiver<StoreEvent>) -> Told {
        Told { news, waiting: VecDeque::new() }
    }
}

/// Returns the next published message.
pub(crate) async fn told(told: &mut Told) -> (Epoch, Message) {
    let committed = async {
        loop {
            if let Some(next) = told.waiting.pop_front() {
                return next;
            }
            match told.news.recv().await.expect("the store is open") {
                StoreEvent::Committed(epoch, messages) => {
                    told.waiting.extend(messages.into_iter().map(|message| (epoch.clone(), message)));
                }
                StoreEvent::Behind(_) | StoreEvent::Available(_) | StoreEvent::Elsewhere(_) => {}
            }
        }
    };
    timeout(PATIENCE, committed).await.expect("it is told")
}

pub(crate) async fn messages_get_dense_seqs_in_their_order(bench: Bench) {
    let store = bench.store;
    let kept = store.append(vec![
        draft_in("a", "Ann", "1", "one"),
        draft_in("b", "Ann", "1", "one in b"),
        draft_in("a", "Bob", "2", "two"),
        draft_in("a", "Ann", "3", "three"),
        draft_in("b", "Bob", "4", "two in b"),
    ]);
    assert_eq!(seqs(&new(kept.await)), [1, 1, 2, 3, 2]);
    assert_eq!(seqs(&new(store.append(vec![draft_in("a", "Ann", "4", "four")]).await)), [4]);
    let slice = all(&store, "a").await;
    assert_eq!(slice.extent, Extent { head: 4, oldest: 1 });
    let texts: Vec<&str> = slice.messages.iter().map(|message| &*message.text).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    let names: Vec<&str> = slice.messages.iter().map(|message| &*message.user.name).collect();
    assert_eq!(names, ["Ann", "Bob", "Ann", "Ann"]);
    assert_eq!(all(&store, "b").await.extent, Extent { head: 2, oldest: 1 });
    assert!(slice.messages.is_sorted_by_key(|message| message.at));
    assert!(whole(store.append(Vec::new()).await).is_empty());
}

pub(crate) async fn a_repeat_gets_the_original_back(mut bench: Bench) {
    let store = bench.store;
    store.follow(RoomName::lobby()).await.unwrap();
    let original = new(store.append(vec![draft("m", "tea\n\"and\" 茶")]).await).remove(0);
    let mut again = draft("m", "tea\n\"and\" 茶");
    again.user.name = "Anna".into();
    let kept = store.append(vec![draft("n", "more"), again, draft("n", "more")]).await;
    let kept = whole(kept);
    let Appended::New(more) = &kept[0] else { panic!("{kept:?}") };
    assert_eq!(kept[1..], [Appended::Known(original.clone()), Appended::Known(more.clone())]);
    assert_eq!(all(&store, "lobby").await.messages, [original.clone(), more.clone()]);
    new(store.append(vec![draft("o", "last")]).await);
    for expected in [&original.id, &more.id, &ClientId::parse("o").unwrap()] {
        assert_eq!(told(&mut bench.news).await.1.id, *expected, "a repeat is no news");
    }
}

pub(crate) async fn an_id_is_used_once_by_a_user_in_a_room(bench: Bench) {
    let store = bench.store;
    let kept = store.append(vec![
        draft_in("a", "Ann", "m", "tea"),
        draft_in("a", "Ann", "m", "coffee"),
        draft_in("a", "Bob", "m", "water"),
        draft_in("b", "Ann", "m", "milk"),
    ]);
    let kept = whole(kept.await);
    assert!(matches!(&kept[0], Appended::New(message) if message.seq == 1));
    assert_eq!(kept[1], Appended::Reused);
    assert!(matches!(&kept[2], Appended::New(message) if message.seq == 2));
    assert!(matches!(&kept[3], Appended::New(message) if message.seq == 1));
    assert_eq!(whole(store.append(vec![draft_in("a", "Ann", "m", "juice")]).await), [Appended::Reused]);
    assert_eq!(all(&store, "a").await.extent.head, 2);
}

pub(crate) async fn a_repeat_is_known_after_its_message_is_gone(bench: Bench) {
    let store = bench.store;
    let messages = new(store.append(drafts(1..=9)).await);
    assert_eq!(all(&store, "lobby").await.extent.oldest, 7);
    for (draft, message) in drafts(1..=9).into_iter().zip(messages) {
        let mut again = draft.clone();
        again.user.name = "Anna".into();
        assert_eq!(whole(store.append(vec![again]).await), [Appended::Known(message)]);
        let other = NewMessage { text: "other".into(), ..draft };
        assert_eq!(whole(store.append(vec![other]).await), [Appended::Reused]);
    }
    assert_eq!(all(&store, "lobby").await.extent, Extent { head: 9, oldest: 7 });
}

pub(crate) async fn beyond_what_is_retained_the_oldest_go(bench: Bench) {
    let store = bench.store;
    for n in 1..=7 {
        new(store.append(drafts([n])).await);
        let slice = all(&store, "lobby").await;
        let oldest = n.saturating_sub(2).max(1);
        assert_eq!(slice.extent, Extent { head: n, oldest });
        assert!(seqs(&slice.messages).into_iter().eq(oldest..=n), "{n}: {:?}", seqs(&slice.messages));
    }
    new(store.append(drafts(8..=20)).await);
    let slice = all(&store, "lobby").await;
    assert_eq!(slice.extent, Extent { head: 20, oldest: 18 });
    assert_eq!(seqs(&slice.messages), [18, 19, 20]);
}

pub(crate) async fn a_piece_is_what_it_is_called(bench: Bench) {
    let store = bench.store;
    let mut said: Vec<Message> = Vec::new();
    // Some of the messages must share a time, and some must not.
    while said.len() < 15 || said[said.len() - 10].at == said[said.len() - 1].at {
        let next = said.len() as u64;
        said.extend(new(store.append(drafts(next..next + 3)).await));
    }
    let head = said.len() as u64;
    let oldest = head - 9;
    let kept = said.split_off(usize::try_from(oldest - 1).unwrap());
    let within = |first: Seq, last: Seq| -> Vec<Message> {
        kept.iter().filter(|message| (first..=last).contains(&message.seq)).cloned().collect()
    };
    let check = async |piece: Piece, expected: Vec<Message>| {
        let slice = store.read(RoomName::lobby(), piece).await.unwrap();
        assert_eq!(slice.extent, Extent { head, oldest }, "{piece:?}");
        assert_eq!(slice.messages, expected, "{piece:?}");
    };
    let places: Vec<Seq> = (0..=2).chain(oldest - 2..=head + 2).chain([1 << 40, Seq::MAX]).collect();
    for &seq in &places {
        for &upto in &places {
            check(Piece::Between { after: seq, upto }, within(seq.saturating_add(1), upto)).await;
        }
        for limit in [0, 1, 2, 3, 9, 10, 11, 100] {
            let newest = seq.min(head);
            let latest = within((newest + 1).saturating_sub(limit.into()), newest);
            check(Piece::Latest { upto: seq, limit }, latest).await;
        }
        for limit in [1, 2, 3, 9, 10, 11, 100] {
            let most = u64::from(limit);
            let first = seq.saturating_sub(most / 2).min((head + 1).saturating_sub(most)).max(oldest);
            check(Piece::Around { seq, limit }, within(first, first + most - 1)).await;
        }
    }
    let moments = kept.iter().flat_map(|message| [message.at - 1, message.at, message.at + 1]);
    for at in moments.chain([Millis(0), Millis(u64::MAX)]) {
        for limit in [0, 1, 2, 9, 10, 100] {
            let since = kept.iter().filter(|message| message.at >= at).take(limit).cloned();
            let limit = u32::try_from(limit).unwrap();
            check(Piece::Since { at, limit }, since.collect()).await;
        }
    }
}

pub(crate) async fn a_room_in_which_nobody_has_spoken_is_empty(bench: Bench) {
    let store = bench.store;
    assert_eq!(store.follow(room("empty")).await.unwrap().seq, 0);
    for piece in [
        Piece::Between { after: 0, upto: Seq::MAX },
        Piece::Latest { upto: Seq::MAX, limit: 10 },
        Piece::Around { seq: 5, limit: 10 },
        Piece::Since { at: Millis(0), limit: 10 },
    ] {
        let slice = store.read(room("empty"), piece).await.unwrap();
        assert_eq!((slice.extent, slice.messages), (Extent::default(), Vec::new()), "{piece:?}");
    }
}

pub(crate) async fn a_large_piece_is_whole(bench: Bench) {
    let store = bench.store;
    let messages = new(store.append(drafts(1..=4_500)).await);
    let slice = all(&store, "lobby").await;
    assert_eq!(slice.extent, Extent { head: 4_500, oldest: 1 });
    assert_eq!(slice.messages, messages);
    let latest = store.read(RoomName::lobby(), Piece::Latest { upto: 4_000, limit: 3_000 }).await.unwrap();
    assert_eq!(latest.messages, messages[1_000..4_000]);
}

pub(crate) async fn news_comes_in_order_and_after_it_can_be_read(bench: Bench) {
    let Bench { store, mut news, _beneath } = bench;
    let head = store.follow(RoomName::lobby()).await.unwrap();
    assert_eq!(head.seq, 0);
    let speakers = (0..4).map(|speaker| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..25 {
                let id = format!("{speaker}-{n}");
                new(store.append(vec![draft(&id, "tea"), draft(&format!("{id}b"), "tea")]).await);
            }
        })
    });
    let speakers: Vec<_> = speakers.collect();
    for seq in 1..=200 {
        let (epoch, message) = told(&mut news).await;
        assert_eq!((&epoch, message.seq), (&head.epoch, seq));
        let piece = Piece::Between { after: seq - 1, upto: seq };
        let slice = store.read(RoomName::lobby(), piece).await.unwrap();
        assert_eq!((slice.epoch, slice.messages), (epoch, vec![message]));
    }
    for speaker in speakers {
        speaker.await.unwrap();
    }
}

pub(crate) async fn a_room_that_is_followed_again_is_told_of_again(mut bench: Bench) {
    let store = bench.store;
    store.follow(RoomName::lobby()).await.unwrap();
    new(store.append(drafts([1])).await);
    assert_eq!(told(&mut bench.news).await.1.seq, 1);
    for n in (2..20).step_by(2) {
        store.unfollow(&RoomName::lobby());
        new(store.append(drafts([n])).await);
        assert_eq!(store.follow(RoomName::lobby()).await.unwrap().seq, n);
        new(store.append(drafts([n + 1])).await);
        while told(&mut bench.news).await.1.seq != n + 1 {}
        assert_eq!(store.follow(RoomName::lobby()).await.unwrap().seq, n + 1, "asked again");
    }
}

pub(crate) async fn many_who_speak_at_once_in_many_rooms_keep_their_order(bench: Bench) {
    const ROOMS: u64 = 6;
    const SPEAKERS: u64 = 5;
    const MESSAGES: u64 = 40;
    let Bench { store, mut news, _beneath } = bench;
    for n in 0..ROOMS {
        store.follow(room(&format!("r{n}"))).await.unwrap();
    }
    let speakers = (0..SPEAKERS).map(|speaker| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..MESSAGES {
                let drafts = (0..ROOMS).map(|room| {
                    draft_in(&format!("r{room}"), "Ann", &format!("{speaker}-{n}"), &n.to_string())
                });
                new(store.append(drafts.collect()).await);
            }
        })
    });
    let speakers: Vec<_> = speakers.collect();
    let mut rooms: HashMap<RoomName, Vec<Message>> = HashMap::new();
    for _ in 0..ROOMS * SPEAKERS * MESSAGES {
        let (_, message) = told(&mut news).await;
        rooms.entry(message.room.clone()).or_default().push(message);
    }
    for speaker in speakers {
        speaker.await.unwrap();
    }
    for (name, told) in rooms {
        assert!(seqs(&told).into_iter().eq(1..=SPEAKERS * MESSAGES), "{name}");
        assert_eq!(all(&store, name.as_str()).await.messages, told, "{name}");
        for speaker in 0..SPEAKERS {
            let own = told.iter().filter(|message| message.id.as_str().starts_with(&format!("{speaker}-")));
            let texts = own.map(|message| message.text.parse::<u64>().unwrap());
            assert!(texts.eq(0..MESSAGES), "{name}: {speaker}'s own order");
        }
    }
}

pub(crate) async fn a_store_that_is_closed_takes_nothing(bench: Bench) {
    let store = bench.store;
    new(store.append(drafts([1])).await);
    store.close().await;
    let kept = store.append(drafts([2])).await;
    assert!(kept.appended.is_empty() && matches!(kept.failed, Some(StoreError::Closed)), "{kept:?}");
    store.close().await;
}
