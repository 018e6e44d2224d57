//! How long the writes of a plan will take.

use std::fmt;

use super::TenantPlan;

/// The writes that a plan amounts to, and the pace at which they may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Calls that write: one for each change.
    pub calls: u64,
    /// The pace.
    pub writes_per_minute: u32,
}

impl Forecast {
    /// The forecast of one tenant; none where nothing is to be written.
    pub fn of(tenant: &TenantPlan<'_>) -> Option<Self> {
        let calls = tenant.plan.changes().count() as u64;
        let writes_per_minute = tenant.writes_per_minute.max(1);
        (calls > 0).then_some(Self { calls, writes_per_minute })
    }

    /// The forecast of several tenants: they are written beside each other, so the slowest decides.
    pub fn of_all(tenants: &[TenantPlan<'_>]) -> Option<Self> {
        tenants.iter().filter_map(Self::of).max_by_key(Self::seconds)
    }

    /// How long it takes at that pace.
    pub fn seconds(&self) -> u64 {
        (self.calls * 60).div_ceil(u64::from(self.writes_per_minute.max(1)))
    }
}

/// `about 17 minutes at 120 writes a minute`.
impl fmt::Display for Forecast {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        let (count, unit) = match seconds {
            0..60 => {
                return write!(formatter, "less than a minute at {} writes a minute", self.writes_per_minute);
            }
            60..7_200 => (seconds.div_ceil(60), "minute"),
            7_200..172_800 => (seconds.div_ceil(3_600), "hour"),
            _ => (seconds.div_ceil(86_400), "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        write!(formatter, "about {count} {unit}{plural} at {} writes a minute", self.writes_per_minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_in_the_unit_that_people_would_use() {
        let said = |calls, writes_per_minute| Forecast { calls, writes_per_minute }.to_string();
        assert_eq!(said(2000, 120), "about 17 minutes at 120 writes a minute");
        assert_eq!(said(50_000, 120), "about 7 hours at 120 writes a minute");
        assert_eq!(said(5, 120), "less than a minute at 120 writes a minute");
        assert_eq!(said(120, 120), "about 1 minute at 120 writes a minute");
        assert_eq!(said(1_000_000, 60), "about 12 days at 60 writes a minute");
    }
}
