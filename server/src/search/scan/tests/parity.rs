//! Compares both search methods on the same queries and messages.

use proptest::{
    prelude::*,
    string::string_regex,
    test_runner::{Config as Cases, TestRunner},
};
use tokio::runtime::Runtime;

use super::{FRIDAY, Query, SearchedStore};
use crate::{
    search::{
        Search,
        index::{Index, IndexFiles},
        log::Log,
    },
    time_zone::TimeZone,
};

impl SearchedStore {
    /// Returns an indexed search over all messages.
    fn indexed(&self) -> Search {
        let log = Log::open(&Log::path(self.folder.path())).unwrap();
        let place = IndexFiles::new(self.folder.path(), self.epoch.clone());
        place.clear().unwrap();
        let mut index = Index::open(&place).unwrap().unwrap();
        index
            .change(|change| {
                for room in log.rooms()? {
                    for entry in log.after(room.id, 0, usize::MAX, usize::MAX)? {
                        change.add(room.id, entry.seq, &entry.said.unwrap())?;
                    }
                    change.reached(room.id, room.head)?;
                }
                Ok(())
            })
            .unwrap();
        Search::new(self.folder.path(), self.epoch.clone())
    }
}

/// Returns all hits of a search, page after page, in a comparable form.
async fn found(search: &Search, typed: &str, zone: &TimeZone) -> Vec<String> {
    let (mut found, mut older) = (Vec::new(), None);
    loop {
        let answer = search.ask(Query::parse(typed, zone), older, |_| true).await.unwrap();
        assert!(!answer.cut && answer.looked.is_none() && !answer.behind, "{typed}");
        found.extend(answer.hits.iter().map(|hit| format!("{hit:?}")));
        if answer.older.is_none() {
            return found;
        }
        older = answer.older;
    }
}

const TEXTS: &[&str] = &[
    "我家在上海东边",
    "上海，东边的海",
    "今天上 海",
    "東京タワー と ｶﾀｶﾅ",
    "서울 날씨",
    "สวัสดีครับ",
    "Green TEA, green teahouse",
    "the tea is hot, the Teapot is not",
    "tea",
    "teahouse tea-room tea,room",
    "Crème Brûlée und Straße",
    "cre\u{300}me ＡＢＣ１２３ ①",
    "Ёлка и мой чай",
    "İstanbul ısı",
    "Don't panic: https://example.org/tea_2?x=1",
    "我的iPhone手机 iPhone 手",
    "第3章，上。海",
    "tea🍵 👍🏽! ❤\u{FE0F}",
    "tea\u{AD}house می\u{200C}خواهم हिन्दी",
    "NEAR(tea, coffee) AND NOT words:room OR author \"quoted\"",
    "   ",
    "...!?",
    "2026-11-20 from:Ann in:tea",
    "a海🍵é",
    "\u{301}\u{200B}",
];

const NAMES: &[&str] = &["Ann", "ANNA", "小明 x", "Аnn", "Bo", "\u{301}", "O'Neil-Ⅳ"];

const ROOMS: &[&str] = &["lobby", "tea", "茶", "open-2"];

const QUERIES: &[&str] = &[
    "tea",
    "tea,",
    "TE",
    "t",
    "house",
    "teah",
    "\"tea\"",
    "\"green tea\"",
    "green tea",
    "tea green",
    "\"tea green\"",
    "上海",
    "海",
    "上",
    "上海东",
    "我家在上海东边",
    "海上",
    "\"上 海\"",
    "上 海",
    "上海 东边",
    "タワー",
    "カタカナ",
    "京",
    "날씨",
    "울",
    "ครับ",
    "creme",
    "CRÈME",
    "strasse",
    "straß",
    "abc123",
    "1",
    "елка",
    "мои",
    "мой",
    "istanbul isi",
    "example.org/te",
    "https://example.org/tea_2?x=1",
    "don't",
    "don",
    "iphone手",
    "手机iPhone",
    "手",
    "🍵",
    "👍",
    "❤",
    "teahouse",
    "میخواهم",
    "हिन्दी",
    "near tea",
    "NEAR(tea, coffee)",
    "words:room",
    "a海🍵é",
    "from:ann",
    "from:Ann tea",
    "from:\"小明 x\"",
    "from:anna from:bo",
    "from:\u{301}",
    "from:\u{301} from:bo",
    "from:nobody",
    "from:O'Neil-IV",
    "in:tea",
    "in:茶 海",
    "in:tea in:lobby tea",
    "in:nowhere",
    "in:nowhere in:tea tea",
    "in:大堂 tea",
    "on:2026-11-20",
    "on:2026-11-21 tea",
    "after:2026-11-20",
    "before:2026-11-21",
    "before:2026-11-20",
    "before:1970-01-01",
    "after:9999-12-30",
    "after:2026-11-20 before:2026-11-22 海",
    "after:2026-11-22 before:2026-11-20",
    "in:tea from:ann on:2026-11-21 tea",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
];

/// Returns a store with every text in varying rooms, by varying authors, over a little more than two days,
/// with some very long words.
async fn corpus() -> SearchedStore {
    let searched = SearchedStore::new();
    let long: Vec<String> =
        [70, 80].map(|n| "a".repeat(n)).into_iter().chain(["a".repeat(80) + "b"]).collect();
    let texts: Vec<&str> = TEXTS.iter().copied().chain(long.iter().map(String::as_str)).collect();
    // Coprime lengths combine every room, name and text.
    let said = (0..texts.len() * 11).map(|n| {
        let at = FRIDAY - 20_000_000 + 700_001 * n as u64;
        (ROOMS[n % ROOMS.len()], NAMES[n % NAMES.len()], texts[n % texts.len()], at)
    });
    searched.say(said.collect::<Vec<_>>()).await;
    searched
}

#[tokio::test]
async fn what_is_found_without_an_index_is_what_is_found_with_one() {
    let searched = corpus().await;
    let (indexed, scan) = (searched.indexed(), searched.search());
    let mut total = 0;
    for typed in QUERIES {
        for zone in ["UTC", "Asia/Shanghai", "Etc/GMT+12"].map(TimeZone::parse) {
            let expected = found(&indexed, typed, &zone).await;
            assert_eq!(found(&scan, typed, &zone).await, expected, "{typed}");
            total += expected.len();
        }
    }
    assert!(total > 5_000, "there was something to find: {total}");
}

#[test]
fn whatever_is_typed_finds_the_same_without_an_index_as_with_one() {
    const PARTS: &str = "tea|Te|house|green|上|海|东|海东|タ|ー|울|手|iPhone|cr|è|me|e\u{300}|ß|🍵|👍🏽|の|1|①| | | |,|-|\"|“|”|from:|in:\
                         |Ann|ann|小明|bo|lobby|茶|on:2026-11-20|after:2026-11-20|before:2026-11-22|\u{AD}|\u{200C}|\u{301}|:|\\*|\\(";
    let runtime = Runtime::new().unwrap();
    let searched = runtime.block_on(corpus());
    let (indexed, scan) = (searched.indexed(), searched.search());
    let cases = Cases { cases: 300, failure_persistence: None, ..Cases::default() };
    let typed = string_regex(&format!("({PARTS}){{1,6}}")).unwrap();
    TestRunner::new(cases)
        .run(&typed, |typed| {
            let (expected, found) = runtime.block_on(async {
                (
                    found(&indexed, &typed, &TimeZone::default()).await,
                    found(&scan, &typed, &TimeZone::default()).await,
                )
            });
            prop_assert_eq!(found, expected, "{:?}", typed);
            Ok(())
        })
        .unwrap();
}
