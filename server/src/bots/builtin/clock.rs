//! The current time, here and in other places, and the next time that the server's clock shows a given hour.

use chat::time::Millis;
use jiff::{Timestamp, ToSpan as _, Zoned, civil::Weekday, tz::TimeZone};

/// Places by their Chinese names, with their IANA time zones.
const PLACES: [(&str, &str); 28] = [
    ("北京", "Asia/Shanghai"),
    ("上海", "Asia/Shanghai"),
    ("中国", "Asia/Shanghai"),
    ("香港", "Asia/Hong_Kong"),
    ("澳门", "Asia/Macau"),
    ("台北", "Asia/Taipei"),
    ("东京", "Asia/Tokyo"),
    ("首尔", "Asia/Seoul"),
    ("新加坡", "Asia/Singapore"),
    ("吉隆坡", "Asia/Kuala_Lumpur"),
    ("曼谷", "Asia/Bangkok"),
    ("河内", "Asia/Bangkok"),
    ("雅加达", "Asia/Jakarta"),
    ("德里", "Asia/Kolkata"),
    ("迪拜", "Asia/Dubai"),
    ("莫斯科", "Europe/Moscow"),
    ("伦敦", "Europe/London"),
    ("巴黎", "Europe/Paris"),
    ("柏林", "Europe/Berlin"),
    ("罗马", "Europe/Rome"),
    ("马德里", "Europe/Madrid"),
    ("纽约", "America/New_York"),
    ("芝加哥", "America/Chicago"),
    ("洛杉矶", "America/Los_Angeles"),
    ("旧金山", "America/Los_Angeles"),
    ("温哥华", "America/Vancouver"),
    ("多伦多", "America/Toronto"),
    ("悉尼", "Australia/Sydney"),
];

/// Returns the time zone of the server's machine.
pub(super) fn server_zone() -> TimeZone {
    TimeZone::system()
}

/// Returns the zone of a place: a city of the time zone database (`tokyo`, `new york`), or a place by its
/// Chinese name.
pub(super) fn zone_of(place: &str) -> Option<TimeZone> {
    let wanted = place.trim().to_lowercase().replace(' ', "_");
    if let Some((_, zone)) = PLACES.iter().find(|(name, _)| *name == wanted) {
        return TimeZone::get(zone).ok();
    }
    let zones = jiff::tz::db().available().map(|name| name.to_string());
    let named = |name: &String| {
        let name = name.to_lowercase();
        name == wanted || name.rsplit_once('/').is_some_and(|(_, city)| city == wanted)
    };
    zones.filter(named).find_map(|name| TimeZone::get(&name).ok())
}

/// Converts a moment to the local time of a zone.
pub(super) fn at(moment: Millis, zone: TimeZone) -> Zoned {
    let moment = i64::try_from(moment.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    moment.unwrap_or(Timestamp::MAX).to_zoned(zone)
}

/// Returns when a clock shows this hour and minute `day` days after `now`; without a day, the next time it
/// does.
pub(super) fn next(day: Option<i8>, hour: i8, minute: i8, now: &Zoned) -> Option<Millis> {
    let today = now.with().hour(hour).minute(minute).second(0).subsec_nanosecond(0).build().ok()?;
    let days = day.unwrap_or_else(|| i8::from(today <= *now));
    let next = today.checked_add(days.days()).ok()?;
    u64::try_from(next.timestamp().as_millisecond()).ok().map(Millis)
}

/// Returns a zone's offset from UTC at a moment: `UTC+8`, `UTC−3:30`.
pub(super) fn distance(moment: &Zoned) -> String {
    let seconds = moment.offset().seconds();
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Returns the Chinese name of a day of the week.
pub(super) fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "星期一",
        Weekday::Tuesday => "星期二",
        Weekday::Wednesday => "星期三",
        Weekday::Thursday => "星期四",
        Weekday::Friday => "星期五",
        Weekday::Saturday => "星期六",
        Weekday::Sunday => "星期日",
    }
}

#[cfg(test)]
mod tests {
    use chat::time::Millis;
    use jiff::tz::TimeZone;

    use super::{at, distance, next, zone_of};

    /// 2025-11-21 00:40 UTC.
    const MOMENT: Millis = Millis(1_763_685_600_000);

    #[test]
    fn places_are_found_by_their_names_in_both_languages() {
        for (place, shown) in [
            ("东京", "2025-11-21 09:40 UTC+9"),
            ("tokyo", "2025-11-21 09:40 UTC+9"),
            ("New York", "2025-11-20 19:40 UTC−5"),
            ("asia/kolkata", "2025-11-21 06:10 UTC+5:30"),
            ("utc", "2025-11-21 00:40 UTC"),
        ] {
            let moment = at(MOMENT, zone_of(place).unwrap());
            assert_eq!(format!("{} {}", moment.strftime("%F %H:%M"), distance(&moment)), shown, "{place}");
        }
        assert!(zone_of("atlantis").is_none() && zone_of("").is_none());
    }

    #[test]
    fn a_time_that_is_over_today_is_tomorrow() {
        let now = at(MOMENT, TimeZone::UTC);
        assert_eq!(next(None, 0, 41, &now), Some(Millis(MOMENT.0 + 60_000)));
        assert_eq!(next(None, 0, 40, &now), Some(Millis(MOMENT.0 + 86_400_000)));
        assert_eq!(next(Some(2), 0, 41, &now), Some(Millis(MOMENT.0 + 2 * 86_400_000 + 60_000)));
    }
}
