//! What a simulation can be told: its size, identity, faults, and which reading of an undecided fact it follows. No behaviour lives here.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Everything a [`Simulation`](super::Simulation) is made from; the default is a quiet tenant of 100 drifted mailboxes.
#[derive(Debug, Clone)]
pub struct SimulationOptions {
    /// The tenant's GUID, as in every URL of the service.
    pub tenant_id: Uuid,
    /// The `.onmicrosoft.com` name, accepted in URLs beside the GUID.
    pub initial_domain: String,
    /// The domain of mail addresses and user principal names.
    pub mail_domain: String,
    /// Same seed, same options: same tenant, same churn, same faults.
    pub seed: u64,
    /// How many mailboxes a plain `Get-Mailbox` returns at the start; group, inactive and public folder mailboxes come on top.
    pub mailboxes: usize,
    /// In what state those mailboxes are.
    pub population: Population,
    /// Wall time at the start; now when absent.
    pub started_at: Option<DateTime<Utc>>,
    /// Who may sign in.
    pub credentials: Credentials,
    /// What the signed-in application may do.
    pub permissions: Permissions,
    /// How long an access token lives; about an hour at the service.
    pub token_lifetime: Duration,
    /// The most rows of one page, whatever `Prefer: odata.maxpagesize` asks for.
    pub page_size_max: usize,
    /// What happens in the tenant without us.
    pub churn: Churn,
    /// What goes wrong.
    pub faults: Faults,
    /// How undecided facts about the service are read.
    pub readings: Readings,
}

impl Default for SimulationOptions {
    fn default() -> Self {
        Self {
            tenant_id: Uuid::from_u128(0x5132_aaaa_0000_4000_8000_0000_c047_0050),
            initial_domain: "contoso.onmicrosoft.com".to_owned(),
            mail_domain: "contoso.com".to_owned(),
            seed: 1,
            mailboxes: 100,
            population: Population::Drifted,
            started_at: None,
            credentials: Credentials::default(),
            permissions: Permissions::default(),
            token_lifetime: Duration::from_secs(3_600),
            page_size_max: 1_000,
            churn: Churn::default(),
            faults: Faults::default(),
            readings: Readings::default(),
        }
    }
}

/// The state of the mailboxes a simulation starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Population {
    /// A tenant with a history: most mailboxes stored off, some frozen on old lists, ages cut, licences mixed.
    Drifted,
    /// As created by the service: stored value unset, lists kept by Microsoft, 90 days.
    Fresh,
    /// Stored on everywhere, lists kept by Microsoft, 90 days.
    Settled,
}

/// The one application that may sign in.
#[derive(Clone)]
pub struct Credentials {
    /// Application (client) id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
    /// Its certificate as PEM. With one, the signature of a client assertion is verified; without, only its structure is.
    pub certificate_pem: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            client_id: "11111111-2222-4333-8444-555555555555".to_owned(),
            client_secret: "simulated-secret".to_owned(),
            certificate_pem: None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret stays out of logs even here, so that the habit is the same everywhere.
        f.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What the application was granted. Neither grant is 401, the app role alone is 403, both are 200.
#[derive(Debug, Clone)]
pub struct Permissions {
    /// The app role `Exchange.ManageAsApp`.
    pub app_role: bool,
    /// A directory or Exchange role.
    pub directory_role: bool,
    /// The cmdlets that role carries; all that exist here when absent.
    pub cmdlets: Option<BTreeSet<String>>,
    /// Parameters trimmed from the role: they are answered as unknown.
    pub withheld_parameters: BTreeSet<String>,
}

impl Default for Permissions {
    fn default() -> Self {
        Self { app_role: true, directory_role: true, cmdlets: None, withheld_parameters: BTreeSet::new() }
    }
}

/// What happens in the tenant over time. Intervals are averages; each gap is drawn between half and one and a half of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Churn {
    /// How often a mailbox is created.
    pub appears_every: Option<Duration>,
    /// How often an administrator undoes a setting of some mailbox.
    pub undone_every: Option<Duration>,
    /// How often a mailbox is deleted.
    pub vanishes_every: Option<Duration>,
}

impl Churn {
    /// A pace at which a person watching sees something happen.
    #[must_use]
    pub fn lively() -> Self {
        Self {
            appears_every: Some(Duration::from_secs(15)),
            undone_every: Some(Duration::from_secs(20)),
            vanishes_every: Some(Duration::from_secs(180)),
        }
    }
}

/// What goes wrong, and how often. Shares are between 0 and 1 and drawn from the seed.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Time every read takes.
    pub read_latency: Duration,
    /// Time every write takes.
    pub write_latency: Duration,
    /// Share of requests answered 503.
    pub unavailable_share: f64,
    /// Share of writes that are carried out and then answered 504.
    pub lost_answer_share: f64,
    /// More requests at once than this are answered 429 in plain text.
    pub concurrency: Option<usize>,
    /// Writes a second beyond which they are answered 429.
    pub writes_per_second: Option<f64>,
    /// Writes that may come at once before that rate counts; at least 1.
    pub write_burst: u32,
    /// `Retry-After` of 429 and 503 answers, when one is sent.
    pub retry_after: Option<Duration>,
    /// Writes are answered as done and change nothing.
    pub writes_vanish: bool,
    /// Following a nextLink always fails, as measured by one public client in 2026.
    pub next_link_fails: bool,
    /// How long other backends show the state before a write.
    pub stale_for: Duration,
    /// Requests to other hosts than this one are redirected to it (a regional host).
    pub redirect_to: Option<String>,
    /// Tokens that were asked for without a `claims` parameter are refused with a claims challenge.
    pub claims_challenge: bool,
}

/// A failure that a test puts in the way of the next requests; see [`Simulation::fail_next`](super::Simulation::fail_next).
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Answered with this status and an empty error envelope.
    Status(u16),
    /// Answered 429 with this `Retry-After`.
    Throttled(Option<Duration>),
    /// Refused in the error envelope with this exception type and text.
    Refused {
        /// Full .NET type name.
        exception: String,
        /// What the service says.
        message: String,
    },
    /// Carried out, and then answered 504.
    LostAnswer,
    /// Carried out after this long.
    Slow(Duration),
}

/// How one mailbox resists writes, for good; see [`Simulation::make_stubborn`](super::Simulation::make_stubborn).
#[derive(Debug, Clone, PartialEq)]
pub enum Stubborn {
    /// Writes are answered as done and change nothing.
    Ignores,
    /// Writes are refused in the error envelope.
    Refuses {
        /// Full .NET type name.
        exception: String,
        /// What the service says.
        message: String,
    },
}

/// Undecided facts about the service, each with the reading taken as the default.
#[derive(Debug, Clone)]
pub struct Readings {
    /// Rows show `AuditEnabled: true` on covered mailboxes while the organization's `AuditDisabled` is false.
    pub overlay: bool,
    /// What writing `DefaultAuditSet` with fewer types than it holds does.
    pub default_audit_set: DefaultAuditSetWrite,
    /// How a list set to `None` reads back.
    pub none_reads_back: NoneReadsBack,
    /// A write of audit settings moves `WhenChangedUTC`.
    pub audit_write_bumps_when_changed: bool,
    /// A successful Set cmdlet answers 204 without a body instead of 200 with an empty `value`.
    pub success_is_204: bool,
    /// A cmdlet that the identity may not run answers 403 with JSON instead of NUL bytes; both were seen.
    pub denied_as_json: bool,
    /// An object that does not exist answers 400 instead of 404.
    pub not_found_is_400: bool,
    /// A filter that combines `Guid` with `AuditEnabled` is refused.
    pub refuse_guid_with_audit_enabled: bool,
    /// Actions that need the Audit Premium capability on the mailbox.
    pub licensed_actions: Vec<String>,
    /// Writing the default list word for word leaves the logon type kept by Microsoft.
    pub verbatim_default_stays_kept: bool,
    /// Adding an action that is there already is an error, as reported in 2019.
    pub readding_is_error: bool,
    /// Writing `AuditEnabled: false` to a covered mailbox changes nothing and says so.
    pub false_write_ignored: bool,
    /// A result cut by an integer `ResultSize` carries a nextLink beside the warning, as measured in 2026.
    pub truncated_has_next_link: bool,
    /// `ResultSize` has no effect; only the page size counts.
    pub result_size_ignored: bool,
    /// `$select` has no effect: every row is whole.
    pub select_ignored: bool,
    /// The form of `error.details[].message`.
    pub error_details: ErrorDetails,
    /// Requests without the backend cookie land on changing backends, so that nextLinks need it.
    pub cookie_affinity: bool,
    /// Set cmdlets of the organization ask for `Enable-OrganizationCustomization` first.
    pub dehydrated: bool,
    /// How long a change of `UnifiedAuditLogIngestionEnabled` takes to show.
    pub ingestion_lag: Duration,
}

impl Default for Readings {
    fn default() -> Self {
        Self {
            overlay: true,
            default_audit_set: DefaultAuditSetWrite::Replaces,
            none_reads_back: NoneReadsBack::Empty,
            audit_write_bumps_when_changed: true,
            success_is_204: false,
            denied_as_json: false,
            not_found_is_400: false,
            refuse_guid_with_audit_enabled: false,
            licensed_actions: Vec::new(),
            verbatim_default_stays_kept: false,
            readding_is_error: false,
            false_write_ignored: false,
            truncated_has_next_link: true,
            result_size_ignored: false,
            select_ignored: false,
            error_details: ErrorDetails::Hashed,
            cookie_affinity: false,
            dehydrated: false,
            ingestion_lag: Duration::ZERO,
        }
    }
}

/// What writing `DefaultAuditSet` does to the types it does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultAuditSetWrite {
    /// They leave the set, their lists frozen as they are.
    Replaces,
    /// They stay as they were.
    Adds,
}

/// How a list that was set to `None` reads back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoneReadsBack {
    /// As an empty array.
    Empty,
    /// As an array with the word `None`.
    Word,
}

/// The three forms in which the service writes `error.details[].message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorDetails {
    /// `Ex6F9304|Full.Type.Name|text`.
    Hashed,
    /// `|Full.Type.Name|text`.
    Bare,
    /// A JSON object in a string; always used towards clients that send the PowerShell module's headers.
    Json,
}
