//! The history of a room before a run: any number of messages, each derived from its seq, so that a reader
//! can verify every message it gets. Also writes that history as an archive for `teahouse import`.
//!
//! Texts are drawn from a word distribution like that of real conversation: a few words make up most of the
//! text, in Chinese and English, with numbers, names and addresses that hardly occur twice. Some words are
//! planted where a search must find them.

mod words;

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use words::{AUTHORS, CHINESE, ENGLISH};

/// Name of the room.
pub(crate) const ROOM: &str = "history";

/// Start of the history, and the time between two messages, in milliseconds.
const BEGIN: u64 = 1_700_000_000_000;
const STEP: u64 = 5_000;

/// Search terms, and how often each occurs in the corpus.
pub(crate) const RARE: &str = "osmanthus";
/// Occurrences of [`RARE`] in a corpus of any size; one is in the last message.
pub(crate) const RARE_TIMES: u64 = 5;
/// In about every tenth message, and the prefix of other words.
pub(crate) const FREQUENT: &str = "tea";
/// The prefix of some hundred words, most of which hardly occur.
pub(crate) const BEGINNING: &str = "te";
/// In about every twentieth message.
pub(crate) const CHINESE_WORD: &str = "茶馆";
/// Each in about every twentieth message, and never in the same one.
pub(crate) const APART: [&str; 2] = ["kettle", "thermos"];

/// The messages of the room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Corpus {
    /// Number of messages. Their seqs begin with 1.
    pub(crate) messages: u64,
}

/// A message, as the protocol and an archive represent it.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub(crate) room: String,
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) user: User,
    pub(crate) text: String,
    pub(crate) at: u64,
}

#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Corpus {
    /// Returns the message with this seq.
    pub(crate) fn message(self, seq: u64) -> Message {
        let mut chance = Rng::with_seed(seq);
        let author = often(&mut chance, AUTHORS.len());
        Message {
            room: ROOM.to_owned(),
            seq,
            // As long as the page's ids, and unordered like them.
            id: format!("{:016x}{seq:016x}", chance.u64(..)),
            user: User { id: format!("{:020x}", author + 1), name: AUTHORS[author].to_owned() },
            text: self.text(seq, &mut chance),
            at: at(seq),
        }
    }

    fn text(self, seq: u64, chance: &mut Rng) -> String {
        let mut text = String::new();
        let (mut is_chinese, pieces) = (chance.u8(..) < 160, 3 + often(chance, 24));
        for piece in 0..pieces {
            // Now and then the author switches languages.
            is_chinese ^= chance.u8(..) < 12;
            if piece > 0 && chance.u8(..) < 24 {
                text.push_str(if is_chinese { "，" } else { "," });
            }
            let rare = chance.u8(..);
            if rare < 6 {
                push(&mut text, &seldom(chance));
            } else if is_chinese {
                text.push_str(CHINESE[often(chance, CHINESE.len())]);
            } else {
                push(&mut text, ENGLISH[often(chance, ENGLISH.len())]);
            }
        }
        for (word, is_said) in [
            (FREQUENT, chance.u8(0..10) == 0),
            (APART[0], seq.is_multiple_of(2) && chance.u8(0..10) == 0),
            (APART[1], !seq.is_multiple_of(2) && chance.u8(0..10) == 0),
            (RARE, self.is_rare(seq)),
        ] {
            if is_said {
                push(&mut text, word);
            }
        }
        if chance.u8(0..20) == 0 {
            text.push_str(CHINESE_WORD);
        }
        text
    }

    fn is_rare(self, seq: u64) -> bool {
        let apart = (self.messages / RARE_TIMES).max(1);
        (self.messages - seq).is_multiple_of(apart) && (self.messages - seq) / apart < RARE_TIMES
    }

    /// Returns the seqs of the messages that contain all of these words, newest first.
    pub(crate) fn with<'a>(self, words: &'a [&str]) -> impl Iterator<Item = u64> + 'a {
        (1..=self.messages).rev().filter(move |&seq| {
            let text = self.message(seq).text;
            words.iter().all(|word| has(&text, word))
        })
    }

    /// Writes the corpus in the format of docs/archive-format.md.
    pub(crate) fn archive(self, out: &mut impl Write) -> io::Result<()> {
        let line = json!({
            "archive": { "format": "teahouse.archive", "version": 1, "at": at(self.messages), "epoch": "corpus" }
        });
        writeln!(out, "{line}")?;
        let oldest = self.messages.min(1);
        writeln!(out, "{}", json!({ "room": { "room": ROOM, "head": self.messages, "oldest": oldest } }))?;
        for seq in 1..=self.messages {
            out.write_all(br#"{"message":"#)?;
            serde_json::to_writer(&mut *out, &self.message(seq))?;
            out.write_all(b"}\n")?;
        }
        writeln!(out, "{}", json!({ "end": { "rooms": 1, "events": self.messages } }))
    }
}

/// Returns the time of the message with this seq.
pub(crate) fn at(seq: u64) -> u64 {
    BEGIN + seq * STEP
}

/// Appends a word, after a space unless the text is empty.
fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// Prints the archive to standard output.
pub(crate) fn print(messages: u64) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    Corpus { messages }.archive(&mut out).and_then(|()| out.flush()).context("the archive cannot be printed")
}

/// Returns whether a search for this word must find this text: a word of the text begins with it or, for
/// Chinese, it occurs anywhere.
pub(crate) fn has(text: &str, word: &str) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric();
    let begins = |at: usize| !word.is_ascii() || !text.as_bytes()[..at].last().is_some_and(is_letter);
    text.match_indices(word).any(|(at, _)| begins(at))
}

/// Draws an index below `count`, the first ones far more often than the last: the logarithm of the result is
/// uniformly distributed.
fn often(chance: &mut Rng, count: usize) -> usize {
    let log = chance.f64() * (float(count) + 1.0).ln();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the count")]
    let drawn = log.exp_m1() as usize;
    drawn.min(count - 1)
}

#[expect(clippy::cast_precision_loss, reason = "a list of words is short")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Returns a number, a made-up name or an address: one of some hundred thousand.
fn seldom(chance: &mut Rng) -> String {
    let mut name = String::new();
    for _ in 0..chance.usize(2..=4) {
        name.push(char::from(b"bdfgklmnprstvz"[chance.usize(0..14)]));
        name.push(char::from(b"aeiou"[chance.usize(0..5)]));
    }
    match chance.u8(0..3) {
        0 => format!("#{}", chance.u32(1_000..200_000)),
        1 => format!("https://{name}.example/{}", chance.u16(..)),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_follows_from_its_seq() {
        let corpus = Corpus { messages: 1_000 };
        assert_eq!(corpus.message(7), corpus.message(7));
        assert_ne!(corpus.message(7).text, corpus.message(8).text);
    }

    #[test]
    fn the_words_that_are_searched_for_are_as_often_there_as_they_should_be() {
        let corpus = Corpus { messages: 5_000 };
        let count = |words: &[&str]| corpus.with(words).count();
        assert_eq!(count(&[RARE]), 5);
        assert_eq!(corpus.with(&[RARE]).next(), Some(5_000));
        assert!((400..700).contains(&count(&[FREQUENT])), "{}", count(&[FREQUENT]));
        assert!((200..320).contains(&count(&[CHINESE_WORD])), "{}", count(&[CHINESE_WORD]));
        assert!(APART.iter().all(|word| count(&[word]) > 180));
        assert_eq!(count(&APART), 0);
    }

    #[test]
    fn a_word_is_found_at_its_beginning_and_chinese_anywhere() {
        assert!(has("好 tea", "tea") && has("茶tea", "tea") && has("teahouse", "tea"));
        assert!(!has("steam", "tea") && !has("5tea", "tea"));
        assert!(has("去茶馆吧", "茶馆") && !has("茶，馆", "茶馆"));
    }

    #[test]
    fn an_archive_begins_and_ends_as_the_format_says() {
        let mut out = Vec::new();
        Corpus { messages: 2 }.archive(&mut out).unwrap();
        let lines: Vec<serde_json::Value> =
            out.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[1], json!({ "room": { "room": ROOM, "head": 2, "oldest": 1 } }));
        assert_eq!(lines[3]["message"]["seq"], 2);
        assert_eq!(lines[4], json!({ "end": { "rooms": 1, "events": 2 } }));
    }
}
