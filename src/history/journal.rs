//! What was written, and on whose word: an intent before every call of the service, outcomes after it.
//! Plain data; how entries are chained is in `chain`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{Cause, Class, ContentHash, Field, Lane, MailboxId, TenantId};
use crate::plan::Object;

use super::text;
use crate::domain::words;

words! {
    /// What came of a write.
    WriteOutcome {
        /// The service accepted it.
        Applied => "applied",
        /// The service said that it was so already.
        Unchanged => "unchanged",
        /// The service refused it, or it was never sent.
        Failed => "failed",
        /// No answer came; it may have been written.
        Uncertain => "uncertain",
        /// Not sent: somebody else had moved the value since it was planned.
        Superseded => "superseded",
        /// A later look shows it.
        Verified => "verified",
        /// No later look showed it in time.
        Unverified => "unverified",
    }
}

impl WriteOutcome {
    /// Outcomes by which the tenant is known to be as it was.
    pub(super) const WITHOUT_EFFECT: [Self; 3] = [Self::Unchanged, Self::Failed, Self::Superseded];
}

/// One field of a change, with what is needed to take it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which field.
    #[serde(with = "text")]
    pub field: Field,
    /// As it was observed, in full.
    pub before: Value,
    /// As it is to be.
    pub after: Value,
}

/// The place of a policy that asks for a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyLine {
    /// The policy's name.
    pub name: String,
    /// The file.
    pub path: String,
    /// The line in it.
    pub line: u32,
}

/// A consent without which the guard would have held a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Who consented.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// One call of the service that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Of which tenant.
    #[serde(with = "text")]
    pub tenant: TenantId,
    /// When it was decided.
    #[serde(with = "text")]
    pub at: DateTime<Utc>,
    /// The change; the same one may be tried again, as another intent.
    #[serde(with = "text")]
    pub change_id: ContentHash,
    /// The cycle that found it.
    #[serde(with = "text")]
    pub cycle_id: Uuid,
    /// The cycle's lane.
    #[serde(with = "text")]
    pub lane: Lane,
    /// What is written to.
    #[serde(with = "text")]
    pub object: Object,
    /// What kind of change it is.
    #[serde(with = "text")]
    pub class: Class,
    /// Why it is needed.
    #[serde(with = "text")]
    pub cause: Cause,
    /// What it makes of each field.
    pub corrections: Vec<FieldChange>,
    /// The policies that ask for it.
    pub policies: Vec<PolicyLine>,
    /// Of the policy set in force.
    #[serde(with = "text")]
    pub policy_revision: ContentHash,
    /// Who let it through, where the guard asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
    /// The identity of ours that makes the call.
    pub identity: String,
}

/// What came of an intent. There may be several: applied, and later verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Of which tenant.
    #[serde(with = "text")]
    pub tenant: TenantId,
    /// When it was known.
    #[serde(with = "text")]
    pub at: DateTime<Utc>,
    /// The intent's number in the tenant's journal.
    pub intent: u64,
    /// What came of it.
    #[serde(with = "text")]
    pub outcome: WriteOutcome,
    /// The service's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why it failed, or is not certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What an entry of the journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryBody {
    /// A write is about to be made.
    Intent(Intent),
    /// Something came of it.
    Outcome(Outcome),
}

/// One entry of a tenant's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// Its hash, over the hash of the entry before it and its body.
    pub hash: ContentHash,
    /// What it says.
    pub body: EntryBody,
}

/// An intent of which nothing is known to have come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its number in the tenant's journal.
    pub seq: u64,
    /// The intent.
    pub intent: Intent,
}

/// The end of a tenant's journal. Whoever keeps it elsewhere can tell later that nothing before it was
/// changed or cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 for an empty journal.
    pub seq: u64,
    /// Its hash.
    pub hash: ContentHash,
}

/// Which entries to list; the empty filter is all. An outcome is listed with its intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalFilter {
    /// Only of this object.
    pub object: Option<Object>,
    /// Only of this change.
    pub change_id: Option<ContentHash>,
    /// Only of this cycle.
    pub cycle_id: Option<Uuid>,
}

impl JournalFilter {
    /// Everything that was written to a mailbox.
    pub fn of_mailbox(id: MailboxId) -> Self {
        Self { object: Some(Object::Mailbox(id)), ..Self::default() }
    }

    pub(super) fn takes(&self, intent: &Intent) -> bool {
        self.object.is_none_or(|object| object == intent.object)
            && self.change_id.is_none_or(|change| change == intent.change_id)
            && self.cycle_id.is_none_or(|cycle| cycle == intent.cycle_id)
    }
}
