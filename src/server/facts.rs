//! What the server asks for, as plain data. Whoever runs the daemon answers.

use chrono::{DateTime, Utc};

/// Where the server has what it shows. Every answer is read from memory: nothing here may wait.
pub trait Facts: Send + Sync + 'static {
    /// Whether the process does its work.
    fn health(&self) -> Health;
    /// Whether it has what it needs to do it.
    fn ready(&self) -> Ready;
    /// Every metric, in the text form of OpenMetrics.
    fn metrics(&self) -> String;
    /// What the page shows.
    fn page(&self) -> PageFacts;
}

/// Whether the process does its work. A service that is away is no reason to be restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Alive,
    /// It does not, and a restart may help.
    Stuck {
        /// What stands still.
        reason: String,
    },
}

/// Whether the process has what it needs: configuration, a policy set, a history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ready {
    /// What is missing; nothing where it is ready.
    pub reasons: Vec<String>,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFacts {
    /// The program's version.
    pub version: String,
    /// The time of the answer.
    pub now: DateTime<Utc>,
    /// The policy set.
    pub policies: PolicyFacts,
    /// Why nothing can be recorded, if so.
    pub history_error: Option<String>,
    /// The tenants.
    pub tenants: Vec<TenantFacts>,
}

/// The policy set in force, and the one that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyFacts {
    /// The revision in force; none where there never was a set without faults.
    pub revision: Option<String>,
    /// How many policies it holds.
    pub count: usize,
    /// What is wrong with a newer set, one fault a line; empty where there is none.
    pub rejected: Vec<String>,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantFacts {
    /// Its name.
    pub name: String,
    /// `enforce` or `observe`.
    pub mode: String,
    /// How many mailboxes stand in each state, in the order in which they are to be shown.
    pub states: Vec<(String, u64)>,
    /// What the last full look saw; none before the first.
    pub view: Option<ViewFacts>,
    /// The organization's switches.
    pub switches: Vec<SwitchFacts>,
    /// The lanes.
    pub lanes: Vec<LaneFacts>,
    /// What the guard holds, each with what releases it.
    pub held: Vec<String>,
}

/// What a look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewFacts {
    /// Mailboxes looked at.
    pub examined: u64,
    /// Mailboxes that could not be read.
    pub unknown: u64,
    /// Whether the enumeration was cut off.
    pub truncated: bool,
    /// Whether it saw everything.
    pub complete: bool,
}

/// One switch of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchFacts {
    /// What it is called.
    pub name: String,
    /// `on`, `off` or `unknown`.
    pub state: String,
}

/// One lane of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneFacts {
    /// Its name.
    pub lane: String,
    /// When it last saw everything that it asked for; none if never.
    pub last_success: Option<DateTime<Utc>>,
    /// Why it fails now, if it does.
    pub failing: Option<String>,
}
