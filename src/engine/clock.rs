//! The one clock: wall time and the daemon's notion of waiting, which tests can pause. Everything below
//! this floor is handed times as data.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Wall time. Cheap to copy; hand it down, or the time that it gives.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    /// Wall time that follows tokio's clock, which tests pause and advance.
    Following {
        wall: DateTime<Utc>,
        at: Instant,
    },
}

impl Clock {
    /// The machine's time, asked anew each time, so that corrections of it are followed.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that says `wall` now and then follows tokio's time, paused or not.
    pub fn following(wall: DateTime<Utc>) -> Self {
        Self(Source::Following { wall, at: Instant::now() })
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        match self.0 {
            Source::System => Utc::now(),
            Source::Following { wall, at } => {
                let passed = chrono::TimeDelta::from_std(at.elapsed()).unwrap_or(chrono::TimeDelta::MAX);
                wall.checked_add_signed(passed).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
        }
    }
}
