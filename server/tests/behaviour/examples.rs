//! The programs in `examples/`, executed: what users start from works as it stands there.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use tokio::sync::mpsc;

use super::bots::{ask, with_bots};
use crate::support::{Lines, TestApp, api::Program, patiently, relay::Relay};

fn example(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples").join(file)
}

/// A running example. Dropping it kills it.
struct Example {
    child: Child,
    input: ChildStdin,
    output: mpsc::Receiver<String>,
}

impl Example {
    fn start(interpreter: &str, file: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Example {
        let mut child = Command::new(interpreter)
            .arg(example(file))
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{interpreter} does not start: {error}"));
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel(100);
        thread::spawn(move || {
            let printed = BufReader::new(output).lines().map_while(Result::ok);
            printed.take_while(|line| send.blocking_send(line.clone()).is_ok()).for_each(drop);
        });
        Example { child, input, output: lines }
    }

    async fn line(&mut self) -> String {
        patiently("a line of the example", self.output.recv()).await.expect("the example continues")
    }

    fn write(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // An example that has already exited cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client for the lobby of a server behind this address.
fn client(app: &TestApp, url: &str, interpreter: &str, file: &str) -> Example {
    let program =
        Program::with(app.data(), app.address(), &["--scope", "read", "--scope", "write", "--room", "lobby"]);
    Example::start(interpreter, file, &[url, "lobby"], &[("TEAHOUSE_TOKEN", &program.token)])
}

/// Checks that a client shows what was said before it started, and sends a line.
async fn follows_and_sends(client: &mut Example, ann: &mut Lines, shown: fn(&str, &str) -> String) {
    let earlier = client.line().await;
    assert!(earlier.contains(&shown("Ann", "earlier")), "{earlier}");
    client.write("你好, \"tea\" & all");
    let sent = ann.message().await;
    assert!(sent.user.id.is_program() && &*sent.user.name == "reporter", "{sent:?}");
    assert_eq!(&*sent.text, "你好, \"tea\" & all");
    let own = client.line().await;
    assert!(own.contains("reporter") && own.contains("你好"), "{own}");
}

async fn said_earlier(app: &TestApp) -> Lines {
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "earlier").await;
    assert_eq!(&*ann.message().await.text, "earlier");
    ann
}

async fn a_client_misses_nothing_and_sends(interpreter: &str, file: &str) {
    let app = TestApp::start().await;
    let relay = Relay::to(app.address().port()).await;
    let url = relay.url().replace("redis", "http");
    let mut ann = said_earlier(&app).await;
    let mut client = client(&app, &url, interpreter, file);
    follows_and_sends(&mut client, &mut ann, |name, text| format!("{name}: {text}")).await;
    relay.turn_to(app.address().port());
    for n in 0..20 {
        ann.say(&format!("n{n}"), &format!("meanwhile {n}")).await;
    }
    for n in 0..20 {
        assert_eq!(client.line().await, format!("Ann: meanwhile {n}"));
    }
}

#[tokio::test]
async fn the_client_in_python_misses_nothing_and_sends() {
    a_client_misses_nothing_and_sends("python3", "client.py").await;
}

#[tokio::test]
async fn the_client_in_javascript_misses_nothing_and_sends() {
    a_client_misses_nothing_and_sends("node", "client.mjs").await;
}

#[tokio::test]
async fn the_client_in_shell_follows_and_sends() {
    let app = TestApp::start().await;
    let mut ann = said_earlier(&app).await;
    let mut client = client(&app, &app.origin(), "sh", "client.sh");
    follows_and_sends(&mut client, &mut ann, |name, text| {
        format!("\"name\":\"{name}\"}},\"text\":\"{text}\"")
    })
    .await;
}

#[tokio::test]
async fn the_bot_by_webhook_answers() {
    let secret = [("TEAHOUSE_SECRET", "a-secret-of-sixteen-bytes-or-more"), ("PORT", "0")];
    let mut bot = Example::start("node", "webhook-bot.mjs", &[], &secret);
    let url = bot.line().await;
    let folder = crate::support::folder();
    let file = folder.path().join("secret");
    std::fs::write(&file, secret[0].1).unwrap();
    let app = with_bots(&format!(
        "[[bot]]\nname = \"Counter\"\n[bot.webhook]\nurl = \"{url}\"\nsecret_file = \"{}\"\n",
        file.display()
    ))
    .await;
    let mut ann = app.person("Ann").await.talk().await;
    assert_eq!(&*ask(&mut ann, "m1", "@Counter 几点了?").await.text, "Ann: 4");
}
