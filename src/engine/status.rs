//! Where the daemon stands, for the page and the health endpoints: counts only, never a mailbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Field, Lane, Mode, Organization, TenantName};
use crate::plan::{StateCounts, ViewSummary};

/// A supervisor that has not ticked for this long is stuck.
const STUCK_AFTER: TimeDelta = TimeDelta::seconds(30);

/// What one tenant's lanes last saw.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantStatus {
    /// Whether it is written to; none before the daemon has begun with it.
    pub mode: Option<Mode>,
    /// How the last full look counted, and what was found and corrected since.
    pub states: StateCounts,
    /// How many mailboxes drift in a field, likewise.
    pub drifted: BTreeMap<Field, u64>,
    /// How much of the tenant that look saw; none before the first.
    pub view: Option<ViewSummary>,
    /// Whether that look saw everything.
    pub complete: bool,
    /// The switches as last read.
    pub organization: Organization,
    /// The last complete cycle of each lane.
    pub last_success: BTreeMap<Lane, DateTime<Utc>>,
    /// The last failure of each lane that has not been followed by a success.
    pub failing: BTreeMap<Lane, String>,
    /// What the guard holds, in its own words, with what would let it through.
    pub held: Vec<String>,
}

/// The policies in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyStatus {
    /// Their revision; none while there never was a good set.
    pub revision: Option<String>,
    /// How many there are.
    pub count: usize,
    /// What is wrong with the files as they are now, rendered; empty where they are in force.
    pub rejected: Option<String>,
}

#[derive(Debug, Default)]
struct Inner {
    tenants: BTreeMap<TenantName, TenantStatus>,
    policies: PolicyStatus,
    history: Option<String>,
}

/// Shared by the lanes, which write it, and the server, which reads it.
#[derive(Debug, Default)]
pub struct Status {
    inner: Mutex<Inner>,
    ticked_at: AtomicI64,
}

impl Status {
    /// Changes what is known of a tenant.
    pub fn update(&self, tenant: &TenantName, change: impl FnOnce(&mut TenantStatus)) {
        change(self.lock().tenants.entry(tenant.clone()).or_default());
    }

    /// Forgets tenants that are no longer configured.
    pub fn keep(&self, tenants: &[TenantName]) {
        self.lock().tenants.retain(|name, _| tenants.contains(name));
    }

    /// Every tenant, by name.
    pub fn tenants(&self) -> BTreeMap<TenantName, TenantStatus> {
        self.lock().tenants.clone()
    }

    /// Changes what is known of the policies.
    pub fn set_policies(&self, change: impl FnOnce(&mut PolicyStatus)) {
        change(&mut self.lock().policies);
    }

    /// The policies in force.
    pub fn policies(&self) -> PolicyStatus {
        self.lock().policies.clone()
    }

    /// Says that the history works, or why it does not.
    pub fn set_history(&self, error: Option<String>) {
        self.lock().history = error;
    }

    /// Why the history does not work, where it does not.
    pub fn history_error(&self) -> Option<String> {
        self.lock().history.clone()
    }

    /// The supervisor is alive.
    pub fn tick(&self, now: DateTime<Utc>) {
        self.ticked_at.store(now.timestamp(), Ordering::Relaxed);
    }

    /// Whether the supervisor ticked a short while ago.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        now.timestamp() - self.ticked_at.load(Ordering::Relaxed) <= STUCK_AFTER.num_seconds()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supervisor_that_stops_ticking_is_not_alive() {
        let (status, now) = (Status::default(), Utc::now());
        assert!(!status.is_alive(now));
        status.tick(now);
        assert!(status.is_alive(now + TimeDelta::seconds(30)));
        assert!(!status.is_alive(now + TimeDelta::seconds(31)));
    }
}
