//! What it costs to be several nodes: the program on `SQLite`, on a Redis of its own, and twice on it, each time with the
//! same readers in one room, who check that every message comes to each of them exactly once. It measures the processes
//! of the servers, never this one; other work on the machine changes all figures, so compare those of one run.

mod person;
mod process;
mod tally;

use std::{env, mem, ops::Range, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::{task::JoinSet, time::sleep};

use person::Person;
use process::Process;
use tally::Tally;

const READERS: usize = 100;
const IN_FLIGHT: u32 = 20;
/// The messages of one measurement: to get warm, as fast as they go, and one by one.
const WARM: Range<usize> = 0..500;
const BURST: Range<usize> = 500..8_500;
const SINGLE: Range<usize> = 8_500..9_000;
const PAUSE: Duration = Duration::from_millis(10);
/// What is done behind an answer is done by then: the nodes tell each other who came within a tenth of it.
const SETTLE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_mins(1);
/// What memory is measured over, so that one-time costs do not show.
const MEMBERS: u32 = 500;
const ROOMS: u32 = 500;
const KEPT: u32 = 10_000;
const RETAIN: u32 = 100;

#[tokio::main]
async fn main() -> Result<()> {
    let program = env::args().nth(1).or_else(|| env::var("TEAHOUSE_BIN").ok()).context("name the program")?;
    let program = Path::new(&program);
    println!("{READERS} readers in one room, {IN_FLIGHT} messages in flight; each came to each exactly once");
    println!(
        "{:<27}{:>12}{:>8}{:>10}{:>10}{:>17}{:>17}",
        "", "deliveries", "beside", "Redis, us", "Redis, us", "to the last on", "to the last on"
    );
    println!(
        "{:<27}{:>12}{:>8}{:>10}{:>10}{:>17}{:>17}",
        "nodes", "per CPU-s", "SQLite", "in bursts", "one by one", "this node, ms", "the other, ms"
    );
    let mut floor = None;
    let arrangements =
        [(1, None), (1, Some("none")), (2, Some("none")), (2, Some("everysec")), (2, Some("always"))];
    for (nodes, sync) in arrangements {
        let cost = measure(program, nodes, sync).await?;
        let store = sync.map_or("SQLite".to_owned(), |sync| format!("Redis, AOF {sync}"));
        let beside = cost.deliveries / *floor.get_or_insert(cost.deliveries);
        println!(
            "{:<27}{:>12.0}{beside:>8.2}{:>10.0}{:>10.0}{:>17}{:>17}",
            format!("{nodes} on {store}"),
            cost.deliveries,
            cost.redis_burst,
            cost.redis_single,
            cost.spans[0],
            cost.spans.get(1).map_or("", String::as_str),
        );
    }
    memory(program).await
}

/// What one arrangement costs: deliveries per second of the nodes' processors, microseconds of Redis' processor for a
/// message, and how long a message takes to the last reader at each node.
struct Cost {
    deliveries: f64,
    redis_burst: f64,
    redis_single: f64,
    spans: Vec<String>,
}

async fn measure(program: &Path, count: usize, sync: Option<&str>) -> Result<Cost> {
    let redis = sync.map(Process::redis).transpose()?;
    let nodes = (0..count).map(|_| Process::node(program, redis.as_ref(), "")).collect::<Result<Vec<_>>>()?;
    let nodes_spent = || nodes.iter().map(Process::seconds).sum::<Result<f64>>();
    let redis_spent =
        || redis.as_ref().map_or(Ok(0.0), |redis| redis.info(&["used_cpu_user", "used_cpu_sys"]));

    let tally = Arc::new(Tally::new(SINGLE.end, READERS, count));
    let mut reading = JoinSet::new();
    let mut says = Vec::new();
    for reader in 0..READERS {
        let node = reader % count;
        let cookie = Person::log_in(&nodes[node], &format!("reader{reader}")).await?;
        let person = Person::enter(&nodes[node], &cookie, &["room".to_owned()]).await?;
        let tally = Arc::clone(&tally);
        reading.spawn(async move { tally.read(person.hears, node).await });
        says.push(person.says);
    }
    // The first of the readers, on the first node, speaks.
    let speaker = &mut says[0];
    sleep(SETTLE).await;
    tally.talk(speaker, WARM, IN_FLIGHT, Duration::ZERO).await?;

    let (nodes_before, redis_before) = (nodes_spent()?, redis_spent()?);
    tally.talk(speaker, BURST, IN_FLIGHT, Duration::ZERO).await?;
    let (nodes_after, redis_between) = (nodes_spent()?, redis_spent()?);
    tally.talk(speaker, SINGLE, 1, PAUSE).await?;
    let redis_after = redis_spent()?;

    sleep(SETTLE).await;
    ensure!(tally.doubled() == 0, "doubled: {}", tally.doubled());
    ensure!(reading.try_join_next().is_none(), "a reader's connection has ended");
    Ok(Cost {
        deliveries: count_of(READERS * BURST.len()) / (nodes_after - nodes_before),
        redis_burst: (redis_between - redis_before) * 1e6 / count_of(BURST.len()),
        redis_single: (redis_after - redis_between) * 1e6 / count_of(SINGLE.len()),
        spans: (0..count).map(|node| tally.span(SINGLE, node).context("all came")).collect::<Result<_>>()?,
    })
}

fn count_of(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("nothing here is counted in billions"))
}

/// Prints what lies in Redis for what.
async fn memory(program: &Path) -> Result<()> {
    let redis = Process::redis("none")?;
    let node = Process::node(program, Some(&redis), "")?;
    let sparing = Process::node(program, Some(&redis), &format!(" --retain {RETAIN}"))?;
    let crowd = ["crowd".to_owned()];
    let rooms = (0..ROOMS).map(|n| format!("room-{n}")).collect::<Vec<_>>();
    let (latin, chinese) = ("teas,".repeat(20), "有朋自远方来不亦乐乎".repeat(10));
    ensure!(latin.chars().count() == 100 && chinese.chars().count() == 100, "both are of 100 characters");
    let speaker = Person::log_in(&node, "speaker").await?;
    let mut before = 0.0;
    let mut grown = async || -> Result<f64> {
        sleep(SETTLE).await;
        let now = redis.info(&["used_memory"])?;
        Ok(now - mem::replace(&mut before, now))
    };

    println!("\nused_memory of Redis, bytes for each");
    grown().await?;
    let mut cookies = Vec::new();
    for n in 0..MEMBERS {
        cookies.push(Person::log_in(&node, &format!("member{n}")).await?);
    }
    println!("{:<64}{:>7.0}", "nickname", grown().await? / f64::from(MEMBERS));
    let mut members = Vec::new();
    for cookie in &cookies {
        members.push(Person::enter(&node, cookie, &crowd).await?);
    }
    println!("{:<64}{:>7.0}", "member in one room", grown().await? / f64::from(MEMBERS));

    let mut person = Person::enter(&node, &speaker, &rooms).await?;
    grown().await?;
    for room in &rooms {
        person.fill(room, 1, &latin).await?;
    }
    println!("{:<64}{:>7.0}", "room with one message, without its member", grown().await? / f64::from(ROOMS));

    let logs = ["latin".to_owned(), "chinese".to_owned()];
    let mut person = Person::enter(&node, &speaker, &logs).await?;
    grown().await?;
    person.fill(&logs[0], KEPT, &latin).await?;
    let kept = grown().await? / f64::from(KEPT);
    println!("{:<64}{kept:>7.0}", "message that is kept, 100 characters in Latin");
    person.fill(&logs[1], KEPT, &chinese).await?;
    println!("{:<64}{:>7.0}", "the same in Chinese", grown().await? / f64::from(KEPT));

    let trimmed = ["trimmed".to_owned()];
    let mut person = Person::enter(&sparing, &speaker, &trimmed).await?;
    grown().await?;
    person.fill(&trimmed[0], KEPT, &latin).await?;
    let gone = grown().await? - kept * f64::from(RETAIN);
    println!("{:<64}{:>7.0}", "id of a message that is no longer kept", gone / f64::from(KEPT - RETAIN));
    Ok(())
}
