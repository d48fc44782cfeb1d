//! One visit to a room with a long history: repeats each kind of request many times and compares every answer
//! with its expected content.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::clock::{Clock, nanos, seconds};
use crate::corpus::{self, APART, BEGINNING, CHINESE_WORD, Corpus, FREQUENT, Message, RARE, ROOM};
use crate::meter::Watched;
use crate::options::History;
use crate::reader::{Browser, Events, Found, Reader};
use crate::report::{Percentiles, float};

/// Messages per history request when scrolling: as many as the page requests.
const PAGE: usize = 100;

/// Hits per page of search results.
const HITS: usize = 30;

/// Number of result pages a search is followed back.
const PAGES: usize = 20;

#[derive(Serialize)]
pub(super) struct Scroll {
    newest: Percentiles,
    middle: Percentiles,
    oldest: Percentiles,
    /// Jumping to a message shown in the middle of a page (`around`), and to a point in time (`day`).
    around: Percentiles,
    day: Percentiles,
}

#[derive(Serialize)]
pub(super) struct Search {
    rare: Percentiles,
    /// The same, restricted to this room.
    rare_in_room: Percentiles,
    frequent: Percentiles,
    chinese: Percentiles,
    /// A two-letter prefix of many words.
    beginning: Percentiles,
    /// Paging through the hits of the frequent word.
    pages: Percentiles,
    /// Two frequent words that never occur in the same message.
    apart: Percentiles,
    /// Number of those searches that hit their time limit.
    apart_cut: usize,
}

#[derive(Serialize)]
pub(super) struct Append {
    window: usize,
    messages_per_second: f64,
    server_cpu_microseconds_per_message: f64,
    /// From sending a message to receiving it back.
    acknowledged_ms: Percentiles,
}

pub(super) fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000_000, 3)?)
}

/// Sends requests and compares their answers.
pub(super) struct Visit {
    corpus: Corpus,
    asks: usize,
    compared: usize,
    browser: Browser,
}

impl Visit {
    pub(super) fn new(corpus: Corpus, asks: usize, browser: Browser) -> Self {
        Self { corpus, asks, compared: 0, browser }
    }

    /// Returns the number of answers compared. A wrong answer would have been an error.
    pub(super) fn compared(&self) -> usize {
        self.compared
    }

    /// Repeats a request; `ask` returns how many nanoseconds it took.
    fn repeat(&mut self, asks: usize, mut ask: impl FnMut(&Self, u64) -> Result<u64>) -> Result<Percentiles> {
        let mut took = histogram()?;
        for index in 0..asks as u64 {
            took.saturating_record(ask(self, index)?);
            self.compared += 1;
        }
        Ok(Percentiles::of(&took))
    }

    /// Requests the chat page as a browser does.
    pub(super) fn pages(&mut self) -> Result<Percentiles> {
        let newest = self.corpus.message(self.corpus.messages).id;
        self.repeat(self.asks, |visit, _| {
            let (html, took) = visit.browser.page(&format!("/chat/{ROOM}"))?;
            ensure!(html.contains(&newest), "the page has not the newest message");
            Ok(took)
        })
    }

    pub(super) fn enter(
        &mut self,
        enter: impl Fn() -> Result<(Reader, Events, u64)>,
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

    pub(super) fn scroll(&mut self, reader: &mut Reader) -> Result<Scroll> {
        let (messages, page) = (self.corpus.messages, PAGE as u64);
        let mut before = |visit: &mut Self, place: &dyn Fn(u64) -> u64| {
            visit.repeat(visit.asks, |visit, index| {
                let before = place(index);
                let (events, took) = reader.history("before", before, PAGE)?;
                visit.compare(&events, before - page, PAGE)?;
                Ok(took)
            })
        };
        // A tenth of the room at each end, but at least some pages.
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

    /// Checks that a page is full, has no holes and holds the expected messages.
    fn compare(&self, messages: &[Message], first: u64, count: usize) -> Result<()> {
        ensure!(messages.len() == count, "{} messages came instead of {count}", messages.len());
        for (seq, message) in (first..).zip(messages) {
            ensure!(*message == self.corpus.message(seq), "instead of message {seq} came {message:?}");
        }
        Ok(())
    }

    pub(super) fn search(&mut self) -> Result<Search> {
        let rare = self.first_page(RARE, None)?;
        let rare_in_room = self.first_page(RARE, Some(ROOM))?;
        let frequent = self.first_page(FREQUENT, None)?;
        let chinese = self.first_page(CHINESE_WORD, None)?;
        let beginning = self.first_page(BEGINNING, None)?;
        let all: Vec<u64> = self.corpus.with(&[FREQUENT]).take(PAGES * HITS).collect();
        let mut older = None;
        let asks = self.asks;
        let pages = self.repeat(asks, |visit, index| {
            // Pages back through the results and then starts over.
            let page = usize::try_from(index)? % PAGES.min(all.len() / HITS);
            let from = if page == 0 { None } else { older.take() };
            let (found, took) = visit.browser.search(FREQUENT, None, from.as_deref())?;
            compare_hits(&found, &all[page * HITS..][..HITS])?;
            older = found.older;
            Ok(took)
        })?;
        let mut apart_cut = 0;
        // These searches may take long.
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

    /// Sends as many messages as the server can store.
    pub(super) fn append(
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
        // Reuses the texts of the corpus.
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

/// Checks that a result page holds exactly the newest hits.
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
