//! A room with a long history: measures how long it takes to start the server, load the page, join, scroll,
//! search and send, and how much disk space the history takes. Compares every answer with its expected
//! content; a wrong one ends the run.
//!
//! Starts the server itself, on a data folder into which the corpus was imported.

mod visit;

use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use serde::Serialize;

use crate::clock::{Clock, nanos, seconds};
use crate::corpus::{Corpus, RARE, RARE_TIMES, ROOM};
use crate::login;
use crate::mark::Run;
use crate::meter::{Memory, Watched};
use crate::options::History;
use crate::reader::{Browser, Reader};
use crate::report::{self, Percentiles, Verdict, float};
use crate::target::{self, Started};
use visit::{Append, Scroll, Search, Visit};

#[derive(Serialize)]
struct Figures {
    mode: &'static str,
    command: String,
    messages: u64,
    asks: usize,
    /// Number of answers compared with their expected content. None was wrong, or there would be no report.
    answers_compared: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Indexing>,
    start_ms: Percentiles,
    page_ms: Percentiles,
    enter_ms: Percentiles,
    scroll_ms: Scroll,
    search_ms: Search,
    append: Append,
    disk: Disk,
    /// Memory with no clients and a complete index, and memory at the end of the run.
    started_kib: Memory,
    memory_kib: Memory,
}

/// The search index, which a server builds in the background after an import. Absent if the index already
/// existed.
#[derive(Serialize)]
struct Indexing {
    seconds: f64,
    cpu_microseconds_per_message: f64,
}

/// Size of the data folder before the run adds anything.
#[derive(Serialize)]
struct Disk {
    log_bytes_per_message: f64,
    index_bytes_per_message: f64,
}

pub(crate) fn run(options: &History) -> Result<Verdict> {
    let corpus = Corpus { messages: options.messages };
    let address = target::parse(&options.target)?;
    ensure!(!target::is_listening(address), "somebody listens at {address} already");
    let clock = Clock::start();
    let patience = Duration::from_secs_f64(options.patience);

    // First run of the server: it builds the index.
    let was_indexed = options.data.join("search.db").exists();
    let mut server = Started::new(&options.command)?;
    let door = || Browser::new(address, "", patience, clock);
    await_open(&mut server, &door())?;
    let watched = Watched::new(server.pid().as_raw())?;
    let cookie = |run| login::log_in(address, run, 1)?.pop().context("nobody was logged in");
    let own = cookie(Run::new(fastrand::u32(..)))?;
    let browser = Browser::new(address, &own, patience, clock);
    let index = await_index(&browser, &watched, clock, corpus)?;
    stop(&mut server)?;
    let disk = Disk {
        log_bytes_per_message: size(&options.data, "teahouse.db")? / float(corpus.messages),
        index_bytes_per_message: size(&options.data, "search.db")? / float(corpus.messages),
    };

    // Measured restarts.
    let mut starts = visit::histogram()?;
    for _ in 0..options.starts {
        stop(&mut server)?;
        let begin = clock.now();
        server = Started::new(&options.command)?;
        await_open(&mut server, &door())?;
        starts.saturating_record(clock.now() - begin);
    }
    let watched = Watched::new(server.pid().as_raw())?;
    let started_kib = watched.memory()?;

    let mut visit = Visit::new(corpus, options.asks, browser);
    let page_ms = visit.pages()?;
    let enter = || Reader::enter(address, &own, ROOM, patience, clock);
    let (enter_ms, mut reader) = visit.enter(enter)?;
    let scroll_ms = visit.scroll(&mut reader)?;
    // During the searches nothing would answer this socket's heartbeats.
    drop(reader);
    let search_ms = visit.search()?;
    let (mut reader, ..) = enter()?;
    let append = visit.append(&mut reader, &watched, clock, options)?;

    let figures = Figures {
        mode: "history",
        command: report::command(),
        messages: corpus.messages,
        asks: options.asks,
        answers_compared: visit.compared(),
        index: (!was_indexed).then_some(index),
        start_ms: Percentiles::of(&starts),
        page_ms,
        enter_ms,
        scroll_ms,
        search_ms,
        append,
        disk,
        started_kib,
        memory_kib: watched.memory()?,
    };
    // Disconnect first: a draining server would ask connected clients to reconnect shortly, and wait for
    // them.
    drop((reader, visit));
    stop(&mut server)?;
    report::show(&figures)?;
    report::write(&figures, options.json.as_deref())
}

/// Waits until `/readyz` reports that the server accepts users.
fn await_open(server: &mut Started, door: &Browser) -> Result<()> {
    loop {
        if door.page("/readyz").is_ok() {
            return Ok(());
        }
        if let Some(status) = server.ended()? {
            bail!("the server ended before it was open ({status})");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the search finds the last message.
fn await_index(browser: &Browser, watched: &Watched, clock: Clock, corpus: Corpus) -> Result<Indexing> {
    let begin = clock.now();
    loop {
        let (found, _) = browser.search(RARE, None, None)?;
        if !found.is_remarked && found.seqs.len() as u64 == RARE_TIMES {
            let messages = float(corpus.messages);
            return Ok(Indexing {
                seconds: seconds(clock.now() - begin),
                cpu_microseconds_per_message: watched.cpu()? * 1e6 / messages,
            });
        }
        // Indexing takes at least some microseconds per message.
        ensure!(
            clock.now() - begin < nanos(Duration::from_mins(1)) + corpus.messages * 1_000_000,
            "not everything that is in the log came to be found: {found:?}"
        );
        thread::sleep(Duration::from_millis(100));
    }
}

fn stop(server: &mut Started) -> Result<()> {
    if server.ended()?.is_none() {
        server.signal(Signal::SIGTERM)?;
        while server.ended()?.is_none() {
            thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(())
}

/// Returns the size in bytes of a database file and its SQLite write-ahead log.
fn size(folder: &Path, name: &str) -> Result<f64> {
    let mut bytes = 0;
    for suffix in ["", "-wal"] {
        let file = folder.join(format!("{name}{suffix}"));
        if suffix.is_empty() || file.exists() {
            bytes += fs::metadata(&file).with_context(|| format!("there is no {}", file.display()))?.len();
        }
    }
    Ok(float(bytes))
}
