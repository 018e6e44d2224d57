//! How long the copy of the audit records inside a mailbox is kept (`AuditLogAgeLimit`).
//!
//! It governs the hidden folder in the mailbox only, not the retention of the unified audit log.

use std::fmt;

const SECONDS_PER_DAY: u64 = 86_400;

/// An age that a policy may ask for: whole days, never zero. Zero would purge the log, so it cannot
/// be written down. Source: Microsoft Learn, "Set-Mailbox", `-AuditLogAgeLimit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogAge(u16);

impl LogAge {
    /// The service's own default, 90 days.
    pub const SERVICE_DEFAULT: Self = Self(90);
    /// The longest time span that the service's parameters of this kind take (2^31 - 1 seconds).
    pub const MAX_DAYS: u16 = 24_855;

    /// An age of whole days; none outside 1 to 24855.
    pub const fn from_days(days: u16) -> Option<Self> {
        if days >= 1 && days <= Self::MAX_DAYS { Some(Self(days)) } else { None }
    }

    /// Whole days, 1 to 24855.
    pub const fn days(self) -> u16 {
        self.0
    }

    /// The same age as the service stores it.
    pub const fn stored(self) -> StoredLogAge {
        StoredLogAge(self.0 as u64 * SECONDS_PER_DAY)
    }
}

impl fmt::Display for LogAge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}d", self.0)
    }
}

/// An age that was observed: any time span, in seconds, zero included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredLogAge(u64);

impl StoredLogAge {
    /// Zero: the service empties the log at its next pass.
    pub const ZERO: Self = Self(0);

    /// Reads `90.00:00:00`, `12:00:00` or `90` (days); anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(days) = text.parse::<u64>() {
            return days.checked_mul(SECONDS_PER_DAY).map(Self);
        }
        let (days, clock) = match text.split_once('.') {
            // Fractions of a second follow a second point, after the clock: `90.00:00:00.0000000`.
            Some((head, tail)) if !head.contains(':') => (head.parse::<u64>().ok()?, tail),
            _ => (0, text),
        };
        let clock = clock.split('.').next()?;
        let parts: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let [hours, minutes, seconds] = parts[..] else { return None };
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let clock_seconds = hours * 3600 + minutes * 60 + seconds;
        days.checked_mul(SECONDS_PER_DAY)?.checked_add(clock_seconds).map(Self)
    }

    /// The time span in seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Whether the log is emptied.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// `90d` for whole days, else the service's `d.hh:mm:ss`.
impl fmt::Display for StoredLogAge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0 / SECONDS_PER_DAY, self.0 % SECONDS_PER_DAY);
        if rest == 0 {
            return write!(formatter, "{days}d");
        }
        write!(formatter, "{days}.{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_service_are_equal() {
        let ninety = LogAge::SERVICE_DEFAULT.stored();
        for text in ["90", "90.00:00:00", " 90.00:00:00 ", "90.00:00:00.0000000"] {
            assert_eq!(StoredLogAge::parse(text), Some(ninety), "{text}");
        }
        assert_eq!(StoredLogAge::parse("00:00:00"), Some(StoredLogAge::ZERO));
        assert_eq!(
            StoredLogAge::parse("1.12:30:05").map(|age| age.to_string()).as_deref(),
            Some("1.12:30:05")
        );
    }

    #[test]
    fn nonsense_is_no_age() {
        for text in ["", "ninety", "90.", "1:2", "90.25:00:00", "-1", "99999999999999999999"] {
            assert_eq!(StoredLogAge::parse(text), None, "{text}");
        }
    }

    #[test]
    fn zero_cannot_be_asked_for() {
        assert_eq!(LogAge::from_days(0), None);
        assert_eq!(LogAge::from_days(24_856), None);
        assert_eq!(LogAge::from_days(180).map(|age| age.to_string()).as_deref(), Some("180d"));
    }
}
