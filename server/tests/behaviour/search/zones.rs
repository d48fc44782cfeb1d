//! The reader's time zone: the room, the search and the jump to a day agree, in summer and in winter.

use chat::time::Millis;
use jiff::Timestamp;

use super::{SentMessage, found, open, page, said, search};
use crate::support::Browser;

fn at(moment: &str) -> u64 {
    let moment: Timestamp = moment.parse().unwrap();
    u64::try_from(moment.as_millisecond()).unwrap()
}

/// Returns the target of the jump to a day.
async fn day(reader: &Browser, day: &str) -> String {
    let answer = reader.get(&format!("/chat/lobby?day={day}")).await;
    assert_eq!(answer.status(), 303, "{day}");
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// Returns one message from summer and one from winter.
fn summer_and_winter() -> [SentMessage<'static>; 2] {
    [
        SentMessage { at: at("2026-07-14T22:30:00Z"), ..said("lobby", "Ann", "iced tea") },
        SentMessage { at: at("2026-11-14T22:30:00Z"), ..said("lobby", "Ann", "hot tea") },
    ]
}

/// A local date and time: the day in words and in digits, and the time.
type Shown = (&'static str, &'static str, &'static str);

/// A zone, and the local date and time of the two messages.
const SHOWN: [(&str, [Shown; 2]); 9] = [
    ("Europe/Berlin", [("15 July", "2026-07-15", "00:30"), ("14 November", "2026-11-14", "23:30")]),
    ("Asia/Kolkata", [("15 July", "2026-07-15", "04:00"), ("15 November", "2026-11-15", "04:00")]),
    // A name that some browsers still use.
    ("Asia/Calcutta", [("15 July", "2026-07-15", "04:00"), ("15 November", "2026-11-15", "04:00")]),
    ("Asia/Kathmandu", [("15 July", "2026-07-15", "04:15"), ("15 November", "2026-11-15", "04:15")]),
    // Daylight saving time is half an hour.
    ("Australia/Lord_Howe", [("15 July", "2026-07-15", "09:00"), ("15 November", "2026-11-15", "09:30")]),
    ("America/St_Johns", [("14 July", "2026-07-14", "20:00"), ("14 November", "2026-11-14", "19:00")]),
    ("UTC", [("14 July", "2026-07-14", "22:30"), ("14 November", "2026-11-14", "22:30")]),
    // As pages of an earlier version send it, and an unknown zone.
    ("480", [("15 July", "2026-07-15", "06:30"), ("15 November", "2026-11-15", "06:30")]),
    ("Mars/Olympus_Mons", [("14 July", "2026-07-14", "22:30"), ("14 November", "2026-11-14", "22:30")]),
];

#[tokio::test]
async fn a_message_stands_under_one_day_and_hour_everywhere() {
    let (app, reader) = open(&summer_and_winter()).await;
    for (zone, shown) in SHOWN {
        let reader = app.browser().with_cookie(&reader.cookie()).with_cookie(&format!("tz={zone}"));
        let room = page(&reader, "/chat").await.html;
        for ((words, date, clock), (seq, text)) in shown.into_iter().zip([(1, "iced"), (2, "hot")]) {
            assert!(room.contains(&format!("datetime=\"{date}\"")), "{zone}: no line for {date}: {room}");
            assert!(room.contains(&format!(">{clock}</time>")), "{zone}: no {clock}: {room}");
            let hits = search(&reader, &format!("on:{date} {text}")).await;
            assert_eq!(hits.found().len(), 1, "{zone}: {text} on {date}");
            assert!(hits.html.contains(words) && hits.html.contains(clock), "{zone}: {}", hits.html);
            assert_eq!(day(&reader, date).await, format!("/chat/lobby/{seq}#m{seq}"), "{zone} {date}");
        }
    }
}

#[tokio::test]
async fn the_page_brings_along_what_its_first_render_in_the_browser_needs() {
    let (app, reader) = open(&summer_and_winter()).await;
    let [july, november] = summer_and_winter().map(|said| Millis(said.at).0);
    for (zone, offsets) in [
        ("Europe/Berlin", format!("[[{july},120],[{november},60]]")),
        ("Australia/Lord_Howe", format!("[[{july},630],[{november},660]]")),
        ("Asia/Kolkata", format!("[[{july},330]]")),
    ] {
        let reader = app.browser().with_cookie(&reader.cookie()).with_cookie(&format!("tz={zone}"));
        let room = page(&reader, "/chat").await.html;
        assert!(room.contains(&format!("\"offsets\":{offsets}")), "{zone}: {room}");
    }
}

#[tokio::test]
async fn the_pages_ask_the_browser_for_the_name_of_its_zone() {
    let (_app, reader) = open(&[]).await;
    for path in ["/login?why=logged-out", "/chat"] {
        let html = page(&reader, path).await.html;
        assert!(html.contains("Intl.DateTimeFormat().resolvedOptions().timeZone"), "{path}: {html}");
    }
}

#[tokio::test]
async fn a_day_that_was_not_or_began_late_leads_to_what_came_then() {
    let (app, reader) = open(&[
        // 23:00 on the 29th and 00:30 on the 31st in Samoa, where the 30th was skipped.
        SentMessage { at: at("2011-12-30T09:00:00Z"), ..said("lobby", "Ann", "before") },
        SentMessage { at: at("2011-12-30T10:30:00Z"), ..said("lobby", "Ann", "after") },
        // 23:30 and 01:30 in São Paulo, where the clocks went from midnight to one.
        SentMessage { at: at("2018-11-04T02:30:00Z"), ..said("lobby", "Ann", "late") },
        SentMessage { at: at("2018-11-04T03:30:00Z"), ..said("lobby", "Ann", "early") },
    ])
    .await;
    let at_home = |zone: &str| app.browser().with_cookie(&reader.cookie()).with_cookie(&format!("tz={zone}"));
    let apia = at_home("Pacific/Apia");
    assert_eq!(day(&apia, "2011-12-29").await, "/chat/lobby/1#m1");
    assert_eq!(day(&apia, "2011-12-30").await, "/chat/lobby/2#m2");
    assert_eq!(day(&apia, "2011-12-31").await, "/chat/lobby/2#m2");
    assert_eq!(found(&apia, "on:2011-12-30").await, [""; 0]);
    assert_eq!(found(&apia, "on:2011-12-31").await, ["after"]);
    assert_eq!(found(&apia, "before:2011-12-30").await, ["before"]);
    let sao_paulo = at_home("America/Sao_Paulo");
    assert_eq!(day(&sao_paulo, "2018-11-03").await, "/chat/lobby/3#m3");
    assert_eq!(day(&sao_paulo, "2018-11-04").await, "/chat/lobby/4#m4");
    assert_eq!(found(&sao_paulo, "on:2018-11-04").await, ["early"]);
}
