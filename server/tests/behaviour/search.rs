//! Search: what it finds, where hits lead, and who may see them. [`typed`] covers the query syntax, [`index`]
//! the state of the index, and [`zones`] the reader's days.

mod index;
mod typed;
mod zones;

use std::{path::Path, sync::Arc};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags, params};
use tempfile::TempDir;

use crate::support::{Browser, TestApp, eventually, folder};

/// A hit of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hit {
    /// The target of its link.
    href: String,
    /// The whole message as text, with the matches in brackets.
    text: String,
}

/// A page of search results.
struct Page {
    status: u16,
    html: String,
}

impl Page {
    fn hits(&self) -> Vec<Hit> {
        self.html
            .split("<li><a href=\"")
            .skip(1)
            .map(|rest| {
                let (href, rest) = rest.split_once('"').unwrap();
                let (_, rest) = rest.split_once("class=\"hit__text\">").unwrap();
                let (text, _) = rest.split_once("</span>").unwrap();
                Hit { href: href.to_owned(), text: plain(text) }
            })
            .collect()
    }

    /// Returns the texts of the hits, newest first.
    fn found(&self) -> Vec<String> {
        self.hits().into_iter().map(|hit| hit.text).collect()
    }

    /// Returns the link to older hits.
    fn older(&self) -> Option<String> {
        let (before, _) = self.html.split_once("\" rel=\"next\"")?;
        let (_, href) = before.rsplit_once("<a href=\"")?;
        Some(href.replace("&amp;", "&"))
    }
}

/// Returns the text that a browser shows for markup, with marks as brackets.
fn plain(html: &str) -> String {
    let html = html.replace("<mark>", "[").replace("</mark>", "]").replace("<!>", "");
    assert!(!html.contains('<'), "nothing else is marked up: {html}");
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

async fn page(browser: &Browser, path: &str) -> Page {
    let response = browser.get(path).await;
    Page { status: response.status().as_u16(), html: response.text().await.unwrap() }
}

fn path(typed: &str) -> String {
    format!("/search?q={}", utf8_percent_encode(typed, NON_ALPHANUMERIC))
}

async fn search(browser: &Browser, typed: &str) -> Page {
    page(browser, &path(typed)).await
}

async fn found(browser: &Browser, typed: &str) -> Vec<String> {
    search(browser, typed).await.found()
}

/// Waits until a search has this many hits.
async fn finds(browser: &Browser, typed: &str, count: usize) {
    eventually(&format!("{count} found for {typed}"), async || found(browser, typed).await.len() == count)
        .await;
}

/// A message of a log that was written before the server started.
struct SentMessage<'a> {
    room: &'a str,
    name: &'a str,
    text: &'a str,
    at: u64,
}

/// 2026-11-20 14:03:20 UTC.
const FRIDAY: u64 = 1_795_183_400_000;
const HOUR: u64 = 60 * 60 * 1_000;

fn said<'a>(room: &'a str, name: &'a str, text: &'a str) -> SentMessage<'a> {
    SentMessage { room, name, text, at: FRIDAY }
}

fn log(folder: &Path) -> Connection {
    Connection::open(folder.join("teahouse.db")).unwrap()
}

/// Appends messages to a log directly, as another program would.
fn write(folder: &Path, messages: &[SentMessage<'_>]) {
    let mut log = log(folder);
    let transaction = log.transaction().unwrap();
    for SentMessage { room, name, text, at } in messages {
        transaction.execute("INSERT OR IGNORE INTO room (name) VALUES (?1)", [room]).unwrap();
        let (room, seq): (i64, i64) = transaction
            .query_row("UPDATE room SET head = head + 1 WHERE name = ?1 RETURNING id, head", [room], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        transaction
            .execute(
                "INSERT INTO event (room, seq, kind, user, name, client, text, at)
                 VALUES (?1, ?2, 'message', 'u1', ?3, 'c' || ?2, ?4, ?5)",
                params![room, seq, name, text, i64::try_from(*at).unwrap()],
            )
            .unwrap();
    }
    transaction.commit().unwrap();
}

/// Returns a data folder whose log holds these messages and that was never searched.
async fn written(messages: &[SentMessage<'_>]) -> Arc<TempDir> {
    let (ended, data) = TestApp::on(Arc::new(folder()), |_| {}).await.stop().await;
    ended.unwrap();
    write(data.path(), messages);
    data
}

/// Starts a server on a log with these messages, and waits until all are indexed; returns a user to search
/// with.
async fn open(messages: &[SentMessage<'_>]) -> (TestApp, Browser) {
    let app = TestApp::on(written(messages).await, |config| config.rate_pages = 0).await;
    let reader = app.person("Reader").await;
    is_indexed(&app, messages.len()).await;
    (app, reader)
}

/// Returns the same user's browser at a restarted server.
fn again(app: &TestApp, person: &Browser) -> Browser {
    app.browser().with_cookie(&person.cookie())
}

fn indexed(folder: &Path) -> Option<usize> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let index = Connection::open_with_flags(folder.join("search.db"), flags).ok()?;
    let count: i64 = index.query_row("SELECT count(*) FROM message", (), |row| row.get(0)).ok()?;
    usize::try_from(count).ok()
}

/// Waits until this many messages are in the index.
async fn is_indexed(app: &TestApp, count: usize) {
    eventually(&format!("{count} messages are indexed"), async || {
        tokio::task::yield_now().await;
        indexed(app.data()) == Some(count)
    })
    .await;
}

#[tokio::test]
async fn chinese_is_found_in_the_middle_of_a_sentence() {
    let (_app, reader) = open(&[said("lobby", "小明", "我家在上海东边")]).await;
    for (typed, shown) in [
        ("上海", "我家在[上海]东边"),
        ("海东", "我家在上[海东]边"),
        ("东边", "我家在上海[东边]"),
        ("海", "我家在上[海]东边"),
        ("边", "我家在上海东[边]"),
        ("我家在上海东边", "[我家在上海东边]"),
        ("东边 上海", "我家在[上海][东边]"),
        ("“上海东”", "我家在[上海东]边"),
    ] {
        assert_eq!(found(&reader, typed).await, [shown.replace("][", "")], "{typed}");
    }
    for typed in ["上东", "海上", "上海边", "上海 南边", "北京"] {
        assert!(found(&reader, typed).await.is_empty(), "{typed}");
    }
}

#[tokio::test]
async fn japanese_korean_and_thai_are_found_from_two_characters_on() {
    let (_app, reader) = open(&[
        said("lobby", "Ken", "東京タワーへ行きましょう"),
        said("lobby", "Min", "오늘 서울시청에서 만나요"),
        said("lobby", "Som", "ฉันชอบดื่มชาเขียวตอนเช้า"),
        said("lobby", "Ken", "ｶﾞﾗｽのコップ"),
    ])
    .await;
    for (typed, shown) in [
        ("東京", "[東京]タワーへ行きましょう"),
        ("タワー", "東京[タワー]へ行きましょう"),
        ("行き", "東京タワーへ[行き]ましょう"),
        ("서울", "오늘 [서울]시청에서 만나요"),
        ("시청", "오늘 서울[시청]에서 만나요"),
        ("ชาเขียว", "ฉันชอบดื่ม[ชาเขียว]ตอนเช้า"),
        ("ガラス", "[ｶﾞﾗｽ]のコップ"),
    ] {
        assert_eq!(found(&reader, typed).await, [shown], "{typed}");
    }
    assert!(found(&reader, "からす").await.is_empty());
}

#[tokio::test]
async fn both_scripts_are_found_in_one_sentence() {
    let (_app, reader) = open(&[said("lobby", "小明", "我的iPhone手机掉在Starbucks里了")]).await;
    for typed in ["iphone", "手机", "iPhone手机", "我的iPhone", "的iphone手", "starb 手机"] {
        assert_eq!(found(&reader, typed).await.len(), 1, "{typed}");
    }
    for typed in ["phone", "手机Starbucks", "iphone机"] {
        assert!(found(&reader, typed).await.is_empty(), "{typed}");
    }
}

#[tokio::test]
async fn width_case_and_accents_make_no_difference() {
    let (_app, reader) = open(&[said("lobby", "Ann", "Ｃafé CRÈME in der Straße ①")]).await;
    for typed in ["café", "CAFE", "ｃａｆｅ", "creme", "cre\u{300}me", "strasse", "STRASSE", "1"] {
        assert_eq!(found(&reader, typed).await.len(), 1, "{typed}");
    }
}

#[tokio::test]
async fn all_words_must_occur_and_their_last_letters_may_be_missing() {
    let (_app, reader) = open(&[
        said("lobby", "Ann", "green tea in the teahouse"),
        said("lobby", "Bo", "tea, very green"),
        said("lobby", "Cy", "black coffee"),
    ])
    .await;
    assert_eq!(found(&reader, "green tea").await.len(), 2);
    assert_eq!(found(&reader, "gree tea").await.len(), 2);
    assert_eq!(found(&reader, "tea house").await.len(), 0);
    assert_eq!(found(&reader, "teah").await, ["green tea in the [teah]ouse"]);
    assert_eq!(found(&reader, "\"green tea\"").await, ["[green tea] in the teahouse"]);
    assert_eq!(found(&reader, "\"tea very\"").await, ["[tea, very] green"]);
    assert_eq!(found(&reader, "tea coffee").await.len(), 0);
}

#[tokio::test]
async fn hits_lead_to_their_places_newest_first() {
    let (_app, reader) = open(&[
        SentMessage { at: FRIDAY + 2, ..said("龙井", "Ann", "tea two") },
        SentMessage { at: FRIDAY + 1, ..said("lobby", "Ann", "tea one") },
        SentMessage { at: FRIDAY + 3, ..said("龙井", "Ann", "tea three") },
    ])
    .await;
    let hits: Vec<_> =
        search(&reader, "tea").await.hits().into_iter().map(|hit| (hit.href, hit.text)).collect();
    let hits: Vec<_> = hits.iter().map(|(href, text)| (href.as_str(), text.as_str())).collect();
    assert_eq!(
        hits,
        [
            ("/chat/龙井/2#m2", "[tea] three"),
            ("/chat/龙井/1#m1", "[tea] two"),
            ("/chat/lobby/1#m1", "[tea] one")
        ]
    );
    assert!(search(&reader, "tea").await.html.contains("target=\"_top\""));
}

#[tokio::test]
async fn one_can_ask_for_who_said_it() {
    let (_app, reader) = open(&[
        said("lobby", "Ann", "tea"),
        said("lobby", "Ann Lee", "tea from Ann"),
        said("lobby", "小明", "茶"),
    ])
    .await;
    for (typed, count) in [
        ("from:Ann", 1),
        ("from:ＡＮＮ", 1),
        ("from:Аnn", 1), // with a Cyrillic А: names that look alike are one
        ("from:\"ann lee\" tea", 1),
        ("来自：小明", 1),
        ("来自：“小明” 茶", 1),
        ("from:Ann from:小明", 2),
        ("from:Ann 茶", 0),
        ("from:An", 0),
        ("from Ann", 1),
    ] {
        assert_eq!(found(&reader, typed).await.len(), count, "{typed}");
    }
}

#[tokio::test]
async fn one_can_ask_for_where_it_was_said() {
    let (_app, reader) = open(&[
        said("lobby", "Ann", "tea in the lobby"),
        said("green-tea", "Ann", "tea elsewhere"),
        said("龙井", "Ann", "tea 茶"),
    ])
    .await;
    for (typed, count) in [
        ("in:lobby", 1),
        ("房间：大堂 tea", 1),
        ("in:Green-Tea tea", 1),
        ("in:#龙井", 1),
        ("房间:龙井 茶", 1),
        ("in:lobby in:龙井 tea", 2),
        ("in:nowhere", 0),
        ("in:lobby 茶", 0),
    ] {
        assert_eq!(found(&reader, typed).await.len(), count, "{typed}");
    }
    assert_eq!(page(&reader, "/search?q=tea&in=lobby").await.found().len(), 1);
    assert_eq!(page(&reader, "/search?q=in:lobby&in=green-tea").await.found().len(), 0);
    assert_eq!(page(&reader, "/search?q=tea&here=lobby").await.found().len(), 3);
}

#[tokio::test]
async fn one_can_ask_for_the_day_as_it_is_where_one_lives() {
    // 23:30 on the 19th and 00:30 on the 21st in Shanghai; in UTC, the second is still on the 20th.
    let midnight = FRIDAY - FRIDAY % (24 * HOUR);
    let (app, reader) = open(&[
        SentMessage { at: midnight - 8 * HOUR - HOUR / 2, ..said("lobby", "Ann", "tea late on Thursday") },
        SentMessage { at: midnight, ..said("lobby", "Ann", "tea on Friday morning") },
        SentMessage { at: midnight + 16 * HOUR + HOUR / 2, ..said("lobby", "Ann", "tea early on Saturday") },
    ])
    .await;
    let shanghai = app.browser().with_cookie(&reader.cookie()).with_cookie("tz=480");
    for (typed, first_words) in [
        ("on:2026-11-19", vec!["tea late"]),
        ("on:2026-11-20", vec!["tea on"]),
        ("当天：2026年11月21日", vec!["tea early"]),
        ("after:2026-11-19", vec!["tea early", "tea on"]),
        ("before:2026-11-21 after:2026-11-18 tea", vec!["[tea] on", "[tea] late"]),
        ("之前：2026-11-20", vec!["tea late"]),
        ("on:2026-11-22", vec![]),
    ] {
        let texts = found(&shanghai, typed).await;
        assert_eq!(texts.len(), first_words.len(), "{typed}: {texts:?}");
        for (text, start) in texts.iter().zip(first_words) {
            assert!(text.starts_with(start), "{typed}: {texts:?}");
        }
    }
    assert_eq!(found(&reader, "on:2026-11-20").await.len(), 2, "by UTC");
    let html = search(&shanghai, "early").await.html;
    assert!(html.contains("Saturday") && html.contains("00:30"), "told by the reader's clock: {html}");
}

#[tokio::test]
async fn a_long_text_is_shown_around_what_was_found_in_it() {
    let text = format!("{} 针 {}", "草".repeat(1_500), "稻".repeat(1_500));
    let (_app, reader) = open(&[said("lobby", "Ann", &text)]).await;
    let shown = found(&reader, "针").await.remove(0);
    assert!(shown.starts_with('…') && shown.ends_with('…') && shown.contains("[针]"), "{shown}");
    assert!(shown.chars().count() < 300, "{shown}");
}

#[tokio::test]
async fn thirty_at_a_time_are_shown_and_the_older_ones_are_a_link_away() {
    let texts: Vec<String> = (1..=70).map(|n| format!("tea number {n}")).collect();
    let messages: Vec<SentMessage<'_>> = texts.iter().map(|text| said("lobby", "Ann", text)).collect();
    let (_app, reader) = open(&messages).await;
    let mut seen = Vec::new();
    let mut path = "/search?q=tea&panel=1&here=lobby".to_owned();
    for (count, is_last) in [(30, false), (30, false), (10, true)] {
        let page = page(&reader, &path).await;
        assert_eq!((page.hits().len(), page.older().is_none()), (count, is_last), "{path}");
        seen.extend(page.found());
        path = page.older().unwrap_or_default();
        assert!(is_last || path.contains("panel=1") && path.contains("here=lobby"), "{path} leads on alike");
    }
    let expected: Vec<String> = (1..=70).rev().map(|n| format!("[tea] number {n}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn without_a_login_nothing_is_found() {
    let (app, _) = open(&[said("lobby", "Ann", "secret tea")]).await;
    let response = app.browser().get("/search?q=tea").await;
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()["location"], "/login?next=%2Fsearch%3Fq%3Dtea");
    // The login page is not shown in frames, so the panel reports the missing login itself.
    let panel = page(&app.browser(), "/search?q=tea&panel=1").await;
    assert_eq!((panel.status, panel.hits().len()), (401, 0));
    assert!(panel.html.contains("href=\"/login\" target=\"_top\""), "{}", panel.html);
    assert!(!panel.html.contains("secret"));
}

#[tokio::test]
async fn the_search_may_be_shown_by_our_own_pages_and_runs_nothing() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for path in ["/search", "/search?q=tea", "/search?q=tea&panel=1"] {
        let response = ann.get(path).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'self'") && policy.contains("frame-src 'none'"), "{policy}");
        assert_eq!(header("x-frame-options"), "SAMEORIGIN");
        assert_eq!(header("cache-control"), "no-store, no-transform");
        let html = response.text().await.unwrap();
        assert!(!html.contains("module") && !html.contains("/pkg/a.wasm"), "no program: {html}");
    }
}
