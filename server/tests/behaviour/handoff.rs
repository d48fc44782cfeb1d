//! The handoff from replay to live events: a client that joins while others send gets every event once and in
//! order, whatever the timing.

use chat::protocol::{ClientLine, RoomPosition, Seq, ServerLine};

use crate::support::{Browser, TestApp};

/// Number of users who send while the others reconnect.
const SPEAKERS: usize = 3;

/// Number of users who reconnect concurrently, and how often each does.
const GUESTS: usize = 8;
const VISITS: usize = 40;

/// Number of live events read after each reconnect.
const LIVE: usize = 12;

/// Sends without a pause until told to stop; returns the number of messages.
async fn speak(browser: Browser, prefix: String, mut stop: tokio::sync::watch::Receiver<bool>) -> usize {
    let mut lines = browser.talk().await;
    let me = prefix.clone();
    let mut said = 0;
    while !*stop.borrow_and_update() {
        for _ in 0..5 {
            said += 1;
            lines.say(&format!("{prefix}{said}"), "on and on").await;
        }
        let last = format!("{me}{said}");
        lines
            .until(|line| {
                matches!(line, ServerLine::Message(message) if message.id.as_str() == last).then_some(())
            })
            .await;
    }
    said
}

/// Reconnects or rejoins on the same connection, resuming from the last position, and checks every event;
/// returns the last seq. With `gapless`, no event may have been dropped from the log meanwhile.
async fn come_and_go(browser: Browser, gapless: bool) -> Seq {
    let (mut lines, first) = browser.resume(None, None).await;
    let epoch = first.epoch.to_string();
    let mut held = first.head;
    for visit in 0..VISITS {
        let joined = if visit % 3 == 2 {
            // Rejoins on an open connection: queued events come again, and are recognized by their seq.
            let place =
                RoomPosition { room: "lobby".to_owned(), epoch: Some(epoch.clone()), seq: Some(held) };
            lines.send(&ClientLine::Join(place)).await;
            lines
                .until(|line| match line {
                    ServerLine::Message(message) => {
                        assert!(message.seq <= held + 1, "a gap before {} at {held}", message.seq);
                        held = held.max(message.seq);
                        None
                    }
                    ServerLine::Joined(joined) => Some(joined),
                    _ => None,
                })
                .await
        } else {
            let (opened, joined) = browser.resume(Some(&epoch), Some(held)).await;
            lines = opened;
            joined
        };
        let seqs: Vec<Seq> = joined.events.iter().map(|event| event.seq().unwrap()).collect();
        assert!(joined.resumed || !gapless, "visit {visit}: nothing that was missed is gone");
        if visit % 3 != 2 && joined.resumed {
            assert!(seqs.iter().copied().eq(held + 1..=joined.head), "visit {visit} from {held}: {seqs:?}");
        }
        if let Some(first) = seqs.first() {
            assert!(seqs.iter().copied().eq(*first..=joined.head), "visit {visit}: a hole in {seqs:?}");
        }
        let fresh = visit % 3 != 2;
        held = held.max(joined.head);
        for _ in 0..LIVE {
            let seq = lines.message().await.seq;
            if fresh || seq > held {
                assert_eq!(seq, held + 1, "visit {visit}: {seq} after {held}");
                held = seq;
            }
        }
    }
    held
}

async fn stress(retain: u32) {
    let app = TestApp::with(|config| (config.rate_send, config.retain) = (0, retain)).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut speakers = Vec::new();
    for n in 0..SPEAKERS {
        let browser = app.person(&format!("speaker-{n}")).await;
        speakers.push(tokio::spawn(speak(browser, format!("s{n}-"), stopped.clone())));
    }
    let mut guests = Vec::new();
    for n in 0..GUESTS {
        let browser = app.person(&format!("guest-{n}")).await;
        guests.push(tokio::spawn(come_and_go(browser, retain == 0)));
    }
    let mut furthest = 0;
    for guest in guests {
        furthest = furthest.max(guest.await.unwrap());
    }
    stop.send(true).unwrap();
    let mut said = 0;
    for speaker in speakers {
        said += u64::try_from(speaker.await.unwrap()).unwrap();
    }
    assert!(furthest > 0 && furthest <= said);
    let (_, joined) = app.person("reader").await.resume(None, None).await;
    assert_eq!(joined.head, said, "every seq was given to one message, and none was left out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_comes_while_others_speak_gets_every_event_once_and_in_order() {
    stress(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn so_they_do_while_the_room_forgets_behind_them_or_they_are_told_of_the_hole() {
    stress(7).await;
}
