//! From an event to the name, level, sentence and fields of its line. A field is there or it is not;
//! there is no null, no nesting, and lists are joined.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::{ActionSet, Cause, ContentHash, Field, Mode, TenantName};

use super::catalogue::EventKind;
use super::event::{
    CycleEvent, CycleFacts, DriftEvent, DriftFacts, Event, Failure, Finding, MailboxEvent, MailboxFacts,
    ProcessEvent, ServiceEvent,
};
use super::{Identities, Level};

/// A line of the log, before it has a time and a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) event: &'static str,
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) fields: Fields,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
}

/// Fields in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Value)>);

impl Fields {
    fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, Value::Text(value.into())));
        self
    }

    fn number(mut self, name: &'static str, value: u64) -> Self {
        self.0.push((name, Value::Number(value)));
        self
    }

    fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    fn list(self, name: &'static str, values: &[String]) -> Self {
        let mut sorted: Vec<&str> = values.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        sorted.dedup();
        self.maybe(name, (!sorted.is_empty()).then(|| sorted.join(",")))
    }

    fn actions(self, name: &'static str, actions: &ActionSet) -> Self {
        let mut names = actions.names();
        names.sort_unstable();
        self.list(name, &names)
    }

    fn time(self, name: &'static str, at: DateTime<Utc>) -> Self {
        self.text(name, at.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    fn hash(self, name: &'static str, hash: Option<ContentHash>) -> Self {
        self.maybe(name, hash.map(|hash| hash.to_string()))
    }

    fn tenant(self, tenant: &TenantName) -> Self {
        self.text("tenant", tenant.as_str())
    }

    fn cycle(self, cycle: &CycleFacts) -> Self {
        self.tenant(&cycle.tenant).text("cycle_id", cycle.cycle_id).text("lane", cycle.lane.as_str())
    }

    fn mailbox(self, mailbox: &MailboxFacts, identities: Identities) -> Self {
        let name = mailbox.user_principal_name.clone().filter(|_| identities == Identities::Upn);
        self.text("mailbox", mailbox.id.to_string()).maybe("user_principal_name", name)
    }

    /// A failure of something that concerns no single mailbox: what the service says of it may name one
    /// all the same.
    fn failure(self, failure: &Failure) -> Self {
        self.failure_told(failure, without_addresses(&failure.text))
    }

    fn failure_told(self, failure: &Failure, text: String) -> Self {
        self.maybe("remedy", failure.remedy.clone())
            .text("error_kind", failure.kind)
            .text("error", text)
            .maybe("request_id", failure.request_id.clone())
    }

    fn drift(self, drift: &DriftFacts, identities: Identities) -> Self {
        let fields = self
            .cycle(&drift.cycle)
            .text("cause", drift.cause.as_str())
            .text("mode", drift.mode.as_str())
            .list("policy", &drift.policies)
            .hash("policy_revision", Some(drift.policy_revision))
            .list("responsible", &drift.responsible);
        let fields = match &drift.mailbox {
            Some(mailbox) => fields.mailbox(mailbox, identities),
            None => fields,
        };
        let fields = fields
            .text("field", drift.field.as_str())
            .maybe("logon_type", drift.field.logon_type().map(|kind| kind.as_str()))
            .text("observed", drift.observed.clone())
            .text("desired", drift.desired.clone())
            .actions("missing", &drift.missing)
            .actions("extra", &drift.extra)
            .text("drift_id", drift.drift_id)
            .hash("change_id", drift.change_id)
            .maybe("class", drift.class.map(|class| class.as_str()));
        match drift.effective_gap {
            Some(gap) => fields.number("effective_gap_seconds", gap.as_secs()),
            None => fields,
        }
    }
}

/// The text with `...` in place of everything that looks like a mail address or a principal's name.
fn without_addresses(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "'\"`<>()[]{},;:=/|".contains(c);
    text.split_inclusive(ends)
        .map(|word| {
            let name = word.trim_end_matches(ends);
            let is_address = name.split_once('@').is_some_and(|(l, r)| !l.is_empty() && !r.is_empty());
            if is_address { word.replace(name, "...") } else { word.to_owned() }
        })
        .collect()
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// What the sentence calls a field of a mailbox or of the organization.
fn subject(drift: &DriftFacts) -> String {
    let of = if drift.mailbox.is_some() { "a mailbox" } else { "the organization" };
    match drift.field {
        Field::Enabled => format!("auditing of {of}"),
        Field::AuditLogAge => format!("the audit log's age of {of}"),
        field => format!("`{field}` of {of}"),
    }
}

impl Record {
    pub(super) fn of(event: &Event, identities: Identities) -> Self {
        let (level, message, fields) = match event {
            Event::Process(what) => process(what),
            Event::Cycle(cycle, what) => of_cycle(Fields::default().cycle(cycle), what),
            Event::Mailbox(cycle, mailbox, what) => {
                of_mailbox(Fields::default().cycle(cycle).mailbox(mailbox, identities), what)
            }
            Event::Drift(drift, what) => {
                of_drift(Fields::default().drift(drift, identities), drift, what, identities)
            }
            Event::Finding(cycle, what) => finding(Fields::default().cycle(cycle), what),
            Event::Service(what) => service(what),
        };
        Self { event: EventKind::of(event).as_str(), level, message, fields }
    }
}

type Parts = (Level, String, Fields);

fn process(what: &ProcessEvent) -> Parts {
    let fields = Fields::default();
    match what {
        ProcessEvent::DaemonStarted { version, tenants, mode } => {
            let names: Vec<String> = tenants.iter().map(|name| name.as_str().to_owned()).collect();
            let fields = fields.text("version", *version).list("tenants", &names).text("mode", mode.as_str());
            (Level::Info, "the daemon has started".into(), fields)
        }
        ProcessEvent::DaemonStopped { reason, in_flight } => {
            let fields = fields.text("reason", *reason).number("in_flight", *in_flight);
            (Level::Info, "the daemon has stopped".into(), fields)
        }
        ProcessEvent::PolicyLoaded { policy_revision, policies } => {
            let fields = fields.hash("policy_revision", Some(*policy_revision)).number("policies", *policies);
            (Level::Info, "a policy set is in force".into(), fields)
        }
        ProcessEvent::PolicyRejected { in_force, faults, first } => {
            let message = match in_force {
                Some(_) => "the policy set has faults; the one before stays in force",
                None => "the policy set has faults, and none is in force",
            };
            let fields = fields
                .text("remedy", "run `mailwarden validate` on the set")
                .hash("policy_revision", *in_force)
                .text("error_kind", "policy")
                .text("error", first.clone())
                .number("faults", *faults);
            (Level::Error, message.into(), fields)
        }
    }
}

fn of_cycle(fields: Fields, what: &CycleEvent) -> Parts {
    match what {
        CycleEvent::Started => (Level::Debug, "a look begins".into(), fields),
        CycleEvent::Completed {
            end,
            at: _,
            examined,
            corrected,
            unknown,
            elapsed,
            policy_revision,
            journal_head,
        } => {
            let fields = fields
                .hash("policy_revision", Some(*policy_revision))
                .text("outcome", end.as_str())
                .hash("journal_head", *journal_head)
                .number("examined", *examined)
                .number("corrected", *corrected)
                .number("unknown", *unknown)
                .number("elapsed_ms", millis(*elapsed));
            (Level::Info, format!("a look has ended: {}", end.as_str()), fields)
        }
        CycleEvent::Failed { failure, elapsed } => {
            let fields = fields.failure(failure).number("elapsed_ms", millis(*elapsed));
            (Level::Error, "a look failed".into(), fields)
        }
        CycleEvent::ViewPartial { examined, unknown, failure } => {
            let fields = fields.failure(failure).number("examined", *examined).number("unknown", *unknown);
            (Level::Warn, "a look did not see every mailbox".into(), fields)
        }
    }
}

fn of_mailbox(fields: Fields, what: &MailboxEvent) -> Parts {
    match what {
        MailboxEvent::Discovered(age) => {
            let fields = match age {
                Some(age) => fields.number("age_seconds", age.as_secs()),
                None => fields,
            };
            (Level::Info, "a mailbox was seen for the first time".into(), fields)
        }
        MailboxEvent::Vanished => (Level::Info, "a mailbox is gone".into(), fields),
    }
}

fn of_drift(fields: Fields, drift: &DriftFacts, what: &DriftEvent, identities: Identities) -> Parts {
    let subject = subject(drift);
    // Somebody changed it behind our back: worth a ticket even where it is corrected by itself.
    let notable = if drift.cause == Cause::External { Level::Warn } else { Level::Info };
    match what {
        DriftEvent::Detected => (notable, format!("{subject} is not as policies say"), fields),
        DriftEvent::Corrected { time_to_protect } => {
            let fields = match time_to_protect {
                Some(time) => fields.number("time_to_protect_seconds", time.as_secs()),
                None => fields,
            };
            (notable, format!("{subject} is corrected"), fields)
        }
        DriftEvent::Unverified { next_try_at } => {
            let message = format!("{subject} was written, and the service does not show it");
            (Level::Warn, message, fields.time("next_try_at", *next_try_at))
        }
        DriftEvent::Held { remedy } => {
            let message = format!("the correction of {subject} is held");
            (Level::Warn, message, fields.text("remedy", remedy.clone()))
        }
        DriftEvent::Conflict => (Level::Warn, format!("policies contradict each other on {subject}"), fields),
        DriftEvent::Resolved { how } => {
            (Level::Info, format!("{subject} is no drift any more"), fields.text("outcome", *how))
        }
        DriftEvent::Open { since } => {
            let level = if drift.mode == Mode::Enforce { Level::Warn } else { Level::Info };
            (level, format!("{subject} is still not as policies say"), fields.time("open_since", *since))
        }
        DriftEvent::Persisting { since } => {
            (Level::Error, format!("{subject} does not stay corrected"), fields.time("open_since", *since))
        }
        DriftEvent::CorrectionFailed(failure) => {
            let text = match identities {
                Identities::Upn => failure.text.clone(),
                Identities::Guid => without_addresses(&failure.text),
            };
            (Level::Warn, format!("{subject} could not be corrected"), fields.failure_told(failure, text))
        }
        DriftEvent::WeakeningApplied { reason, ticket } => {
            let fields = fields.text("reason", reason.clone()).maybe("ticket", ticket.clone());
            (Level::Warn, format!("{subject}: less is audited now, as allowed"), fields)
        }
    }
}

fn finding(fields: Fields, what: &Finding) -> Parts {
    match what {
        Finding::ActionUnsupported { action, logon_type, tier, mailboxes, text } => {
            let fields = fields
                .text("logon_type", logon_type.as_str())
                .text("action", action.as_str())
                .text("tier", tier.as_str())
                .number("mailboxes", *mailboxes)
                .text("error", without_addresses(text));
            (Level::Warn, format!("the service refuses `{action}` for `{logon_type}`"), fields)
        }
        Finding::OrganizationAuditingOff { switch, mode } => {
            let remedy = match mode {
                Mode::Enforce => "it is being switched on; find out who switched it off",
                Mode::Observe => "switch it on, or enforce an OrganizationAuditPolicy that requires it",
            };
            let fields = fields
                .text("remedy", remedy)
                .text("mode", mode.as_str())
                .text("field", switch.as_str())
                .text("observed", "off");
            let message = format!("`{switch}` of the organization is off: no mailbox is audited effectively");
            (Level::Error, message, fields)
        }
        Finding::DefaultSetChanged { tier, logon_type, grown, shrunk } => {
            let fields = fields
                .text("logon_type", logon_type.as_str())
                .text("tier", tier.as_str())
                .actions("grown", grown)
                .actions("shrunk", shrunk);
            let level = if shrunk.is_empty() { Level::Info } else { Level::Warn };
            (level, format!("Microsoft's default set for `{logon_type}` is not as remembered"), fields)
        }
        Finding::PlanHeld { class, mailboxes, limit, digest, remedy } => {
            let fields = fields
                .text("remedy", remedy.clone())
                .text("class", class.as_str())
                .text("digest", digest.to_string())
                .number("mailboxes", *mailboxes)
                .number("limit", *limit);
            (Level::Warn, format!("{class} changes of {mailboxes} mailboxes are held"), fields)
        }
    }
}

fn service(what: &ServiceEvent) -> Parts {
    let fields = Fields::default();
    match what {
        ServiceEvent::Throttled { tenant, operation, wait } => {
            let fields =
                fields.tenant(tenant).text("operation", *operation).number("wait_seconds", wait.as_secs());
            (Level::Info, "the service asks us to wait".into(), fields)
        }
        ServiceEvent::AuthFailed { tenant, failure } => {
            (Level::Error, "the service does not let us in".into(), fields.tenant(tenant).failure(failure))
        }
        ServiceEvent::CredentialExpiring { tenant, expires_at, days } => {
            let fields = fields
                .text("remedy", "add a new credential to the app registration and configure it")
                .tenant(tenant)
                .time("expires_at", *expires_at);
            (Level::Warn, format!("the credential ends in {days} days"), fields)
        }
        ServiceEvent::HistoryUnavailable { tenant, failure } => {
            let fields = fields.maybe("tenant", tenant.as_ref().map(TenantName::as_str)).failure(failure);
            (Level::Error, "nothing can be recorded, so nothing is written".into(), fields)
        }
    }
}
