//! Power failures: writes that were not synced are lost, completely or partially. The server must start on
//! the remains, and they must hold every message that any page received. Killing the program alone would
//! never test this, since the system keeps what a dead program has written.

mod disk;
mod journal;
mod watch;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chat::{client::connection::Status, room_name::RoomName};
use disk::{Content, Disk};
use journal::{Change, Record};
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use tempfile::TempDir;
use tokio::{sync::watch as state, time::timeout};
use tokio_util::task::AbortOnDropHandle;
use watch::Watch;

use crate::{
    database,
    guest::{self, Guest},
    ledger::Ledger,
    page::{Act, Page},
    patiently,
    rig::Rig,
    seed::{self, Seed, span},
    verdict,
};

/// Default length of the power cut test.
const LENGTH: Duration = Duration::from_secs(15);

/// Number of users who send meanwhile, as fast as they can.
const TALKERS: usize = 6;

/// Mean pause of each of them between two messages.
const BREATH: Duration = Duration::from_millis(40);

/// Maximum length of a user's outbox; a user with more waits.
const PATIENT: usize = 40;

/// Number of moments checked in each of the server's lives, besides its end, with as many again while the
/// database file itself is written; and number of simulated power cuts at each.
const MOMENTS: usize = 8;
const WAYS: usize = 3;

/// Number of moments checked in the first start, besides those at which a file gains or loses its name.
const FIRST_MOMENTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_power_cut_leaves_holds_every_message_that_anybody_was_shown() {
    let seed = Seed::of("whatever_a_power_cut_leaves_holds_every_message_that_anybody_was_shown");
    let mut chance = seed.chance("power", 0);
    let watch = Watch::make();
    let mut folders = vec![folder()];
    let mut rig = Rig::on(folders[0].path(), &seed).await;
    let ledger = Arc::new(Ledger::default());
    let until = Instant::now() + seed::length(LENGTH);
    let (end, over) = state::channel(false);
    let mut talkers = Vec::new();
    let (mut cuts, mut ways, mut syncs, mut checkpoints) = (0, 0, 0, 0);
    while Instant::now() < until {
        let before = Disk::of(rig.data());
        rig.begin(&watch.on(rig.data(), cuts));
        if cuts == 0 {
            rig.opened().await;
            talkers = talk(&rig, &ledger, &seed, &over).await;
        } else if chance.random_bool(0.8) {
            rig.opened().await;
        }
        // Otherwise the power fails again while the server starts.
        tokio::time::sleep(span(&mut chance, Duration::from_millis(700))).await;
        rig.kill();
        cuts += 1;
        let records = watch.records(cuts - 1);
        syncs += syncs_of("-wal", &records);
        checkpoints += syncs_of(".db", &records);
        let (count, left) = look_at(before, &records, rig.data(), &ledger, &mut chance);
        ways += count;
        let next = folder();
        disk::write(&left, next.path());
        rig.move_to(next.path());
        folders.push(next);
    }
    let before = Disk::of(rig.data());
    rig.begin(&watch.on(rig.data(), cuts));
    rig.opened().await;
    end.send_replace(true);
    let mut pages = Vec::new();
    for talker in talkers {
        pages.push(talker.await.expect("a talker does not panic"));
    }
    verdict::settle(&pages, &ledger).await;
    rig.close().await;
    assert_noted(before, &watch.records(cuts), rig.data());
    verdict::pass(&pages, &ledger, rig.data());
    let said = ledger.all_said().len();
    println!(
        "{cuts} power cuts, looked at in {ways} ways; {said} messages, the log synced {syncs} times, the database \
         {checkpoints} times"
    );
    assert!(cuts > 1 && said > 0 && syncs > 0 && checkpoints > 0, "there was something to lose");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_opens_after_a_power_cut_in_its_first_start() {
    let seed = Seed::of("a_server_opens_after_a_power_cut_in_its_first_start");
    let mut chance = seed.chance("first starts", 0);
    let watch = Watch::make();
    let first = folder();
    let mut rig = Rig::on(first.path(), &seed).await;
    rig.begin(&watch.on(first.path(), 0));
    rig.opened().await;
    rig.kill();
    let records = watch.records(0);
    let mut moments: Vec<usize> =
        (0..records.len()).filter(|moment| records[*moment].change.is_about_a_name()).collect();
    assert!(!moments.is_empty(), "a first start makes files");
    moments.extend((0..FIRST_MOMENTS).map(|_| chance.random_range(0..records.len())));
    for moment in moments {
        let mut disk = Disk::of(folder().path());
        disk.follow(&records[..=moment]);
        let left = folder();
        disk::write(&disk.after_a_power_cut(&mut chance), left.path());
        rig.move_to(left.path());
        rig.open().await;
        rig.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_each_confirmation_the_log_is_synced() {
    let seed = Seed::of("before_each_confirmation_the_log_is_synced");
    let watch = Watch::make();
    let data = folder();
    let before = Disk::of(data.path());
    let mut rig = Rig::on(data.path(), &seed).await;
    rig.begin(&watch.on(data.path(), 0));
    rig.opened().await;
    let ledger = Arc::new(Ledger::default());
    let address = rig.proxy().address();
    let account = guest::log_in("ann", address).await;
    let mut guest = Guest::new(&account, 0, &[RoomName::lobby()], address, &ledger, seed.chance("guest", 0));
    let page = guest.open();
    let joined = || page.client().active().is_known();
    patiently("the page is in the room", ledger.until(joined)).await;
    let before_all = syncs_of("-wal", &watch.records(0));
    for said in 1..=20 {
        page.act(Act::Say(RoomName::lobby(), guest.words())).await;
        let is_confirmed = || ledger.head(&RoomName::lobby()) == said;
        patiently("a message is confirmed", ledger.until(is_confirmed)).await;
        let syncs = syncs_of("-wal", &watch.records(0)) - before_all;
        assert!(syncs as u64 >= said, "message {said} was confirmed after {syncs} syncs of the log");
    }
    rig.close().await;
    assert_noted(before, &watch.records(0), data.path());
}

/// Lets all users send; returns their pages in the end.
async fn talk(
    rig: &Rig,
    ledger: &Arc<Ledger>,
    seed: &Seed,
    over: &state::Receiver<bool>,
) -> Vec<AbortOnDropHandle<Page>> {
    let rooms = [RoomName::lobby(), RoomName::parse("tea").unwrap()];
    let address = rig.proxy().address();
    let mut talkers = Vec::new();
    for talker in 0..TALKERS {
        let account = guest::log_in(&format!("talker{talker}"), address).await;
        let mut chance = seed.chance("talker", talker);
        let mut guest = Guest::new(&account, 0, &rooms, address, ledger, seed.chance("words", talker));
        let mut over = over.clone();
        talkers.push(AbortOnDropHandle::new(tokio::spawn(async move {
            let page = guest.open();
            while timeout(span(&mut chance, BREATH), over.wait_for(|over| *over)).await.is_err() {
                // Skips some backoffs, since the power fails every other second.
                let waits = matches!(page.client().status(), Status::Waiting { .. });
                if waits && chance.random_bool(0.1) {
                    page.act(Act::ConnectNow).await;
                }
                if page.client().outbox().pending().len() < PATIENT {
                    page.act(Act::Say(guest.room(), guest.words())).await;
                }
            }
            page
        })));
    }
    talkers
}

/// Simulates several power cuts at moments of a server's life, including its last, and checks the remains.
/// Returns the number of cuts, and the remains of one cut at the last moment.
fn look_at(
    mut disk: Disk,
    records: &[Record],
    data: &Path,
    ledger: &Ledger,
    chance: &mut StdRng,
) -> (usize, Content) {
    let key = fs::read(data.join("cookie.keys")).ok();
    let mut moments: Vec<usize> = (0..MOMENTS).map(|_| chance.random_range(0..=records.len())).collect();
    // Checkpoints are short and rare, and the only time when more than the end of the log is at stake.
    let checkpoints = touching(".db", records);
    moments.extend((0..MOMENTS).filter_map(|_| checkpoints.choose(chance)));
    moments.push(records.len());
    moments.sort_unstable();
    let mut applied = 0;
    let mut left = Content::new();
    for moment in &moments {
        disk.follow(&records[applied..*moment]);
        applied = *moment;
        // Messages received before the next change were synced before it. At the end, those are all messages
        // ever received.
        let until = records.get(applied).map_or(u64::MAX, |next| next.at - 1);
        for _ in 0..WAYS {
            left = disk.after_a_power_cut(chance);
            if let Err(wrong) = check(&left, key.as_deref(), ledger, until) {
                panic!("after {applied} of {} changes the power fails, and: {wrong}", records.len());
            }
        }
    }
    (moments.len() * WAYS, left)
}

/// Checks that the remains of a data folder are sound and hold all messages received up to a moment.
fn check(left: &Content, key: Option<&[u8]>, ledger: &Ledger, until: u64) -> Result<(), String> {
    let folder = folder();
    disk::write(left, folder.path());
    let logs = database::read(folder.path())?;
    verdict::holds_what_was_seen(&logs, ledger, until)?;
    let anything = logs.values().any(|log| !log.is_empty());
    if anything && left.get("cookie.keys").map(Vec::as_slice) != key {
        return Err("the key is gone, and everybody's login with it".to_owned());
    }
    Ok(())
}

/// Checks that the journal is complete: it alone must reproduce the folder exactly.
fn assert_noted(mut disk: Disk, records: &[Record], data: &Path) {
    disk.follow(records);
    let noted = disk.as_it_is();
    let there = Disk::of(data).as_it_is();
    let names = |content: &Content| content.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&noted), names(&there), "the journal knows which files there are");
    let other: BTreeMap<_, _> = noted.iter().filter(|(name, content)| there[*name] != **content).collect();
    assert!(other.is_empty(), "the journal does not know what is in {:?}", other.keys());
}

/// Counts the syncs of files whose name ends so.
fn syncs_of(ending: &str, records: &[Record]) -> usize {
    let touching = touching(ending, records);
    touching.iter().filter(|moment| matches!(records[**moment].change, Change::Synced { .. })).count()
}

/// Returns the moments when files whose name ends so were written, truncated or synced.
fn touching(ending: &str, records: &[Record]) -> Vec<usize> {
    let mut meant = BTreeMap::new();
    let mut moments = Vec::new();
    for (moment, record) in records.iter().enumerate() {
        match &record.change {
            Change::Open { fd, name, .. } => {
                meant.insert(*fd, name.ends_with(ending));
            }
            Change::Write { fd, .. } | Change::Truncate { fd, .. } | Change::Synced { fd, .. }
                if meant.get(fd) == Some(&true) =>
            {
                moments.push(moment);
            }
            _ => {}
        }
    }
    moments
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
