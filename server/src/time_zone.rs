//! The time zone of a reader, by the name that their browser gives it, with the rules of the time zone database. Where the
//! machine has no such database, the one that is built in counts.

use app::row::Zone;
use chat::time::Millis;
use jiff::{
    Timestamp, ToSpan as _,
    civil::Date,
    tz::{AmbiguousOffset, Offset, TimeZone as Rules},
};

/// The furthest that a place on earth is from UTC, in minutes.
const FURTHEST_MINUTES: i32 = 14 * 60;

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct TimeZone(Rules);

impl Default for TimeZone {
    /// UTC.
    fn default() -> TimeZone {
        TimeZone(Rules::UTC)
    }
}

impl TimeZone {
    /// The zone that a browser has named: `Europe/Berlin`; or, as a page of an earlier version did, by its distance from UTC
    /// in minutes. UTC for what names none.
    pub(crate) fn parse(name: &str) -> TimeZone {
        let fixed = |minutes: i32| Offset::from_seconds(minutes * 60).ok().map(Rules::fixed);
        let rules = match name.parse::<i32>() {
            Ok(minutes) if minutes.abs() <= FURTHEST_MINUTES => fixed(minutes),
            Ok(_) => None,
            Err(_) => Rules::get(name).ok(),
        };
        rules.map(TimeZone).unwrap_or_default()
    }

    /// How far ahead of UTC it is at a moment, in minutes.
    pub(crate) fn offset_minutes(&self, at: Millis) -> i32 {
        self.0.to_offset(timestamp(at)).seconds() / 60
    }

    /// The same for the views.
    pub(crate) fn zone(&self) -> Zone {
        let zone = self.clone();
        Zone::new(move |at| zone.offset_minutes(at))
    }

    /// How far ahead of UTC it is at each of these moments, in minutes: from when on, for as long as it stays the same. At
    /// least one; the first counts for all before it too.
    pub(crate) fn offsets(&self, moments: impl Iterator<Item = Millis>) -> Vec<(Millis, i32)> {
        let mut moments: Vec<Millis> = moments.collect();
        moments.sort_unstable();
        let mut offsets: Vec<(Millis, i32)> =
            moments.into_iter().map(|at| (at, self.offset_minutes(at))).collect();
        offsets.dedup_by_key(|(_, minutes)| *minutes);
        if offsets.is_empty() {
            offsets.push((Millis(0), 0));
        }
        offsets
    }

    /// The first moment at which the calendar shows this day or a later one. A day may begin at one in the morning, or not
    /// be there at all. Nothing was said before 1970.
    pub(crate) fn beginning(&self, day: Date) -> Millis {
        if day.year() < 1970 {
            return Millis(0);
        }
        let midnight = day.at(0, 0, 0, 0);
        let ambiguous = self.0.to_ambiguous_timestamp(midnight);
        let beginning = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(midnight)
            }
            // Midnight was skipped: by the clock of before, it came after the clocks were set.
            AmbiguousOffset::Gap { before, .. } => before.to_timestamp(midnight).map(|after| {
                let skipped = self.0.preceding(after + 1.nanosecond()).next();
                skipped.map_or(after, |transition| transition.timestamp())
            }),
        };
        let milliseconds = beginning.unwrap_or(Timestamp::MAX).as_millisecond();
        Millis(u64::try_from(milliseconds).unwrap_or_default())
    }
}

/// A moment beyond the calendar is taken for its end.
fn timestamp(at: Millis) -> Timestamp {
    i64::try_from(at.0).ok().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use chat::time::Millis;
    use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZoneDatabase};
    use proptest::prelude::*;

    use super::{TimeZone, timestamp};

    fn millis(at: &str) -> Millis {
        let at: Timestamp = at.parse().unwrap();
        Millis(u64::try_from(at.as_millisecond()).unwrap())
    }

    /// Each zone, a day there, and when it begins.
    const BEGINNINGS: [(&str, &str, &str); 17] = [
        ("UTC", "2026-11-20", "2026-11-20T00:00:00Z"),
        ("480", "2026-11-20", "2026-11-19T16:00:00Z"),
        ("-300", "2026-11-20", "2026-11-20T05:00:00Z"),
        ("Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00Z"),
        ("Europe/Berlin", "2026-11-20", "2026-11-19T23:00:00Z"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
        ("Asia/Kolkata", "2026-07-01", "2026-06-30T18:30:00Z"),
        ("Asia/Calcutta", "2026-07-01", "2026-06-30T18:30:00Z"),
        ("Asia/Kathmandu", "2026-07-01", "2026-06-30T18:15:00Z"),
        ("Australia/Lord_Howe", "2026-07-01", "2026-06-30T13:30:00Z"),
        ("Australia/Lord_Howe", "2026-12-01", "2026-11-30T13:00:00Z"),
        // The clocks went from midnight to one.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z"),
        // The clocks went from midnight back to eleven, and midnight came twice.
        ("America/Sao_Paulo", "2019-02-17", "2019-02-17T03:00:00Z"),
        // The thirtieth was skipped.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
    ];

    #[test]
    fn a_day_begins_when_the_clocks_there_say() {
        for (zone, day, beginning) in BEGINNINGS {
            let day: Date = day.parse().unwrap();
            assert_eq!(TimeZone::parse(zone).beginning(day), millis(beginning), "{zone} {day}");
        }
        assert_eq!(TimeZone::parse("Asia/Tokyo").beginning(Date::constant(1970, 1, 1)), Millis(0));
        assert_eq!(TimeZone::parse("UTC").beginning(Date::MIN), Millis(0));
        assert!(TimeZone::parse("UTC").beginning(Date::MAX) > millis("9999-01-01T00:00:00Z"));
    }

    #[test]
    fn what_names_no_zone_is_utc() {
        for name in [
            "",
            "Mars/Olympus",
            "../../etc/passwd",
            "/etc/localtime",
            "841",
            "-1000000000000",
            "\0",
            "Europe/",
        ] {
            let zone = TimeZone::parse(name);
            assert_eq!(zone.offset_minutes(millis("2026-07-01T00:00:00Z")), 0, "{name}");
        }
    }

    #[test]
    fn the_rules_are_built_in() {
        let bundled = TimeZoneDatabase::bundled();
        for name in
            ["Europe/Berlin", "Asia/Kolkata", "Asia/Calcutta", "Australia/Lord_Howe", "America/Sao_Paulo"]
        {
            assert!(bundled.get(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_moments_and_no_more() {
        let berlin = TimeZone::parse("Europe/Berlin");
        let [july, august, november] =
            ["2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z", "2026-11-30T00:00:00Z"].map(millis);
        let offsets = berlin.offsets([november, july, august].into_iter());
        assert_eq!(offsets, [(july, 120), (november, 60)]);
        assert_eq!(berlin.offsets(std::iter::empty()), [(Millis(0), 0)]);
    }

    proptest! {
        #[test]
        fn before_its_beginning_no_day_was_shown_and_from_then_on_it_or_a_later_one(
            zone in prop::sample::select(jiff::tz::db().available().map(|name| name.to_string()).collect::<Vec<_>>()),
            year in 1971..2060_i16,
            day in 1..=365_i16,
        ) {
            let zone = TimeZone::parse(&zone);
            let date = Date::constant(year, 1, 1).checked_add(i32::from(day).days()).unwrap();
            let beginning = zone.beginning(date);
            let shown = |at: Millis| timestamp(at).to_zoned(zone.0.clone()).date();
            prop_assert!(shown(Millis(beginning.0 - 1)) < date);
            prop_assert!(shown(beginning) >= date);
        }
    }
}
