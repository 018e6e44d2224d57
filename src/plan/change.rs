//! A change: one call of the service, what it corrects and why. What drifted is in `drift`.

use std::sync::Arc;

use serde::Serialize;

use super::{Correction, Object};
use crate::domain::{Cause, Class, ContentHash, Field, TenantId};
use crate::policy::PolicyInfo;

/// A clause of a policy that asks for something.
#[derive(Debug, Clone)]
pub struct Citation {
    /// The policy.
    pub policy: Arc<PolicyInfo>,
    /// The line of the clause, from 1.
    pub line: usize,
}

impl Citation {
    /// `name (path:line)`.
    pub fn describe(&self) -> String {
        format!("{} ({}:{})", self.policy.name, self.policy.path, self.line)
    }
}

impl PartialEq for Citation {
    fn eq(&self, other: &Self) -> bool {
        (&self.policy.path, self.line) == (&other.policy.path, other.line)
    }
}
impl Eq for Citation {}

impl Serialize for Citation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut map = serializer.serialize_struct("Citation", 3)?;
        map.serialize_field("name", &*self.policy.name)?;
        map.serialize_field("path", &*self.policy.path)?;
        map.serialize_field("line", &self.line)?;
        map.end()
    }
}

/// Whether every policy that forces a weakening says that it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consent {
    /// Nothing is weakened, or each policy says `allowWeakening`.
    Given,
    /// A policy that forces it does not say so.
    Missing,
}

/// One correction with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCorrection {
    /// What to write.
    pub correction: Correction,
    /// The field that it is for.
    pub field: Field,
    /// What the guard asks of it.
    pub class: Class,
    /// Why it is needed.
    pub cause: Cause,
    /// The value observed, as text: what it is checked against before a stored plan is applied.
    pub before: String,
    /// The value expected afterwards, as text.
    pub after: String,
    /// Whether the policies consent, where it weakens.
    pub consent: Consent,
    /// Whether it leaves out what the service refused before: the field drifts on after it.
    pub is_partial: bool,
    /// Who asks for it.
    pub policies: Vec<Citation>,
}

impl PlannedCorrection {
    /// Whether the caps count it: a repair of what policy already said, and everything that a new mailbox
    /// needs, is never capped.
    pub const fn is_capped(&self) -> bool {
        is_capped(self.class, self.cause)
    }
}

/// Whether the caps of the guard count a correction of this class and cause.
pub const fn is_capped(class: Class, cause: Cause) -> bool {
    match class {
        Class::Corrective => false,
        Class::Intentional | Class::Freezing => !matches!(cause, Cause::NewMailbox | Cause::External),
        Class::Weakening | Class::Destructive | Class::CoverageLoss => true,
    }
}

/// One Set call: one journal entry, one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// SHA-256 of tenant, object and corrections: the same need has the same id in every look.
    pub id: ContentHash,
    /// What it is made to.
    pub object: Object,
    /// Changes of one object happen in this order, each after a look at what the one before it did.
    pub order: u8,
    /// What it corrects; never empty.
    pub corrections: Vec<PlannedCorrection>,
}

impl Change {
    /// Makes a change and its id. None without corrections.
    pub fn new(
        tenant: TenantId,
        object: Object,
        order: u8,
        corrections: Vec<PlannedCorrection>,
    ) -> Option<Self> {
        if corrections.is_empty() {
            return None;
        }
        let id = Self::identify(tenant, object, &corrections);
        Some(Self { id, object, order, corrections })
    }

    /// The most severe class of its corrections.
    pub fn class(&self) -> Class {
        self.corrections.iter().map(|planned| planned.class).max().unwrap_or(Class::Corrective)
    }

    /// The cause of its first correction.
    pub fn cause(&self) -> Cause {
        self.corrections.first().map_or(Cause::External, |planned| planned.cause)
    }

    /// The corrections alone, as the write port takes them.
    pub fn to_write(&self) -> Vec<Correction> {
        self.corrections.iter().map(|planned| planned.correction.clone()).collect()
    }

    /// The part of it that `keep` lets through, as a change of its own.
    pub fn restricted(
        &self,
        tenant: TenantId,
        mut keep: impl FnMut(&PlannedCorrection) -> bool,
    ) -> Option<Self> {
        let corrections = self.corrections.iter().filter(|planned| keep(planned)).cloned().collect();
        Self::new(tenant, self.object, self.order, corrections)
    }

    fn identify(tenant: TenantId, object: Object, corrections: &[PlannedCorrection]) -> ContentHash {
        let mut parts = vec![tenant.to_string(), describe_object(object)];
        parts.extend(corrections.iter().map(|planned| planned.correction.describe()));
        ContentHash::of_parts(parts.iter().map(String::as_bytes))
    }
}

/// The text under which plans and the journal know an object.
pub fn describe_object(object: Object) -> String {
    match object {
        Object::Organization => "organization".into(),
        Object::Mailbox(id) => id.to_string(),
    }
}
