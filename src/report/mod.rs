//! What people and machines read: plans, explanations, lists of mailboxes, the matrix of actions, and the
//! exit code. Pure formatting: data in, text out. Which stream a text goes to is the caller's.

mod actions;
mod census;
mod exit;
mod explain;
mod explain_facts;
mod forecast;
mod mailbox_rows;
mod mailboxes;
mod paint;
mod plan_json;
mod plan_markdown;
mod plan_text;
#[cfg(test)]
mod sample;
mod wording;

pub use actions::{actions_csv, actions_json, actions_text};
pub use census::Census;
pub use exit::{ExitCode, ExitDetail, exit_code};
pub use explain::{explain_json, explain_text};
pub use explain_facts::Explanation;
pub use forecast::Forecast;
pub use mailbox_rows::{MailboxRow, mailbox_rows};
pub use mailboxes::{mailboxes_csv, mailboxes_json, mailboxes_text};
pub use plan_json::plan_json;
pub use plan_markdown::plan_markdown;
pub use plan_text::plan_text;
pub(crate) use wording::counted;

pub use crate::policy::render::Colour;

use crate::domain::TenantName;
use crate::plan::{Plan, Verdict};

/// The plan of one tenant with what the guard says of it.
#[derive(Debug, Clone)]
pub struct TenantPlan<'a> {
    /// What the tenant is called.
    pub name: TenantName,
    /// The plan, after [`Plan::decide`].
    pub plan: &'a Plan,
    /// The guard's verdict about it.
    pub verdict: &'a Verdict,
    /// How fast the tenant is written to.
    pub writes_per_minute: u32,
}
