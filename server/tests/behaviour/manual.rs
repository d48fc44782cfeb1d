//! Executes docs/api.md: runs its shell blocks in order, with real curl, against a server; the output and the
//! room's messages must match the document.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
};

use chat::protocol::Message;

use crate::support::{
    Lines, folder, patiently,
    program::{Server, finish},
};

const DOCUMENT: &str = include_str!("../../../docs/api.md");

/// The address and data folder of the server in the document.
const ADDRESS: &str = "http://127.0.0.1:3000";
const DATA: &str = "/var/lib/teahouse";

/// A fenced block: its info string, its content, and the line where it begins.
struct Block {
    mark: &'static str,
    text: String,
    line: usize,
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for (index, line) in DOCUMENT.lines().enumerate() {
        match (inside, line.strip_prefix("```")) {
            (false, Some(mark)) => blocks.push(Block { mark, text: String::new(), line: index + 1 }),
            (true, None) => {
                let text = &mut blocks.last_mut().expect("it was opened").text;
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
        inside ^= line.starts_with("```");
    }
    assert!(!inside, "the last block does not end");
    blocks
}

/// Returns whether a word is random or depends on the date. Such words differ between runs, but consistently.
fn varies(word: &str) -> bool {
    let hex = |length: usize| word.len() == length && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let day = word.len() == 10 && word.split('-').map(str::len).eq([4, 2, 2]);
    let token = word.len() == 48 && word.starts_with("th_");
    let key = word.len() == 47 && word.starts_with("key-");
    let moment = word.len() == 13 && word.bytes().all(|byte| byte.is_ascii_digit());
    let program = word.len() == 16 && word.starts_with("api-");
    moment || program || hex(12) || hex(16) || hex(32) || day || token || key
}

/// Splits a text into words and the separators between them.
fn words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

/// The values that the document's words have in this run.
#[derive(Default)]
struct Meanings(BTreeMap<String, String>);

impl Meanings {
    /// Translates a text of the document to this run.
    fn here(&self, text: &str) -> String {
        words(text).into_iter().map(|word| self.0.get(word).map_or(word, |here| here)).collect()
    }

    /// Compares the expected with the actual output, and learns the values of varying words.
    fn learn(&mut self, expected: &str, said: &str, line: usize) {
        let (expected_words, said_words) = (words(expected.trim_end()), words(said.trim_end()));
        let alike = expected_words.len() == said_words.len()
            && expected_words.iter().zip(&said_words).all(|(expected, said)| {
                let is_new = varies(expected) && varies(said) && expected.len() == said.len();
                let meant = self.0.get(*expected).map(String::as_str);
                let fits = meant.map_or(expected == said || is_new, |meant| meant == *said);
                if fits && is_new {
                    self.0.insert((*expected).to_owned(), (*said).to_owned());
                }
                fits
            });
        assert!(alike, "line {line}:\n{expected}\nis here:\n{said}");
    }
}

/// Runs a script in a shell that stops at the first error; returns its output.
fn shell(script: &str, folder: &Path, line: usize) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_teahouse")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("there is a path"));
    let mut command = Command::new("sh");
    command.args(["-euc", script]).env_clear().env("PATH", path).current_dir(folder).stdin(Stdio::null());
    let output = finish(command);
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "line {line}: {trouble}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Reads until the room has received the expected messages.
async fn read(lines: &mut Lines, expected: &str, line: usize) {
    let line_of = |message: &Message| format!("{}: {}\n", message.user.name, message.text);
    let mut said = String::new();
    while said.len() < expected.len() {
        let next = patiently(&format!("what stands in line {line}, after {said}"), lines.message()).await;
        said.push_str(&line_of(&next));
    }
    assert_eq!(said, expected, "line {line}");
}

#[test]
fn every_block_is_of_a_kind_that_is_executed() {
    let marks: BTreeSet<&str> = blocks().iter().map(|block| block.mark).collect();
    assert_eq!(marks, BTreeSet::from(["sh", "text", "text room", "yaml"]));
}

#[tokio::test]
async fn what_stands_in_the_manual_happens() {
    let (data, elsewhere) = (folder(), folder());
    let server = Server::start(data.path(), &[]);
    let address = format!("http://{}", server.address());
    let mut lines = server.person("Reader").await.talk_in(&["lobby", "茶艺"]).await;
    let mut meanings = Meanings::default();
    let mut printed = None;
    let (mut ran, mut addresses) = (0, 0);
    for Block { mark, text, line } in blocks() {
        let here = meanings.here(&text).replace(ADDRESS, &address);
        match mark {
            "sh" => {
                assert_eq!(
                    printed.take(),
                    None,
                    "before line {line} something is printed that does not stand there"
                );
                let script = here.replace(DATA, data.path().to_str().expect("it is text"));
                let folder = elsewhere.path().to_owned();
                let run = tokio::task::spawn_blocking(move || shell(&script, &folder, line));
                printed = Some(run.await.expect("it ends")).filter(|printed| !printed.is_empty());
                ran += 1;
            }
            "text" => {
                let printed = printed.take().unwrap_or_else(|| panic!("line {line}: nothing was printed"));
                meanings.learn(&text, &printed, line);
            }
            "text room" => read(&mut lines, &here, line).await,
            "yaml" => {
                // The configured programs are not available here; this checks that their settings lead to a
                // hook.
                let settings = here.lines().filter_map(|setting| setting.trim_start().rsplit_once("url: "));
                for (_, url) in settings {
                    let path = url.strip_prefix(&*address).unwrap_or_else(|| panic!("line {line}: {url}"));
                    let answer =
                        server.browser().push(path, &[("content-type", "application/json")], "{}").await;
                    assert_eq!(
                        answer.status(),
                        422,
                        "line {line}: it is a hook's, and there is nothing to say"
                    );
                    addresses += 1;
                }
            }
            other => panic!("line {line}: nobody executes `{other}`"),
        }
    }
    assert_eq!(printed, None, "something is printed that does not stand there");
    assert!(ran >= 12 && addresses == 2, "{ran} scripts, {addresses} addresses");
    drop(lines);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}
