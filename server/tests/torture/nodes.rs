//! The storm over several nodes: pages move between nodes, and nodes and their Redis are killed, suspended
//! and restarted. Then calm, and the verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use chat::{id::UserId, room_name::RoomName};
use futures::future::join_all;
use rand::{RngExt as _, rngs::StdRng, seq::SliceRandom as _};
use tokio::{
    sync::watch,
    task::block_in_place,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    PATIENCE,
    guest::{self, Guest},
    kept::Kept,
    ledger::Ledger,
    page::{Account, Page},
    seed::{self, Seed, span},
    setup::{LEASE, Setup},
    verdict,
};

/// Default length of a storm; it lasts at least until every blow was struck once.
const LENGTH: Duration = Duration::from_secs(15);

/// Number of users, and how many of them have a second window.
const USERS: usize = 18;
const SECOND_WINDOWS: usize = 6;

/// Mean time between two blows.
const PEACE: Duration = Duration::from_millis(500);

/// Mean length of a short interruption.
const MOMENT: Duration = Duration::from_millis(500);

/// Longer than the timeout for Redis, and than a silent node is considered alive.
const LONG: Duration = Duration::from_millis(3_500);

/// A fault that the test causes.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// `kill -9` for a node, and a restart after a while.
    KillNode,
    /// An orderly restart of a node.
    RestartNode,
    /// Suspends a node for a moment.
    HoldUpNode,
    /// Suspends a node until the others consider it lost and remove its users' presence.
    PlayDeadNode,
    /// `kill -9` for Redis, and a restart after a while: a new epoch with all messages of the previous one.
    KillRedis,
    /// Suspends Redis for a moment.
    HoldUpRedis,
    /// Suspends Redis until every node considers it unavailable.
    PlayDeadRedis,
    /// Suspends a node while Redis is restarted, so that it finds a new epoch when it resumes.
    Oversleep,
    /// Kills a node while Redis is down.
    KillBoth,
    /// Cuts only the nodes' subscriptions.
    Deafen,
    /// Cuts the nodes' command connections.
    CutOff,
    /// Disconnects every page at once; each reconnects to any node.
    Scatter,
}

/// One round of blows, struck in random order; all are struck before the next round begins.
const BLOWS: [Blow; 14] = [
    Blow::KillNode,
    Blow::KillNode,
    Blow::RestartNode,
    Blow::HoldUpNode,
    Blow::PlayDeadNode,
    Blow::KillRedis,
    Blow::HoldUpRedis,
    Blow::PlayDeadRedis,
    Blow::Oversleep,
    Blow::KillBoth,
    Blow::Deafen,
    Blow::Deafen,
    Blow::CutOff,
    Blow::Scatter,
];

#[tokio::test(flavor = "multi_thread")]
async fn after_a_storm_over_two_nodes_they_are_still_one_chat() {
    storm("after_a_storm_over_two_nodes_they_are_still_one_chat", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_storm_over_three_nodes_they_are_still_one_chat() {
    storm("after_a_storm_over_three_nodes_they_are_still_one_chat", 3).await;
}

async fn storm(test: &'static str, nodes: usize) {
    let seed = Seed::of(test);
    let rooms = ["lobby", "tea", "茶艺"].map(|name| RoomName::parse(name).unwrap());
    let ledger = Arc::new(Ledger::default());
    let mut setup = Setup::of(nodes, &seed).await;
    let (accounts, guests) = arrive(&setup, &rooms, &ledger, &seed).await;

    let (end, over) = watch::channel(false);
    let windows: Vec<_> = guests
        .into_iter()
        .map(|guest| AbortOnDropHandle::new(tokio::spawn(guest.weather(over.clone()))))
        .collect();
    setup.proxy().be_rough(true);
    let struck = strike(&mut setup, nodes, seed::length(LENGTH), seed.chance("blows", nodes)).await;

    let calm = Instant::now();
    setup.proxy().be_rough(false);
    end.send_replace(true);
    let windows = join_all(windows).await.into_iter().map(|window| window.expect("a guest does not panic"));
    let (pages, crashes): (Vec<Page>, Vec<usize>) = windows.unzip();
    verdict::settle(&pages, &ledger).await;
    let settled = calm.elapsed();
    let mut kept = block_in_place(|| Kept::at(&setup.redis().url()));
    is_one_life(&pages, &ledger, &mut kept, &struck).await;
    let everybody = who_is_where(&pages);
    everybody_is_seen(&pages, &ledger, &everybody).await;
    for address in setup.addresses() {
        for (room, there) in &everybody {
            let looks = accounts.iter().find(|account| there.contains(&account.user.id)).unwrap();
            let roster = guest::look_around(looks, address, room).await;
            let named: BTreeSet<UserId> =
                roster.list.iter().map(|user| UserId::parse(&user.id).unwrap()).collect();
            assert_eq!((&named, roster.count), (there, there.len()), "who is in {room} by {address}");
        }
    }
    nobody_is_left_behind(nodes, &rooms, &mut kept).await;
    let logs = block_in_place(|| kept.logs(&rooms)).unwrap_or_else(|wrong| panic!("{wrong}"));
    verdict::agree(&pages, &ledger, &logs);
    for node in 0..nodes {
        setup.close(node).await;
    }
    assert!(kept.nodes().is_empty(), "nodes that have said goodbye are gone at once");
    println!(
        "{nodes} nodes: {} messages in {} windows, whose pages crashed {} times; {struck:?}; settled after {settled:.1?}, \
         sound after {:.1?}",
        ledger.all_said().len(),
        pages.len(),
        crashes.iter().sum::<usize>(),
        calm.elapsed(),
    );
}

/// Logs in all users, on any of the nodes, each with one to three of the rooms.
async fn arrive(
    setup: &Setup,
    rooms: &[RoomName],
    ledger: &Arc<Ledger>,
    seed: &Seed,
) -> (Vec<Arc<Account>>, Vec<Guest>) {
    let address = setup.proxy().address();
    let (mut accounts, mut guests) = (Vec::new(), Vec::new());
    for user in 0..USERS {
        let account = guest::log_in(&format!("guest{user}"), address).await;
        for window in 0..=usize::from(user < SECOND_WINDOWS) {
            let mut chance = seed.chance("guest", guests.len());
            let mut rooms = rooms.to_vec();
            rooms.shuffle(&mut chance);
            let rooms = &rooms[..chance.random_range(1..=rooms.len())];
            guests.push(Guest::new(&account, window, rooms, address, ledger, chance));
        }
        accounts.push(account);
    }
    (accounts, guests)
}

/// Strikes blows for this long and leaves everything running; returns the blows.
async fn strike(setup: &mut Setup, nodes: usize, length: Duration, mut chance: StdRng) -> Vec<Blow> {
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
        let node = chance.random_range(0..nodes);
        let moment = span(&mut chance, MOMENT);
        fall(setup, blow, node, moment).await;
        struck.push(blow);
    }
    struck
}

async fn fall(setup: &mut Setup, blow: Blow, node: usize, moment: Duration) {
    match blow {
        Blow::KillNode => {
            setup.kill(node);
            sleep(moment).await;
            setup.open(node).await;
        }
        Blow::RestartNode => {
            setup.close(node).await;
            setup.open(node).await;
        }
        Blow::HoldUpNode | Blow::PlayDeadNode => {
            setup.signal(node, "-STOP");
            sleep(if matches!(blow, Blow::HoldUpNode) { moment } else { LONG }).await;
            setup.signal(node, "-CONT");
        }
        Blow::KillRedis => setup.restart_redis(moment).await,
        Blow::HoldUpRedis => setup.hold_redis(moment).await,
        Blow::PlayDeadRedis => setup.hold_redis(LONG).await,
        Blow::Oversleep => {
            setup.signal(node, "-STOP");
            setup.restart_redis(moment / 2).await;
            sleep(moment).await;
            setup.signal(node, "-CONT");
        }
        Blow::KillBoth => {
            setup.kill(node);
            setup.restart_redis(moment).await;
            setup.open(node).await;
        }
        Blow::Deafen => {
            setup.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        }
        Blow::CutOff => {
            setup.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        }
        Blow::Scatter => setup.proxy().cut_all(),
    }
}

/// Checks that only restarts of Redis that a node noticed began a new epoch, and that every page is in the
/// last one.
async fn is_one_life(pages: &[Page], ledger: &Ledger, kept: &mut Kept, struck: &[Blow]) {
    let epoch = block_in_place(|| kept.epoch());
    let strays = || -> Vec<String> {
        let rooms = pages.iter().flat_map(|page| {
            let client = page.client();
            let strays = client.rooms().iter().filter_map(|room| {
                let held = room.timeline().position().map(|(epoch, _)| epoch.to_string());
                (held.as_ref() != Some(&epoch))
                    .then(|| format!("{} in {}: {held:?}", client.me().name, room.name()))
            });
            strays.collect::<Vec<_>>()
        });
        rooms.collect()
    };
    let all_know = timeout(PATIENCE, ledger.until(|| strays().is_empty())).await.is_ok();
    assert!(all_know, "the logs are in {epoch}, but not for {:?}", strays());
    let ends = |blow: &&Blow| matches!(blow, Blow::KillRedis | Blow::Oversleep | Blow::KillBoth);
    let restarts = struck.iter().filter(ends).count();
    let told = ledger.epochs();
    assert!(
        (2..=1 + restarts).contains(&told.len()) && told.contains(&epoch),
        "{restarts} restarts of Redis, and of the lives of the logs {told:?} were told, the last is {epoch}"
    );
}

/// Returns the users in each room, by the pages that are open.
fn who_is_where(pages: &[Page]) -> BTreeMap<RoomName, BTreeSet<UserId>> {
    let mut everybody: BTreeMap<RoomName, BTreeSet<UserId>> = BTreeMap::new();
    for page in pages {
        let client = page.client();
        for room in client.rooms() {
            everybody.entry(room.name().clone()).or_default().insert(client.me().id.clone());
        }
    }
    everybody
}

/// Waits until every page shows exactly the users who are present.
async fn everybody_is_seen(
    pages: &[Page],
    ledger: &Ledger,
    everybody: &BTreeMap<RoomName, BTreeSet<UserId>>,
) {
    let wrong = || -> Vec<String> {
        let pages = pages.iter().flat_map(|page| {
            let client = page.client();
            let rooms = client.rooms().iter().filter_map(|room| {
                let (there, members) = (&everybody[room.name()], room.members());
                let named: BTreeSet<UserId> = members.list.iter().map(|user| user.id.clone()).collect();
                let is_right = named == *there && members.count == there.len();
                (!is_right).then(|| {
                    let missing: Vec<_> = there.difference(&named).collect();
                    let ghosts: Vec<_> = named.difference(there).collect();
                    format!(
                        "{} sees {} in {}: missing {missing:?}, ghosts {ghosts:?}",
                        client.me().name,
                        members.count,
                        room.name()
                    )
                })
            });
            rooms.collect::<Vec<_>>()
        });
        pages.collect()
    };
    let all_see = timeout(PATIENCE, ledger.until(|| wrong().is_empty())).await.is_ok();
    assert!(all_see, "not everybody is seen:\n{}", wrong().join("\n"));
}

/// Waits until only running nodes are registered and hold presence.
async fn nobody_is_left_behind(nodes: usize, rooms: &[RoomName], kept: &mut Kept) {
    let mut look = || block_in_place(|| (kept.nodes(), kept.seating_nodes(rooms)));
    let waits = async {
        loop {
            let (there, seating) = look();
            if there.len() == nodes && seating.is_subset(&there) {
                return;
            }
            sleep(LEASE / 10).await;
        }
    };
    if timeout(PATIENCE, waits).await.is_err() {
        let (there, seating) = look();
        panic!("of {nodes} nodes {there:?} are said to be there; seats are said to be at {seating:?}");
    }
}
