//! The simulation's one clock: wall time that follows tokio's timer. No other file here reads the time.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Wall time as a base plus what tokio's clock has counted since, so that everything that ages (tokens, pages, stale
/// reads, churn, throttling) moves with paused test time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    base: DateTime<Utc>,
    started: Instant,
}

impl Clock {
    pub(crate) fn starting_at(base: Option<DateTime<Utc>>) -> Self {
        Self { base: base.unwrap_or_else(Utc::now), started: Instant::now() }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let elapsed = TimeDelta::from_std(self.started.elapsed()).unwrap_or(TimeDelta::MAX);
        self.base.checked_add_signed(elapsed).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
