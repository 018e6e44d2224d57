//! Numbers, times and states in the words of the page.

use chrono::{DateTime, Utc};

/// `2,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12 s`, `4 min`, `3 h`, `2 days`.
pub(super) fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - then).num_seconds().max(0) {
        seconds @ 0..120 => format!("{seconds} s ago"),
        seconds @ 120..7_200 => format!("{} min ago", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// How a state is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Busy,
    Bad,
    Quiet,
}

impl Tone {
    /// The name of its style.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }

    /// Unknown states, of this program or a later one, are never good.
    pub(super) fn of_state(state: &str) -> Self {
        match state {
            "in_sync" => Self::Good,
            "to_correct" | "verifying" => Self::Busy,
            "excepted" | "suspended" | "observed" | "uncovered" | "not_applicable" | "vanished" => {
                Self::Quiet
            }
            _ => Self::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ages_read_well() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1000, 1_234_567].map(grouped).each_ref().map(String::as_str)
        );
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let ago = |seconds| age(now - chrono::TimeDelta::seconds(seconds), now);
        assert_eq!(
            [ago(5), ago(300), ago(7200), ago(400_000), ago(-9)],
            ["5 s ago", "5 min ago", "2 h ago", "4 days ago", "0 s ago"]
        );
    }

    #[test]
    fn what_is_not_known_to_be_good_is_bad() {
        assert_eq!(Tone::of_state("unknown"), Tone::Bad);
        assert_eq!(Tone::of_state("something_new"), Tone::Bad);
    }
}
