//! The one table of events: what each is called, how loud it is, which fields it has, what it means to
//! an operator and what there is to do. The reference for users is generated from it.

use super::event::{CycleEvent, DriftEvent, Event, Finding, MailboxEvent, ProcessEvent, ServiceEvent};

/// What the reference says of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventDoc {
    /// Its level, and when it is another.
    pub level: &'static str,
    /// Groups of fields, and fields of its own, that it can have besides [`ALWAYS`].
    pub fields: &'static [&'static [&'static str]],
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub to_do: &'static str,
}

/// The fields that every line has.
pub const ALWAYS: &[&str] = &["timestamp", "level", "event", "message"];

const CYCLE: &[&str] = &["tenant", "cycle_id", "lane"];
const MAILBOX: &[&str] = &["mailbox", "user_principal_name"];
const FAILURE: &[&str] = &["remedy", "error_kind", "error", "request_id"];
const DRIFT: &[&str] = &[
    "cause",
    "mode",
    "policy",
    "policy_revision",
    "responsible",
    "field",
    "logon_type",
    "observed",
    "desired",
    "missing",
    "extra",
    "drift_id",
    "change_id",
    "class",
    "effective_gap_seconds",
];

macro_rules! catalogue {
    ($($kind:ident $name:literal, $level:literal, [$($fields:expr),*], $meaning:literal, $to_do:literal;)+) => {
        /// The name of an event, without its facts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is explained in its row of the table")]
        pub enum EventKind { $($kind),+ }

        impl EventKind {
            /// Every event.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The name as logs write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }

            /// Its row of the table.
            pub const fn doc(self) -> EventDoc {
                match self {
                    $(Self::$kind => EventDoc {
                        level: $level,
                        fields: &[$($fields),*],
                        meaning: $meaning,
                        to_do: $to_do,
                    },)+
                }
            }
        }
    };
}

catalogue! {
    DaemonStarted "daemon.started", "info", [&["version", "tenants", "mode"]],
        "The daemon has read its settings and begins to look.",
        "Nothing.";
    DaemonStopped "daemon.stopped", "info", [&["reason", "in_flight"]],
        "The daemon ends. Calls that were in flight are looked up at its next start.",
        "Nothing, where you stopped it.";
    PolicyLoaded "policy.loaded", "info", [&["policy_revision", "policies"]],
        "A policy set is in force; a full look follows.",
        "Nothing.";
    PolicyRejected "policy.rejected", "error", [&["remedy", "policy_revision", "error_kind", "error", "faults"]],
        "A policy set has faults and is not taken. `policy_revision` is the set that stays in force; without it there is none, and nothing is written.",
        "Run `mailwarden validate` on the set; it shows every fault.";
    CycleStarted "cycle.started", "debug", [CYCLE],
        "A look begins.",
        "Nothing.";
    CycleCompleted "cycle.completed", "info", [CYCLE, &["policy_revision", "outcome", "journal_head", "examined", "corrected", "unknown", "elapsed_ms"]],
        "A look has ended: `complete`, `partial` or `cancelled`. `journal_head` is the hash of the journal's last entry: with the shipped logs it proves that the journal up to it is unchanged.",
        "Nothing; alert on the age of the last complete look.";
    CycleFailed "cycle.failed", "error", [CYCLE, FAILURE, &["elapsed_ms"]],
        "A look could not be carried out. Nothing is known of the mailboxes since the last one.",
        "Follow the remedy; it is tried again by itself.";
    ViewPartial "view.partial", "warn", [CYCLE, FAILURE, &["examined", "unknown"]],
        "A look did not see every mailbox. Those that it did not see are unknown, and changes that need the whole are held.",
        "If it repeats, follow the remedy.";
    MailboxDiscovered "mailbox.discovered", "info", [CYCLE, MAILBOX, &["age_seconds"]],
        "A mailbox was seen for the first time.",
        "Nothing.";
    MailboxVanished "mailbox.vanished", "info", [CYCLE, MAILBOX],
        "A complete look no longer shows a mailbox.",
        "Nothing, where its deletion was meant.";
    DriftDetected "drift.detected", "info, warn where the cause is external", [CYCLE, MAILBOX, DRIFT],
        "A field is not as policies say; told once when it opens and once for each change of it.",
        "Nothing where it is enforced; with cause `external`, find out who changed it.";
    DriftCorrected "drift.corrected", "info, warn where the cause is external", [CYCLE, MAILBOX, DRIFT, &["time_to_protect_seconds"]],
        "A correction was written and a later look shows it.",
        "With cause `external`, find out who changed it.";
    DriftUnverified "drift.unverified", "warn", [CYCLE, MAILBOX, DRIFT, &["next_try_at"]],
        "The service accepted a correction and does not show it in time. It is tried again, more and more rarely.",
        "Look at the mailbox by hand, if it stays.";
    DriftHeld "drift.held", "warn", [CYCLE, MAILBOX, DRIFT, &["remedy"]],
        "The guard holds the correction.",
        "Review it; `remedy` has the words that let it through.";
    DriftConflict "drift.conflict", "warn", [CYCLE, MAILBOX, DRIFT],
        "Two policies contradict each other on this field. What neither forbids is still added, nothing is removed.",
        "Change one of the policies named.";
    DriftResolved "drift.resolved", "info", [CYCLE, MAILBOX, DRIFT, &["outcome"]],
        "The drift has ended without a write of ours: `resolved` by somebody else, `vanished` with its mailbox, or `policy_changed`.",
        "Nothing.";
    DriftOpen "drift.open", "info, warn where it is enforced", [CYCLE, MAILBOX, DRIFT, &["open_since"]],
        "A drift is still open; told once a day.",
        "See why it is not corrected: held, unverified, or a policy in observe mode.";
    DriftPersisting "drift.persisting", "error", [CYCLE, MAILBOX, DRIFT, &["open_since"]],
        "An enforced drift is still open an hour after its correction was first tried; told once.",
        "Look at the mailbox and at `correction.failed`; somebody may be undoing the corrections.";
    CorrectionFailed "correction.failed", "warn", [CYCLE, MAILBOX, DRIFT, FAILURE],
        "The service refused a correction, or could not be asked.",
        "Follow the remedy; `request_id` is what Microsoft's support asks for.";
    WeakeningApplied "weakening.applied", "warn", [CYCLE, MAILBOX, DRIFT, &["reason", "ticket"]],
        "Less is audited than before, as a policy or an operator allowed.",
        "Check that it was meant.";
    ActionUnsupported "action.unsupported", "warn", [CYCLE, &["logon_type", "action", "tier", "mailboxes", "error"]],
        "The service refuses an audit action for mailboxes of a tier. It is not tried again for 30 days, or until their licence changes.",
        "Take the action out of the policies for that tier, or license the mailboxes.";
    OrganizationAuditingOff "organization.auditing_off", "error", [CYCLE, &["remedy", "mode", "field", "observed"]],
        "A switch of the tenant is off without which no mailbox is audited effectively.",
        "Switch it on, and find out who switched it off.";
    DefaultSetChanged "default_set.changed", "info, warn where it shrank", [CYCLE, &["logon_type", "tier", "grown", "shrunk"]],
        "Microsoft's default set is not as remembered. What it gained counts from now on; what it lost counts until that is accepted.",
        "Where it shrank, look at Microsoft's announcements and accept it.";
    PlanHeld "plan.held", "warn", [CYCLE, &["remedy", "class", "digest", "mailboxes", "limit"]],
        "A class of changes is larger than its limit, or needs consent.",
        "Review the plan; `remedy` has the words that let it through.";
    Throttled "throttled", "info", [&["tenant", "operation", "wait_seconds"]],
        "The service asked us to wait, and we do.",
        "If it is frequent, lower `limits.writesPerMinute`.";
    AuthFailed "auth.failed", "error", [FAILURE, &["tenant"]],
        "No token was given, or the service does not take it. Nothing is read or written.",
        "Check the app registration, its credential and its roles.";
    CredentialExpiring "credential.expiring", "warn", [&["remedy", "tenant", "expires_at"]],
        "The credential of a tenant ends soon.",
        "Add a new credential before it does.";
    HistoryUnavailable "history.unavailable", "error", [FAILURE, &["tenant"]],
        "The history cannot be written. We go on looking and alerting, and write nothing.",
        "Follow the remedy; writing goes on by itself once the history works.";
}

impl EventKind {
    /// The name of an event.
    pub const fn of(event: &Event) -> Self {
        match event {
            Event::Process(ProcessEvent::DaemonStarted { .. }) => Self::DaemonStarted,
            Event::Process(ProcessEvent::DaemonStopped { .. }) => Self::DaemonStopped,
            Event::Process(ProcessEvent::PolicyLoaded { .. }) => Self::PolicyLoaded,
            Event::Process(ProcessEvent::PolicyRejected { .. }) => Self::PolicyRejected,
            Event::Cycle(_, CycleEvent::Started) => Self::CycleStarted,
            Event::Cycle(_, CycleEvent::Completed { .. }) => Self::CycleCompleted,
            Event::Cycle(_, CycleEvent::Failed { .. }) => Self::CycleFailed,
            Event::Cycle(_, CycleEvent::ViewPartial { .. }) => Self::ViewPartial,
            Event::Mailbox(_, _, MailboxEvent::Discovered(_)) => Self::MailboxDiscovered,
            Event::Mailbox(_, _, MailboxEvent::Vanished) => Self::MailboxVanished,
            Event::Drift(_, DriftEvent::Detected) => Self::DriftDetected,
            Event::Drift(_, DriftEvent::Corrected { .. }) => Self::DriftCorrected,
            Event::Drift(_, DriftEvent::Unverified { .. }) => Self::DriftUnverified,
            Event::Drift(_, DriftEvent::Held { .. }) => Self::DriftHeld,
            Event::Drift(_, DriftEvent::Conflict) => Self::DriftConflict,
            Event::Drift(_, DriftEvent::Resolved { .. }) => Self::DriftResolved,
            Event::Drift(_, DriftEvent::Open { .. }) => Self::DriftOpen,
            Event::Drift(_, DriftEvent::Persisting { .. }) => Self::DriftPersisting,
            Event::Drift(_, DriftEvent::CorrectionFailed(_)) => Self::CorrectionFailed,
            Event::Drift(_, DriftEvent::WeakeningApplied { .. }) => Self::WeakeningApplied,
            Event::Finding(_, Finding::ActionUnsupported { .. }) => Self::ActionUnsupported,
            Event::Finding(_, Finding::OrganizationAuditingOff { .. }) => Self::OrganizationAuditingOff,
            Event::Finding(_, Finding::DefaultSetChanged { .. }) => Self::DefaultSetChanged,
            Event::Finding(_, Finding::PlanHeld { .. }) => Self::PlanHeld,
            Event::Service(ServiceEvent::Throttled { .. }) => Self::Throttled,
            Event::Service(ServiceEvent::AuthFailed { .. }) => Self::AuthFailed,
            Event::Service(ServiceEvent::CredentialExpiring { .. }) => Self::CredentialExpiring,
            Event::Service(ServiceEvent::HistoryUnavailable { .. }) => Self::HistoryUnavailable,
        }
    }
}
