//! The storm: thirty pages in three rooms, over unreliable connections, with a server that is killed,
//! suspended and restarted. Then calm, and the verdict.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chat::room_name::RoomName;
use futures::future::join_all;
use rand::{RngExt as _, rngs::StdRng, seq::SliceRandom as _};
use tokio::{sync::watch, time::sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    guest::{self, Guest},
    ledger::Ledger,
    page::Page,
    rig::Rig,
    seed::{self, Seed, span},
    verdict,
};

/// Default length of the storm.
const LENGTH: Duration = Duration::from_secs(40);

/// Number of users, and how many of them have a second window.
const USERS: usize = 25;
const SECOND_WINDOWS: usize = 5;

/// Mean time between two blows.
const PEACE: Duration = Duration::from_millis(2_500);

/// A fault that the test causes.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// `kill -9`, and a restart after a while.
    Kill,
    /// An orderly restart.
    Restart,
    /// Suspends the server for a moment.
    HoldUp,
    /// Suspends the server for so long that all clients consider it dead.
    PlayDead,
}

/// One round of blows, struck in random order; all are struck before the next round begins.
const BLOWS: [Blow; 6] = [Blow::Kill, Blow::Kill, Blow::Restart, Blow::HoldUp, Blow::HoldUp, Blow::PlayDead];

#[tokio::test(flavor = "multi_thread")]
async fn after_a_storm_everybody_holds_the_same_log_and_it_is_what_was_said() {
    let seed = Seed::of("after_a_storm_everybody_holds_the_same_log_and_it_is_what_was_said");
    let data = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::default());
    let mut rig = Rig::on(data.path(), &seed).await;
    rig.open().await;
    let guests = arrive(&rig, &ledger, &seed).await;

    let (end, over) = watch::channel(false);
    let windows: Vec<_> = guests
        .into_iter()
        .map(|guest| AbortOnDropHandle::new(tokio::spawn(guest.weather(over.clone()))))
        .collect();
    rig.proxy().be_rough(true);
    let struck = strike(&mut rig, seed::length(LENGTH), seed.chance("blows", 0)).await;

    let calm = Instant::now();
    rig.proxy().be_rough(false);
    end.send_replace(true);
    let windows = join_all(windows).await.into_iter().map(|window| window.expect("a guest does not panic"));
    let (pages, crashes): (Vec<Page>, Vec<usize>) = windows.unzip();
    verdict::settle(&pages, &ledger).await;
    let settled = calm.elapsed();
    rig.close().await;
    verdict::pass(&pages, &ledger, rig.data());
    println!(
        "{} messages in {} windows, whose pages crashed {} times; {struck:?}; settled after {settled:.1?}",
        ledger.all_said().len(),
        pages.len(),
        crashes.iter().sum::<usize>(),
    );
}

/// Logs in all users, each with one to three of the rooms.
async fn arrive(rig: &Rig, ledger: &Arc<Ledger>, seed: &Seed) -> Vec<Guest> {
    let rooms = ["lobby", "tea", "茶艺"].map(|name| RoomName::parse(name).unwrap());
    let address = rig.proxy().address();
    let mut guests = Vec::new();
    for user in 0..USERS {
        let account = guest::log_in(&format!("guest{user}"), address).await;
        for window in 0..=usize::from(user < SECOND_WINDOWS) {
            let mut chance = seed.chance("guest", guests.len());
            let mut rooms = rooms.clone();
            rooms.shuffle(&mut chance);
            let rooms = &rooms[..chance.random_range(1..=rooms.len())];
            guests.push(Guest::new(&account, window, rooms, address, ledger, chance));
        }
    }
    guests
}

/// Strikes blows for this long and leaves the server running; returns the blows.
async fn strike(rig: &mut Rig, length: Duration, mut chance: StdRng) -> Vec<Blow> {
    let until = Instant::now() + length;
    let mut struck = Vec::new();
    let mut round = Vec::new();
    while Instant::now() < until || struck.len() < BLOWS.len() {
        sleep(span(&mut chance, PEACE)).await;
        if round.is_empty() {
            round = BLOWS.to_vec();
            round.shuffle(&mut chance);
        }
        let blow = round.pop().expect("a round is not empty");
        match blow {
            Blow::Kill => {
                rig.kill();
                sleep(span(&mut chance, Duration::from_secs(1))).await;
                rig.open().await;
            }
            Blow::Restart => {
                rig.close().await;
                rig.open().await;
            }
            Blow::HoldUp => rig.hold_up(span(&mut chance, Duration::from_secs(1))).await,
            Blow::PlayDead => rig.hold_up(Duration::from_secs(12)).await,
        }
        struck.push(blow);
    }
    struck
}
