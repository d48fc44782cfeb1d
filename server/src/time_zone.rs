//! A reader's time zone, by the name that their browser sends, with the rules of the time zone database. Uses
//! the bundled database on machines that have none.

use app::row::Zone;
use chat::time::Millis;
use jiff::{
    Timestamp, ToSpan as _,
    civil::Date,
    tz::{AmbiguousOffset, Offset, TimeZone as Rules},
};

/// The largest offset from UTC on earth, in minutes.
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
    /// Parses the zone that a browser sends: a name such as `Europe/Berlin`, or the offset from UTC in
    /// minutes, as pages of an earlier version send it. Returns UTC if it names no zone.
    pub(crate) fn parse(name: &str) -> TimeZone {
        let fixed = |minutes: i32| Offset::from_seconds(minutes * 60).ok().map(Rules::fixed);
        let rules = match name.parse::<i32>() {
            Ok(minutes) if minutes.abs() <= FURTHEST_MINUTES => fixed(minutes),
            Ok(_) => None,
            Err(_) => Rules::get(name).ok(),
        };
        rules.map(TimeZone).unwrap_or_default()
    }

    /// Returns the offset from UTC at a moment, in minutes; positive if ahead.
    pub(crate) fn offset_minutes(&self, at: Millis) -> i32 {
        self.0.to_offset(timestamp(at)).seconds() / 60
    }

    /// Returns the zone in the form that the views take.
    pub(crate) fn zone(&self) -> Zone {
        let zone = self.clone();
        Zone::new(move |at| zone.offset_minutes(at))
    }

    /// Returns the offsets from UTC at these moments, in minutes, each with the moment since which it
    /// applies; equal consecutive offsets are merged. Returns at least one; the first also applies to
    /// everything before it.
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

    /// Returns the first moment at which the local calendar shows this day or a later one. A day may begin at
    /// one in the morning, or be skipped entirely. Returns 0 for days before 1970, when there were no
    /// messages.
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
            // Midnight was skipped: read with the offset from before, it falls after the transition.
            AmbiguousOffset::Gap { before, .. } => before.to_timestamp(midnight).map(|after| {
                let skipped = self.0.preceding(after + 1.nanosecond()).next();
                skipped.map_or(after, |transition| transition.timestamp())
            }),
        };
        let milliseconds = beginning.unwrap_or(Timestamp::MAX).as_millisecond();
        Millis(u64::try_from(milliseconds).unwrap_or_default())
    }
}

/// Converts a moment; one beyond the calendar becomes its end.
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

    /// A zone, a day in it, and the moment when that day begins.
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
        // The clocks went from midnight to 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z"),
        // The clocks went from midnight back to 23:00, so midnight came twice.
        ("America/Sao_Paulo", "2019-02-17", "2019-02-17T03:00:00Z"),
        // The 30th was skipped.
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
