//! Everything that the loop needs to know of one tenant, put together once from the settings.

use std::sync::Arc;
use std::time::Duration;

use super::{Clock, Schedule, Status};
use crate::domain::{Mode, TenantId, TenantName};
use crate::exchange::{Reader, Writer};
use crate::history::History;
use crate::plan::Limits;
use crate::telemetry::Telemetry;

/// How often each lane looks.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The full lane.
    pub full: Schedule,
    /// The new lane.
    pub new: Duration,
    /// The changed lane.
    pub changed: Duration,
    /// A phase that each lane is shifted by, once, at start: many tenants do not all look at once.
    pub jitter: Duration,
}

/// One tenant, with its ports.
#[derive(Clone)]
pub struct Tenant {
    /// Its name in settings, policies, logs and metrics.
    pub name: TenantName,
    /// The directory's id: the key of what is remembered.
    pub id: TenantId,
    /// Whether corrections are written at all.
    pub mode: Mode,
    /// How to look.
    pub reader: Arc<dyn Reader>,
    /// How to write.
    pub writer: Arc<dyn Writer>,
    /// What is remembered. Without it nothing is written.
    pub history: Option<Arc<dyn History>>,
    /// Where events go.
    pub telemetry: Arc<Telemetry>,
    /// What the page shows.
    pub status: Arc<Status>,
    /// The time.
    pub clock: Clock,
    /// The caps of the guard.
    pub limits: Limits,
    /// The write budget, for forecasts.
    pub writes_per_minute: u32,
    /// Who we are to the service: the client id, for the journal.
    pub identity: String,
    /// How often the daemon looks.
    pub pace: Pace,
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tenant")
            .field("name", &self.name)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
