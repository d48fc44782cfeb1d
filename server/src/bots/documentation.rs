//! Checks docs/bots.md against the behaviour of the bots that call a service.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    answer_stream::AnswerStream,
    outgoing::test_service::{TestService, answer, json as json_answer},
    question::{Answer, Answerer, BotErrorKind, Question},
    test_question::{Earlier, question},
};
use crate::config::bots::{openai, tuling, webhook};

const PAGE: &str = include_str!("../../../docs/bots.md");

/// Returns the part of the page below a second-level heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n## {heading}\n")).expect("there is such a section");
    rest.split("\n## ").next().unwrap()
}

/// Returns the fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// A configuration, as far as it concerns these bots.
#[derive(Deserialize)]
struct Configured {
    bot: Vec<ConfiguredBot>,
}

#[derive(Deserialize)]
struct ConfiguredBot {
    openai: Option<openai::Settings>,
    tuling: Option<tuling::Settings>,
    webhook: Option<webhook::Settings>,
}

fn configured(heading: &str) -> Vec<ConfiguredBot> {
    let files =
        blocks(section(heading), "toml").into_iter().map(|file| toml::from_str::<Configured>(file).unwrap());
    files.flat_map(|file| file.bot).collect()
}

/// Returns the names of all settings, taken from the error about an unknown one.
fn names<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = toml::from_str::<T>("nothing = 1").err().unwrap().to_string();
    let (_, list) = error.split_once("expected one of ").expect("it says what there is");
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns the rows of a section's table of settings: the names in the first column, and the code spans in
/// the second.
fn rows(heading: &str) -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let (_, table) = section(heading).split_once("|---|---|---|\n").unwrap();
    let code = |cell: &'static str| cell.split('`').skip(1).step_by(2).collect();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').collect::<Vec<_>>()).map(|row| (code(row[1]), code(row[2]))).collect()
}

fn documented(heading: &str) -> BTreeSet<String> {
    rows(heading).into_iter().flat_map(|(names, _)| names).map(str::to_owned).collect()
}

/// Parses settings with all defaults of the table spelled out, and again without them.
fn with_and_without<T: DeserializeOwned + Debug>(heading: &str, needed: &str) -> (String, String) {
    let defaults = rows(heading).into_iter().flat_map(|(names, values)| names.into_iter().zip(values));
    let lines: Vec<String> = defaults.map(|(name, value)| format!("{name} = {value}")).collect();
    assert!(lines.len() >= 4, "{lines:?}");
    let read = |text: &str| format!("{:?}", toml::from_str::<T>(text).unwrap());
    (read(&format!("{needed}\n{}", lines.join("\n"))), read(needed))
}

async fn asked(bot: &dyn Answerer, question: &Question) -> Result<String, BotErrorKind> {
    match bot.answer(question, &AnswerStream::new(4_000)).await {
        Ok(Answer::Text(text)) => Ok(text),
        Ok(Answer::Later) => panic!("it was to answer at once"),
        Err(failure) => Err(failure.trouble),
    }
}

/// Returns bot settings with this line, a local service URL and the key in a file.
fn here<T: DeserializeOwned>(lines: &str, url: &str, key: &str) -> (tempfile::TempDir, T) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "CHANGE-ME\n").unwrap();
    (folder, toml::from_str(&format!("{lines}\nurl = '{url}'\n{key} = '{}'", path.display())).unwrap())
}

#[test]
fn each_example_of_a_configuration_is_one() {
    let openai = configured("openai");
    assert!(openai.len() == 2 && openai.iter().all(|bot| bot.openai.is_some()));
    let tuling = configured("tuling");
    assert!(tuling.len() == 1 && tuling[0].tuling.is_some());
    let webhook = configured("webhook");
    assert!(webhook.len() == 1 && webhook[0].webhook.is_some());
}

#[test]
fn the_tables_name_all_settings_and_no_others() {
    assert_eq!(documented("openai"), names::<openai::Settings>());
    assert_eq!(documented("tuling"), names::<tuling::Settings>());
    assert_eq!(documented("webhook"), names::<webhook::Settings>());
}

#[test]
fn the_tables_say_what_the_defaults_are() {
    let needed = "url = 'http://a.example/v1'\nmodel = 'm'";
    let (with, without) = with_and_without::<openai::Settings>("openai", needed);
    assert_eq!(with, without);
    let (with, without) = with_and_without::<tuling::Settings>("tuling", "");
    assert_eq!(with, without);
    let (with, without) = with_and_without::<webhook::Settings>("webhook", "url = 'http://a.example/'");
    assert_eq!(with, without);
}

#[test]
fn the_example_for_ollama_needs_nothing_else() {
    configured("openai").remove(1).openai.unwrap().open().unwrap();
}

#[tokio::test]
async fn what_a_model_is_asked_is_as_documented() {
    let body = r#"{"choices":[{"message":{"content":"三点"},"finish_reason":"stop"}]}"#;
    let service = TestService::saying(json_answer("200 OK", body)).await;
    let [example, _] = blocks(section("openai"), "toml")[..] else { panic!("there are two examples") };
    let set = ["model", "system", "max_tokens", "temperature"];
    let lines = example.lines().filter(|line| set.iter().any(|name| line.starts_with(name)));
    let lines = lines.collect::<Vec<_>>().join("\n");
    let (_folder, settings): (_, openai::Settings) = here(&lines, &service.url("/v1"), "key_file");
    let said = [Earlier::Other("水开了吗?"), Earlier::Bot("开了。"), Earlier::Other("谢谢")];
    asked(&*settings.open().unwrap(), &question("几点了?", &said)).await.unwrap();
    let documented: Value = serde_json::from_str(blocks(section("openai"), "json")[0]).unwrap();
    assert_eq!(service.heard()[0].json(), documented);
}

#[tokio::test]
async fn what_the_robot_is_asked_and_answers_is_as_documented() {
    let [sent, expected] = blocks(section("tuling"), "json")[..] else { panic!("there are two examples") };
    let service = TestService::saying(json_answer("200 OK", expected)).await;
    let (_folder, settings): (_, tuling::Settings) = here("", &service.url("/"), "key_file");
    let said = asked(&*settings.open().unwrap(), &question("附近的酒店", &[])).await.unwrap();
    assert_eq!(said, "亲,已帮你找到相关酒店信息\nhttp://m.elong.com/hotel/0101/nlist/");
    let mut heard = service.heard()[0].json();
    heard["userInfo"]["userId"] = json!("USER-ID");
    assert_eq!(heard, serde_json::from_str::<Value>(sent).unwrap());
}

fn asked_of_a_program() -> Question {
    let reply_url = Some("https://chat.example.org/replies/once".to_owned());
    Question { reply_url, ..question("几点了?", &[Earlier::Other("不知道")]) }
}

#[tokio::test]
async fn what_a_program_is_asked_is_as_documented_and_is_signed_as_documented() {
    let service = TestService::saying(answer("200 OK", "", "三点")).await;
    let (folder, settings): (_, webhook::Settings) = here("", &service.url("/"), "secret_file");
    asked(&*settings.open().unwrap(), &asked_of_a_program()).await.unwrap();
    let heard = &service.heard()[0];
    assert_eq!(heard.json(), serde_json::from_str::<Value>(blocks(section("webhook"), "json")[0]).unwrap());
    fs::write(folder.path().join("body"), &heard.body).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", blocks(section("webhook"), "sh")[0]]).current_dir(folder.path());
    shell.env("timestamp", heard.header("teahouse-timestamp").unwrap()).env("secret", "CHANGE-ME");
    let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    assert_eq!(Some(printed.trim_end()), heard.header("teahouse-signature"));
}

/// The page's example program; killed when the test ends.
struct Clock {
    child: Child,
    port: u16,
}

impl Clock {
    fn start(secret: &str) -> Clock {
        let mut child = Command::new("python3")
            .arg("-")
            .env("CLOCK_SECRET", secret)
            .env("PORT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is installed");
        let mut input = child.stdin.take().unwrap();
        input.write_all(blocks(section("webhook"), "python")[0].as_bytes()).unwrap();
        drop(input);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().rsplit(' ').next().unwrap().parse();
        Clock { child, port: port.expect("it says where it listens") }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn the_documented_program_answers_us_and_nobody_else() {
    let clock = Clock::start("CHANGE-ME");
    let url = format!("http://127.0.0.1:{}/", clock.port);
    let (folder, settings): (_, webhook::Settings) = here("", &url, "secret_file");
    let said = asked(&*settings.open().unwrap(), &asked_of_a_program()).await.unwrap();
    assert!(said.starts_with("小明: "), "{said}");
    fs::write(folder.path().join("key"), "another").unwrap();
    assert_eq!(asked(&*settings.open().unwrap(), &asked_of_a_program()).await, Err(BotErrorKind::Refused));
}
