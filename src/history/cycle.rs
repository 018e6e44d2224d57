//! What a cycle was: when it looked, how much it saw, how it ended. Not what it found; that is `drift`.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::domain::{ContentHash, Lane, TenantId};

use crate::domain::words;

words! {
    /// How a cycle ended.
    CycleOutcome {
        /// Everything that it looks at was seen.
        Complete => "complete",
        /// Part of it was not.
        Partial => "partial",
        /// It was stopped.
        Cancelled => "cancelled",
        /// It could not be carried out.
        Failed => "failed",
    }
}

/// One cycle, at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleRecord {
    /// Of which tenant.
    pub tenant: TenantId,
    /// The id under which it is logged and journaled.
    pub cycle_id: Uuid,
    /// In which lane.
    pub lane: Lane,
    /// When it began to look: what it saw is not older.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: CycleOutcome,
    /// How many mailboxes it saw.
    pub examined: u64,
    /// How many changes it gave to the writer.
    pub corrected: u64,
    /// How many mailboxes it could not judge.
    pub unknown: u64,
    /// How many drifts it opened, changed or closed.
    pub edges: u64,
    /// Of the policy set that it compared with.
    pub policy_revision: ContentHash,
    /// Why it was not complete.
    pub error: Option<String>,
}

impl CycleRecord {
    /// Whether it neither found anything new nor changed anything: such a cycle leaves no row of its own,
    /// or a look every half minute would make a million rows a year of nothing.
    pub const fn quiet(&self) -> bool {
        self.corrected == 0 && self.edges == 0
    }

    /// The day to which it counts.
    pub(super) fn day(&self) -> NaiveDate {
        self.finished_at.date_naive()
    }
}

/// All cycles of a lane that ended alike on one day (UTC), quiet or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleDay {
    /// In which lane.
    pub lane: Lane,
    /// How they ended.
    pub outcome: CycleOutcome,
    /// On which day.
    pub day: NaiveDate,
    /// How many they were.
    pub count: u64,
    /// When the first one ended.
    pub first_at: DateTime<Utc>,
    /// When the last one began to look.
    pub last_started_at: DateTime<Utc>,
    /// When the last one ended.
    pub last_at: DateTime<Utc>,
    /// How many mailboxes the last one saw.
    pub population: u64,
    /// How many changes all of them gave to the writer.
    pub corrected: u64,
    /// Of the last one's policy set.
    pub policy_revision: ContentHash,
    /// The last one's error.
    pub error: Option<String>,
}

impl CycleDay {
    /// A day that has seen this one cycle.
    pub(super) fn of(record: &CycleRecord) -> Self {
        Self {
            lane: record.lane,
            outcome: record.outcome,
            day: record.day(),
            count: 1,
            first_at: record.finished_at,
            last_started_at: record.started_at,
            last_at: record.finished_at,
            population: record.examined,
            corrected: record.corrected,
            policy_revision: record.policy_revision,
            error: record.error.clone(),
        }
    }

    /// The same day after one more cycle.
    pub(super) fn and(self, record: &CycleRecord) -> Self {
        Self {
            count: self.count + 1,
            first_at: self.first_at,
            corrected: self.corrected + record.corrected,
            ..Self::of(record)
        }
    }
}

/// The last complete cycle of a lane: what percentages and staleness are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastComplete {
    /// When it began to look.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// How many mailboxes it saw.
    pub population: u64,
    /// Of the policy set that it compared with.
    pub policy_revision: ContentHash,
}
