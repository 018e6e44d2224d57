//! The nouns of mailbox auditing, as values: what a mailbox is, which actions exist, what a default
//! set is. No policy, no decision, no IO, no clock.

mod action;
mod action_set;
mod auditing;
mod default_set;
mod log_age;
mod logon_type;
mod mailbox;
mod matrix;
mod organization;
mod recipient_type;
mod revision;
mod tenant;
mod word;

pub use action::{AuditAction, KnownAction, UnlistedAction};
pub use action_set::ActionSet;
pub use auditing::{Auditing, Effective};
pub use default_set::{
    DEFAULT_SAMPLE, DefaultSet, DefaultSetChange, DefaultSetLearner, DefaultSets, DefaultSource, Shrink,
};
pub use log_age::{LogAge, StoredLogAge};
pub use logon_type::{LogonType, LogonTypes, PerLogonType};
pub use mailbox::{Attribute, AuditTier, Mailbox, MailboxId, StoredAuditing};
pub use matrix::{
    ActionFacts, DefaultMembership, MATRIX_DATE, Standing, action_facts, all_actions, default_actions,
};
pub use organization::{Organization, OrganizationSwitch, SwitchState};
pub use recipient_type::RecipientType;
pub use revision::{ContentHash, MalformedHash};
pub use tenant::{TenantId, TenantName};
pub(crate) use word::words;
pub use word::{Cause, Class, Field, Lane, Mode, State};
