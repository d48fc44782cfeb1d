//! Tests with several tabs that share one storage and receive each other's changes.

use std::collections::BTreeMap;

use chat::room_name::RoomName;

use super::{Drafts, Entry, LIMIT, tidy};

/// The tabs of a browser and their shared storage.
struct Browser {
    storage: BTreeMap<String, String>,
    tabs: Vec<Drafts>,
    now: u64,
    /// Whether the storage rejects every write.
    full: bool,
}

fn entries(storage: &BTreeMap<String, String>) -> Vec<Entry> {
    storage.clone().into_iter().collect()
}

impl Browser {
    fn new() -> Browser {
        Browser { storage: BTreeMap::new(), tabs: Vec::new(), now: 1_763_683_200_000, full: false }
    }

    /// Opens a tab by name in the lobby and returns its index. A name that was open before simulates a
    /// reload.
    fn open(&mut self, name: &str) -> usize {
        let mut tab = Drafts::new(name.to_owned());
        tab.take_up(&RoomName::lobby(), &entries(&self.storage));
        self.tabs.push(tab);
        let by = self.tabs.len() - 1;
        self.perform(by, tidy(&entries(&self.storage)));
        by
    }

    /// Closes a tab, which then receives no more changes.
    fn close(&mut self, tab: usize) {
        self.tabs[tab] = Drafts::new("closed".to_owned());
    }

    fn write(&mut self, tab: usize, text: &str) {
        self.now += 1;
        let changes = self.tabs[tab].write(&RoomName::lobby(), text, self.now, &|| entries(&self.storage));
        self.perform(tab, changes);
    }

    fn perform(&mut self, by: usize, changes: Vec<Entry>) {
        for (key, value) in changes {
            let before = if value.is_empty() || self.full {
                self.storage.remove(&key)
            } else {
                self.storage.insert(key.clone(), value.clone())
            };
            let after = self.storage.get(&key).cloned();
            if before == after {
                continue;
            }
            for tab in (0..self.tabs.len()).filter(|tab| *tab != by) {
                let kept = || entries(&self.storage);
                let answer = self.tabs[tab].stored(&key, before.as_deref(), after.as_deref(), &kept);
                self.perform(tab, answer);
            }
        }
    }

    fn shows(&self, tab: usize) -> &str {
        self.tabs[tab].of(&RoomName::lobby())
    }

    /// Returns the stored texts.
    fn kept(&self) -> Vec<&str> {
        self.storage.values().filter_map(|record| Some(record.split_once(' ')?.1)).collect()
    }
}

#[test]
fn each_room_has_its_own_draft() {
    let (lobby, tea) = (RoomName::lobby(), RoomName::parse("tea").unwrap());
    let mut drafts = Drafts::new("a".to_owned());
    drafts.write(&lobby, "hello", 1, &Vec::new);
    drafts.write(&tea, "oolong", 2, &Vec::new);
    assert_eq!(drafts.of(&lobby), "hello");
    drafts.write(&lobby, "", 3, &Vec::new);
    assert_eq!(drafts.of(&lobby), "");
    assert_eq!(drafts.of(&tea), "oolong");
}

#[test]
fn two_tabs_never_overwrite_each_other() {
    let mut browser = Browser::new();
    let (a, b) = (browser.open("a"), browser.open("b"));
    browser.write(a, "one");
    browser.write(b, "two");
    browser.write(a, "one and");
    assert_eq!((browser.shows(a), browser.shows(b)), ("one and", "two"));
    let (a, b) = (browser.open("a"), browser.open("b"));
    assert_eq!((browser.shows(a), browser.shows(b)), ("one and", "two"), "nor after a reload");
}

#[test]
fn a_draft_that_is_sent_in_the_tab_that_wrote_it_goes_from_the_one_that_took_it_up() {
    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "hel");
    let b = browser.open("b");
    assert_eq!(browser.shows(b), "hel");
    browser.write(a, "hello");
    assert_eq!(browser.shows(b), "hello", "it follows");
    browser.write(a, "");
    assert_eq!((browser.shows(b), browser.kept()), ("", vec![]));
}

#[test]
fn a_draft_that_is_sent_in_the_tab_that_took_it_up_goes_from_the_one_that_wrote_it() {
    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "hello");
    let (b, c) = (browser.open("b"), browser.open("c"));
    browser.write(b, "");
    for tab in [a, b, c] {
        assert_eq!(browser.shows(tab), "");
    }
    assert_eq!(browser.kept(), [""; 0]);
}

#[test]
fn the_same_words_typed_in_two_tabs_go_together_and_others_stay() {
    let mut browser = Browser::new();
    let (a, b, c) = (browser.open("a"), browser.open("b"), browser.open("c"));
    browser.write(a, "ok");
    browser.write(b, "ok");
    browser.write(c, "ok then");
    browser.write(a, "");
    assert_eq!((browser.shows(a), browser.shows(b), browser.shows(c)), ("", "", "ok then"));
    assert_eq!(browser.kept(), ["ok then"]);
}

#[test]
fn what_was_taken_up_from_a_tab_that_is_gone_leaves_nothing_behind() {
    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "half a sen");
    browser.close(a);
    let b = browser.open("b");
    browser.write(b, "half a sentence");
    assert_eq!(browser.kept(), ["half a sentence"]);
    browser.write(b, "");
    let c = browser.open("c");
    assert_eq!((browser.shows(c), browser.storage.len()), ("", 0), "nothing older comes back");
}

#[test]
fn what_was_taken_up_from_a_tab_that_lives_stays_there_as_it_was() {
    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "hello");
    let b = browser.open("b");
    browser.write(b, "hello, world");
    assert_eq!((browser.shows(a), browser.shows(b)), ("hello", "hello, world"));
    let a = browser.open("a");
    assert_eq!(browser.shows(a), "hello");
}

#[test]
fn who_follows_a_draft_goes_on_following_it_when_it_is_taken_over() {
    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "hello");
    let (b, c) = (browser.open("b"), browser.open("c"));
    browser.close(a);
    browser.write(b, "hello, world");
    assert_eq!(browser.shows(c), "hello, world");
    browser.write(b, "");
    assert_eq!(browser.shows(c), "");
}

#[test]
fn what_was_sent_or_cleared_here_makes_way_for_no_other_draft() {
    let mut browser = Browser::new();
    let (a, b) = (browser.open("a"), browser.open("b"));
    browser.write(a, "mine");
    browser.write(b, "another");
    browser.write(a, "");
    let kept = entries(&browser.storage);
    browser.tabs[a].take_up(&RoomName::lobby(), &kept);
    assert_eq!(browser.shows(a), "");
}

#[test]
fn the_newest_draft_is_taken_up() {
    let mut browser = Browser::new();
    let (a, b) = (browser.open("a"), browser.open("b"));
    browser.write(b, "older");
    browser.write(a, "newer");
    let c = browser.open("c");
    assert_eq!(browser.shows(c), "newer");
}

#[test]
fn an_older_draft_never_comes_back_over_a_newer_one_when_the_storage_is_full() {
    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "older");
    browser.full = true;
    browser.write(a, "older, and then newer");
    assert_eq!(browser.shows(a), "older, and then newer");
    let a = browser.open("a");
    assert_eq!(browser.shows(a), "");
}

#[test]
fn a_tab_that_is_loaded_again_takes_up_its_own_draft_before_newer_ones() {
    let mut browser = Browser::new();
    let (a, b) = (browser.open("a"), browser.open("b"));
    browser.write(a, "older");
    browser.write(b, "newer");
    let a = browser.open("a");
    assert_eq!(browser.shows(a), "older");
}

#[test]
fn drafts_are_bounded_and_what_is_none_goes() {
    let entry = |key: &str, record: &str| (key.to_owned(), record.to_owned());
    let mut kept: Vec<_> =
        (100..=100 + LIMIT).map(|n| entry(&format!("lobby:t{n}"), &format!("{n} text"))).collect();
    kept.extend([entry("lobby:b", "-"), entry("lobby:d", "1 "), entry("lobby", "1 text")]);
    assert_eq!(
        tidy(&kept),
        [entry("lobby:t100", "-"), entry("lobby:b", ""), entry("lobby:d", ""), entry("lobby", "")]
    );

    let mut browser = Browser::new();
    let a = browser.open("a");
    browser.write(a, "alive");
    let closed = browser.open("b");
    browser.perform(closed, vec![entry("lobby:a", "-")]);
    assert_eq!(browser.kept(), ["alive"], "a tab that is alive keeps its draft");
}

/// Under random tab operations, no text is lost that was neither sent nor cleared, and none that was stays
/// stored.
#[test]
fn storms_of_tabs_lose_nothing_and_bring_nothing_back() {
    for seed in 0..500u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let mut browser = Browser::new();
        let tabs: Vec<usize> = ["a", "b", "c"].map(|name| browser.open(name)).into();
        for step in 0..30 {
            let tab = tabs[usize::try_from(below(3)).unwrap()];
            let gone = browser.shows(tab).to_owned();
            match below(4) {
                0 => {
                    browser.write(tab, "");
                    if !gone.is_empty() {
                        assert!(!browser.kept().contains(&&*gone), "seed {seed}: {gone} is back");
                        assert!(tabs.iter().all(|tab| browser.shows(*tab) != gone), "seed {seed}");
                    }
                }
                1 => browser.write(tab, "the same"),
                _ => browser.write(tab, &format!("{gone}{step}")),
            }
            for tab in &tabs {
                let shown = browser.shows(*tab);
                assert!(
                    shown.is_empty() || browser.kept().contains(&shown),
                    "seed {seed}: {shown} is not kept"
                );
            }
        }
    }
}
