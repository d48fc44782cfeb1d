//! A room with a long past: how long it takes to open the house, to enter, to scroll, to search and to say something, and
//! what the past takes on the disk. Every answer is compared with what must be in it; a wrong one ends the run.
//!
//! Starts the server itself, over a folder into which the corpus was imported.

use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use nix::sys::signal::Signal;
use serde::Serialize;

use crate::clock::{Clock, nanos, seconds};
use crate::corpus::{
    self, APART, BEGINNING, CHINESE_WORD, Corpus, FREQUENT, Message, RARE, RARE_TIMES, ROOM,
};
use crate::login;
use crate::mark::Run;
use crate::meter::{Memory, Watched};
use crate::options::History;
use crate::reader::{Browser, Found, Reader};
use crate::report::{self, Percentiles, Verdict, float};
use crate::target::{self, Started};

/// Messages that are asked for at a time when scrolling: as many as the page does.
const PAGE: usize = 50;

/// Hits on a page of the search.
const HITS: usize = 30;

/// How many pages back a search is followed.
const PAGES: usize = 20;

#[derive(Serialize)]
struct Figures {
    mode: &'static str,
    command: String,
    messages: u64,
    asks: usize,
    /// Answers that were compared with what they must hold. None was wrong, or there would be no report.
    answers_compared: usize,
    index: Indexing,
    start_ms: Percentiles,
    page_ms: Percentiles,
    enter_ms: Percentiles,
    scroll_ms: Scroll,
    search_ms: Search,
    append: Append,
    disk: Disk,
    /// With nobody there, the index being complete; and at the end.
    started_kib: Memory,
    memory_kib: Memory,
}

/// The making of the search's index, which a server does beside its work after an import.
#[derive(Serialize)]
struct Indexing {
    seconds: f64,
    cpu_microseconds_per_message: f64,
}

#[derive(Serialize)]
struct Scroll {
    newest: Percentiles,
    middle: Percentiles,
    oldest: Percentiles,
    /// To a message in the middle of a page, and to a moment.
    around: Percentiles,
    day: Percentiles,
}

#[derive(Serialize)]
struct Search {
    rare: Percentiles,
    /// The same in this room alone.
    rare_in_room: Percentiles,
    frequent: Percentiles,
    chinese: Percentiles,
    /// Two letters with which many words begin.
    beginning: Percentiles,
    /// Page after page of what is frequent.
    pages: Percentiles,
    /// Two words, each of them frequent, that nobody has said together.
    apart: Percentiles,
    /// How many of those ended because their time was up.
    apart_cut: usize,
}

#[derive(Serialize)]
struct Append {
    window: usize,
    messages_per_second: f64,
    server_cpu_microseconds_per_message: f64,
    /// From the saying to its own coming back.
    acknowledged_ms: Percentiles,
}

/// What lies in the data folder before anything is added to it.
#[derive(Serialize)]
struct Disk {
    log_bytes_per_message: f64,
    index_bytes_per_message: f64,
}

pub(crate) fn run(options: &History) -> Result<Verdict> {
    let corpus = Corpus { messages: options.messages };
    ensure!(corpus.messages >= 1_000, "a history has 1000 messages or more");
    let address = target::parse(&options.target)?;
    ensure!(!target::is_listening(address), "somebody listens at {address} already");
    let clock = Clock::start();
    let patience = Duration::from_secs_f64(options.patience);

    // A first life, in which the index is made.
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

    // Several lives in a row.
    let mut starts = histogram()?;
    for _ in 0..options.starts {
        stop(&mut server)?;
        let begin = clock.now();
        server = Started::new(&options.command)?;
        await_open(&mut server, &door())?;
        starts.saturating_record(clock.now() - begin);
    }
    let watched = Watched::new(server.pid().as_raw())?;
    let started_kib = watched.memory()?;

    let mut visit = Visit { corpus, asks: options.asks, compared: 0, browser };
    let page_ms = visit.pages()?;
    let (enter_ms, mut reader) = visit.enter(|| Reader::enter(address, &own, ROOM, patience, clock))?;
    let scroll_ms = visit.scroll(&mut reader)?;
    let search_ms = visit.search()?;
    let append = visit.append(&mut reader, &watched, clock, options)?;

    let figures = Figures {
        mode: "history",
        command: report::command(),
        messages: corpus.messages,
        asks: options.asks,
        answers_compared: visit.compared,
        index,
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
    // Who is there would be asked to come back in a moment, and waited for.
    drop((reader, visit));
    stop(&mut server)?;
    report::show(&figures)?;
    report::write(&figures, options.json.as_deref())
}

/// Waits until the door is open: until the server says that it takes people in.
fn await_open(server: &mut Started, door: &Browser) -> Result<()> {
    loop {
        if door.page("/readyz").is_ok() {
            return Ok(());
        }
        if let Some(status) = server.ended()? {
            anyhow::bail!("the server ended before it was open ({status})");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the last message can be found.
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
        // It takes some microseconds for each message at the least.
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

/// A file of the folder with what SQLite keeps beside it, in bytes.
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

fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000_000, 3)?)
}

/// Asks, and compares what is answered.
struct Visit {
    corpus: Corpus,
    asks: usize,
    compared: usize,
    browser: Browser,
}

impl Visit {
    /// The same question so many times; `ask` gives the nanoseconds.
    fn repeat(&mut self, asks: usize, mut ask: impl FnMut(&Self, u64) -> Result<u64>) -> Result<Percentiles> {
        let mut took = histogram()?;
        for index in 0..asks as u64 {
            took.saturating_record(ask(self, index)?);
            self.compared += 1;
        }
        Ok(Percentiles::of(&took))
    }

    /// The chat's page, as a browser asks for it.
    fn pages(&mut self) -> Result<Percentiles> {
        let newest = self.corpus.message(self.corpus.messages).id;
        self.repeat(self.asks, |visit, _| {
            let (html, took) = visit.browser.page(&format!("/chat/{ROOM}"))?;
            ensure!(html.contains(&newest), "the page has not the newest message");
            Ok(took)
        })
    }

    fn enter(
        &mut self,
        enter: impl Fn() -> Result<(Reader, crate::reader::Events, u64)>,
    ) -> Result<(Percentiles, Reader)> {
        let mut last = None;
        let percentiles = self.repeat(self.asks, |visit, _| {
            let (reader, events, took) = enter()?;
            let head = visit.corpus.messages;
            ensure!(events.head == head, "the room's head is {} and not {head}", events.head);
            let messages = events.messages();
            visit.compare(&messages, head - messages.len() as u64 + 1, 100)?;
            last = Some(reader);
            Ok(took)
        })?;
        Ok((percentiles, last.context("nobody entered")?))
    }

    fn scroll(&mut self, reader: &mut Reader) -> Result<Scroll> {
        let (messages, page) = (self.corpus.messages, PAGE as u64);
        let mut before = |visit: &mut Self, place: &dyn Fn(u64) -> u64| {
            visit.repeat(visit.asks, |visit, index| {
                let before = place(index);
                let (events, took) = reader.history("before", before, PAGE)?;
                visit.compare(&events, before - page, PAGE)?;
                Ok(took)
            })
        };
        // A tenth of the room at each end, and some pages at the least.
        let end = (messages / 10).max(2 * page).min(50 * page);
        let newest = before(self, &|index| messages + 1 - index * page % (end - page))?;
        let middle = before(self, &|_| messages / 2 + fastrand::u64(0..messages / 4))?;
        let oldest = before(self, &|_| fastrand::u64(page + 1..=end))?;
        let around = self.repeat(self.asks, |visit, _| {
            let place = fastrand::u64(page..messages - page);
            let (events, took) = reader.history("around", place, PAGE)?;
            visit.compare(&events, place - page / 2, PAGE)?;
            Ok(took)
        })?;
        let day = self.repeat(self.asks, |visit, _| {
            let place = fastrand::u64(1..messages - page);
            let (events, took) = reader.history("at", corpus::at(place), PAGE)?;
            visit.compare(&events, place, PAGE)?;
            Ok(took)
        })?;
        Ok(Scroll { newest, middle, oldest, around, day })
    }

    /// A page must be full, without holes, and hold what was said there.
    fn compare(&self, messages: &[Message], first: u64, count: usize) -> Result<()> {
        ensure!(messages.len() == count, "{} messages came instead of {count}", messages.len());
        for (seq, message) in (first..).zip(messages) {
            ensure!(*message == self.corpus.message(seq), "instead of message {seq} came {message:?}");
        }
        Ok(())
    }

    fn search(&mut self) -> Result<Search> {
        let rare = self.first_page(RARE, None)?;
        let rare_in_room = self.first_page(RARE, Some(ROOM))?;
        let frequent = self.first_page(FREQUENT, None)?;
        let chinese = self.first_page(CHINESE_WORD, None)?;
        let beginning = self.first_page(BEGINNING, None)?;
        let all: Vec<u64> = self.corpus.with(&[FREQUENT]).take(PAGES * HITS).collect();
        let mut older = None;
        let asks = self.asks;
        let pages = self.repeat(asks, |visit, index| {
            // There and back again.
            let page = usize::try_from(index)? % PAGES.min(all.len() / HITS);
            let from = if page == 0 { None } else { older.take() };
            let (found, took) = visit.browser.search(FREQUENT, None, from.as_deref())?;
            compare_hits(&found, &all[page * HITS..][..HITS])?;
            older = found.older;
            Ok(took)
        })?;
        let mut apart_cut = 0;
        // These may take long.
        let apart = self.repeat((asks / 10).max(2), |visit, _| {
            let (found, took) = visit.browser.search(&APART.join(" "), None, None)?;
            ensure!(found.seqs.is_empty(), "found what nobody has said: {found:?}");
            apart_cut += usize::from(found.is_remarked);
            Ok(took)
        })?;
        Ok(Search { rare, rare_in_room, frequent, chinese, beginning, pages, apart, apart_cut })
    }

    fn first_page(&mut self, word: &str, room: Option<&str>) -> Result<Percentiles> {
        let newest: Vec<u64> = self.corpus.with(&[word]).take(HITS).collect();
        self.repeat(self.asks, |visit, _| {
            let (found, took) = visit.browser.search(word, room, None)?;
            compare_hits(&found, &newest)?;
            Ok(took)
        })
    }

    /// Says as much as can be kept.
    fn append(
        &mut self,
        reader: &mut Reader,
        watched: &Watched,
        clock: Clock,
        options: &History,
    ) -> Result<Append> {
        let window = options.window as usize;
        let mut took = histogram()?;
        let (mut next, mut compared) = (self.corpus.messages + 1, 0);
        let (begin, cpu) = (clock.now(), watched.cpu()?);
        let until = begin + nanos(Duration::from_secs_f64(options.seconds));
        let corpus = self.corpus;
        // What others said in another place is as good a text as any.
        let text = |number| corpus.message(number % corpus.messages + 1).text;
        let said = reader.say(window, until, text, |seq, nanos| {
            ensure!(seq == next, "instead of message {next} came {seq}");
            next += 1;
            compared += 1;
            took.saturating_record(nanos);
            Ok(())
        })?;
        self.compared += compared;
        Ok(Append {
            window,
            messages_per_second: float(said) / seconds(clock.now() - begin),
            server_cpu_microseconds_per_message: (watched.cpu()? - cpu) * 1e6 / float(said),
            acknowledged_ms: Percentiles::of(&took),
        })
    }
}

/// The newest hits, all of them, and nothing else.
fn compare_hits(found: &Found, wanted: &[u64]) -> Result<()> {
    ensure!(found.seqs == wanted, "found {:?} instead of {wanted:?}", found.seqs);
    ensure!(!found.is_remarked, "the search says that it has not found all");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit() -> Visit {
        let corpus = Corpus { messages: 1_000 };
        let clock = Clock::start();
        let address = "127.0.0.1:1".parse().unwrap();
        Visit {
            corpus,
            asks: 1,
            compared: 0,
            browser: Browser::new(address, "", Duration::from_secs(1), clock),
        }
    }

    #[test]
    fn a_page_with_a_hole_or_another_text_is_wrong() {
        let visit = visit();
        let page = |seqs: &[u64]| seqs.iter().map(|&seq| visit.corpus.message(seq)).collect::<Vec<_>>();
        visit.compare(&page(&[5, 6, 7]), 5, 3).unwrap();
        assert!(visit.compare(&page(&[5, 7]), 5, 3).is_err(), "too few");
        assert!(visit.compare(&page(&[5, 7, 8]), 5, 3).is_err(), "a hole");
        let mut changed = page(&[5, 6, 7]);
        changed[1].text.push('!');
        assert!(visit.compare(&changed, 5, 3).is_err(), "another text");
    }

    #[test]
    fn hits_that_are_missing_strange_or_not_all_are_wrong() {
        let found = |seqs: &[u64], is_remarked| Found { seqs: seqs.to_vec(), older: None, is_remarked };
        compare_hits(&found(&[9, 4], false), &[9, 4]).unwrap();
        assert!(compare_hits(&found(&[9], false), &[9, 4]).is_err());
        assert!(compare_hits(&found(&[9, 5], false), &[9, 4]).is_err());
        assert!(compare_hits(&found(&[9, 4], true), &[9, 4]).is_err());
    }
}
