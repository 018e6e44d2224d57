//! When a cron expression is due, in a time zone with its gaps and folds. Waiting for it is the engine's.
//!
//! The `cron` crate parses and walks plain wall-clock time; everything else is done here. Given a zone of
//! its own it skips a day in spring, fires twice in autumn and, in the repeated hour, goes backwards, which
//! would let a daemon that sleeps until "next" spin. So it is fed wall-clock time as if that were UTC, and
//! each result is placed in the zone:
//! - in a gap, at the first valid minute after it;
//! - in a fold, at the first of the two instants; at both where every hour is selected, since such a
//!   schedule means an interval.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use cron::TimeUnitSpec;

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not 5 or 6 fields.
    #[error("a schedule has 5 fields (minute hour day month weekday), or 6 with seconds first, not {0}")]
    Fields(usize),
    /// A weekday that cannot be read.
    #[error("`{0}` is no weekday: 0 to 7 (0 and 7 are Sunday), sun to sat, ranges and lists of these")]
    Weekday(String),
    /// Day of month and weekday together, which programs read in two ways.
    #[error("day of month and weekday are both given: programs disagree on whether that means `and` or `or`")]
    DayAndWeekday,
    /// Some other field that cannot be read.
    #[error("the schedule cannot be read: {0}")]
    Malformed(String),
    /// A date that does not exist.
    #[error("the schedule is never due")]
    Never,
    /// Not a name of the time zone database.
    #[error("`{0}` is no time zone: use a name such as `Europe/Dublin` or `UTC`")]
    Zone(String),
}

/// A cron expression in a time zone, which is due again and again.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    zone: Tz,
    wall: cron::Schedule,
    is_interval: bool,
}

impl Schedule {
    /// Reads an expression of 5 fields, or 6 with seconds first. Weekdays are as in Unix: 0 and 7 are
    /// Sunday.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (second, rest) = match fields[..] {
            [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday]),
            [second, minute, hour, day, month, weekday] => (second, [minute, hour, day, month, weekday]),
            _ => return Err(ScheduleError::Fields(fields.len())),
        };
        let [minute, hour, day, month, weekday] = rest;
        if !is_any(day) && !is_any(weekday) {
            return Err(ScheduleError::DayAndWeekday);
        }
        let weekday = weekday::translate(weekday)?;
        let wall = cron::Schedule::from_str(&format!("{second} {minute} {hour} {day} {month} {weekday}"))
            .map_err(|error| ScheduleError::Malformed(last_line(&error.to_string())))?;
        // Without a year field, a schedule that is due once is due until the crate's last year.
        if wall.after(&DateTime::UNIX_EPOCH).next().is_none() {
            return Err(ScheduleError::Never);
        }
        let is_interval = wall.hours().count() == 24;
        Ok(Self { text: text.to_owned(), zone, wall, is_interval })
    }

    /// A time zone by its name in the time zone database.
    pub fn zone(name: &str) -> Result<Tz, ScheduleError> {
        Tz::from_str(name).map_err(|_| ScheduleError::Zone(name.to_owned()))
    }

    /// The first time strictly after another at which it is due; none only beyond the year 2100.
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let wall = now.with_timezone(&self.zone).naive_local();
        // Both placings never go backwards from one wall-clock time to the next, so the first result of
        // each that lies after `now` is its least.
        let first = self.walls_after(wall).map(|wall| self.place(wall, Pass::First)).find(|at| *at > now);
        if !self.is_interval {
            return first;
        }
        // In the first pass of a fold, the second pass of wall-clock times that are over is still to come.
        let start = match self.zone.from_local_datetime(&wall) {
            MappedLocalTime::Ambiguous(earlier, later) => wall - (later - earlier),
            _ => wall,
        };
        let second = self.walls_after(start).map(|wall| self.place(wall, Pass::Second)).find(|at| *at > now);
        first.into_iter().chain(second).min()
    }

    fn walls_after(&self, wall: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> + '_ {
        self.wall.after_owned(wall.and_utc()).map(|wall| wall.naive_utc())
    }

    fn place(&self, wall: NaiveDateTime, pass: Pass) -> DateTime<Utc> {
        match (self.zone.from_local_datetime(&wall), pass) {
            (MappedLocalTime::Single(at), _)
            | (MappedLocalTime::Ambiguous(at, _), Pass::First)
            | (MappedLocalTime::Ambiguous(_, at), Pass::Second) => at.with_timezone(&Utc),
            (MappedLocalTime::None, _) => self.after_gap(wall),
        }
    }

    fn after_gap(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        let minute = wall - TimeDelta::seconds(wall.second().into());
        (1..=LONGEST_GAP_MINUTES)
            .find_map(|minutes| {
                self.zone.from_local_datetime(&(minute + TimeDelta::minutes(minutes))).earliest()
            })
            .map_or_else(|| wall.and_utc(), |at| at.with_timezone(&Utc))
    }
}

/// Islands have moved across the date line, which skips a day.
const LONGEST_GAP_MINUTES: i64 = 25 * 60;

/// Which of the two instants that a wall-clock time has in a fold.
#[derive(Debug, Clone, Copy)]
enum Pass {
    First,
    Second,
}

/// The expression and its zone, as written.
impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.text, self.zone)
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone && self.wall.timeunitspec_eq(&other.wall)
    }
}

fn is_any(field: &str) -> bool {
    matches!(field, "*" | "?")
}

/// The parser prints the expression, a caret and then what is wrong.
fn last_line(text: &str) -> String {
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(text).trim().to_owned()
}

/// Weekdays as Unix numbers them, for a crate that numbers them from 1.
mod weekday {
    use super::ScheduleError;

    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    const LONG: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    /// The same days as a list of names.
    pub(super) fn translate(field: &str) -> Result<String, ScheduleError> {
        if super::is_any(field) {
            return Ok("*".to_owned());
        }
        let mut selected = [false; 7];
        for item in field.split(',') {
            for day in days(item).ok_or_else(|| ScheduleError::Weekday(item.to_owned()))? {
                selected[day % 7] = true;
            }
        }
        let names = NAMES.iter().zip(selected).filter(|(_, is_selected)| *is_selected);
        Ok(names.map(|(name, _)| *name).collect::<Vec<_>>().join(","))
    }

    /// The days of `*`, a day or a range, each with a step or without; 7 is Sunday at the end of a range.
    fn days(item: &str) -> Option<impl Iterator<Item = usize>> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse().ok().filter(|step| *step > 0)?)),
            None => (item, None),
        };
        let (first, last) = match (range.split_once('-'), step) {
            _ if range == "*" => (0, 6),
            (Some((first, last)), _) => {
                (day(first)?, day(last).map(|last| if last == 0 { 7 } else { last })?)
            }
            (None, None) => (day(range)?, day(range)?),
            (None, Some(_)) => (day(range)?, 6),
        };
        (first <= last).then(|| (first..=last).step_by(step.unwrap_or(1)))
    }

    fn day(text: &str) -> Option<usize> {
        match text.parse::<usize>() {
            Ok(number) => (number <= 7).then_some(number),
            Err(_) => {
                let lower = text.to_lowercase();
                NAMES.iter().chain(&LONG).position(|name| *name == lower).map(|position| position % 7)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America, Asia, Australia, Europe};
    use proptest::prelude::*;

    fn schedule(text: &str, zone: Tz) -> Schedule {
        Schedule::parse(text, zone).unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The next times, as the clock on the wall shows them.
    fn next(text: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
        let schedule = schedule(text, zone);
        let mut now = utc(after);
        let mut times = Vec::new();
        for _ in 0..count {
            now = schedule.next_after(now).unwrap();
            times.push(now.with_timezone(&zone).format("%m-%d %H:%M%:::z").to_string());
        }
        times
    }

    #[test]
    fn five_fields_or_six() {
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(next("0 */6 * * *", Tz::UTC, at, 2), ["01-01 06:00+00", "01-01 12:00+00"]);
        let half_minutes = schedule("30 * * * * *", Tz::UTC);
        assert_eq!(half_minutes.next_after(utc(at)), Some(utc("2026-01-01T00:00:30Z")));
        let almost = utc("2026-01-01T00:00:29.999Z");
        assert_eq!(half_minutes.next_after(almost), Some(utc("2026-01-01T00:00:30Z")));
    }

    #[test]
    fn weekdays_are_those_of_unix() {
        // 2026-11-21 is a Saturday.
        let days = |field: &str| -> Vec<String> {
            let text = format!("0 0 * * {field}");
            let shown = next(&text, Tz::UTC, "2026-11-21T12:00:00Z", 3);
            shown.iter().map(|time| time[3..5].to_owned()).collect()
        };
        assert_eq!(days("0"), ["22", "29", "06"]);
        assert_eq!(days("7"), days("Sunday"));
        assert_eq!(days("1-5"), ["23", "24", "25"]);
        assert_eq!(days("mon-fri"), days("1-5"));
        assert_eq!(days("5-7"), ["22", "27", "28"]);
        assert_eq!(days("Sat-Sun"), ["22", "28", "29"]);
        assert_eq!(days("1-5/2"), ["23", "25", "27"]);
        assert_eq!(days("*/3"), ["22", "25", "28"]);
        assert_eq!(days("?"), ["22", "23", "24"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |text| Schedule::parse(text, Tz::UTC).unwrap_err();
        assert_eq!(refused("0 0 * *"), ScheduleError::Fields(4));
        assert_eq!(refused("0 0 0 * * * 2027"), ScheduleError::Fields(7));
        assert_eq!(refused("@daily"), ScheduleError::Fields(1));
        assert_eq!(refused("0 0 13 * 5"), ScheduleError::DayAndWeekday);
        assert_eq!(refused("0 0 * * 8"), ScheduleError::Weekday("8".into()));
        assert_eq!(refused("0 0 * * fri-mon"), ScheduleError::Weekday("fri-mon".into()));
        assert_eq!(refused("0 0 * * 1/0"), ScheduleError::Weekday("1/0".into()));
        assert_eq!(refused("0 0 30 2 *"), ScheduleError::Never);
        assert!(matches!(refused("61 0 * * *"), ScheduleError::Malformed(_)));
        assert!(matches!(refused("a b * * e"), ScheduleError::Weekday(_)));
        assert!(Schedule::zone("Europe/Dublin").is_ok());
        assert_eq!(Schedule::zone("Dublin"), Err(ScheduleError::Zone("Dublin".into())));
    }

    #[test]
    fn a_gap_is_left_at_its_first_minute() {
        let new_york = next("30 2 * * *", America::New_York, "2026-03-07T12:00:00Z", 2);
        assert_eq!(new_york, ["03-08 03:00-04", "03-09 02:30-04"]);
        let berlin = next("30 2 * * *", Europe::Berlin, "2026-03-28T12:00:00Z", 2);
        assert_eq!(berlin, ["03-29 03:00+02", "03-30 02:30+02"]);
        // Half an hour.
        let lord_howe = next("15 2 * * *", Australia::Lord_Howe, "2026-10-03T00:00:00Z", 2);
        assert_eq!(lord_howe, ["10-04 02:30+11", "10-05 02:15+11"]);
        // At midnight.
        let beirut = next("0 0 * * *", Asia::Beirut, "2026-03-28T12:00:00Z", 2);
        assert_eq!(beirut, ["03-29 01:00+03", "03-30 00:00+03"]);
    }

    #[test]
    fn a_fold_counts_once_but_for_intervals() {
        let once = next("30 1 * * *", America::New_York, "2026-10-31T12:00:00Z", 2);
        assert_eq!(once, ["11-01 01:30-04", "11-02 01:30-05"]);
        let interval = next("*/30 * * * *", America::New_York, "2026-11-01T04:31:00Z", 6);
        assert_eq!(
            interval,
            [
                "11-01 01:00-04",
                "11-01 01:30-04",
                "11-01 01:00-05",
                "11-01 01:30-05",
                "11-01 02:00-05",
                "11-01 02:30-05"
            ]
        );
        // Asked inside the second pass, it does not answer with the first.
        let inside = next("30 1 * * *", America::New_York, "2026-11-01T06:10:00Z", 1);
        assert_eq!(inside, ["11-02 01:30-05"]);
        let lord_howe = next("45 1 * * *", Australia::Lord_Howe, "2026-04-04T12:00:00Z", 2);
        assert_eq!(lord_howe, ["04-05 01:45+11", "04-06 01:45+10"]);
    }

    /// Schedules of every shape, in zones with every kind of gap and fold.
    fn any_schedule() -> impl Strategy<Value = Schedule> {
        let texts = prop::sample::select(vec![
            "0 */6 * * *",
            "30 1 * * *",
            "30 2 * * *",
            "0 0 * * *",
            "*/15 * * * *",
            "* * * * *",
            "45 1 * * 0",
            "15 2 1 * *",
            "0 0 29 2 *",
            "7 */20 0-3 * * *",
            "0 23 * * 1-5",
            "59 59 23 31 12 *",
        ]);
        let zones =
            prop::sample::select(vec![America::New_York, Australia::Lord_Howe, Asia::Beirut, Europe::Berlin]);
        (texts, zones).prop_map(|(text, zone)| schedule(text, zone))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn the_next_time_is_in_the_future_and_none_is_skipped(
            schedule in any_schedule(),
            seconds in 0_i64..6 * 366 * 86_400,
            millis in 0_u32..1000,
        ) {
            let start = utc("2024-01-01T00:00:00Z") + TimeDelta::seconds(seconds) + TimeDelta::milliseconds(millis.into());
            let mut now = start;
            for _ in 0..8 {
                let next = schedule.next_after(now).unwrap();
                prop_assert!(next > now, "{schedule}: {next} after {now}");
                // Asking from in between gives the same answer.
                prop_assert_eq!(schedule.next_after(now + (next - now) / 2), Some(next));
                prop_assert_eq!(schedule.next_after(next - TimeDelta::milliseconds(1)), Some(next));
                now = next;
            }
        }
    }

    #[test]
    fn every_change_of_the_clock_for_years() {
        for zone in [America::New_York, Australia::Lord_Howe, Asia::Beirut, Europe::Berlin] {
            for text in ["*/30 * * * *", "15 0-4 * * *", "0 0 * * *"] {
                let schedule = schedule(text, zone);
                let mut now = utc("2024-01-01T00:00:00Z");
                let mut days = 0;
                while now < utc("2027-01-01T00:00:00Z") {
                    let next = schedule.next_after(now).unwrap();
                    assert!(
                        next > now && next - now <= TimeDelta::hours(26),
                        "{schedule}: {next} after {now}"
                    );
                    if text == "*/30 * * * *" {
                        assert_eq!(next - now, TimeDelta::minutes(30), "{schedule}: {next} after {now}");
                    }
                    now = next;
                    days += 1;
                }
                assert!(days >= 3 * 365, "{schedule}");
            }
        }
    }
}
