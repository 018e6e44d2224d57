//! Everything that is known about one mailbox, field by field: what both forms of `explain` say. How it is
//! laid out for people is in `explain`.

use serde::Serialize;

use super::wording::{describe_cause, describe_standing};
use crate::domain::{
    Auditing, Cause, Class, DefaultSets, Effective, Field, LogonType, Mailbox, Mode, Organization, State,
    StoredAuditing, TenantName,
};
use crate::plan::{Citation, Correction, Finding};
use crate::policy::{
    ActionsDesire, Contribution, Desired, EnabledDesire, EnabledTarget, Join, Joined, LogAgeDesire,
    PolicyInfo,
};

/// What `explain` is made from.
#[derive(Debug, Clone, Copy)]
pub struct Explanation<'a> {
    /// The tenant.
    pub tenant: &'a TenantName,
    /// The mailbox as read.
    pub mailbox: &'a Mailbox,
    /// What policies want of it.
    pub desired: &'a Desired,
    /// What the planner made of both, after the guard.
    pub finding: &'a Finding,
    /// The tenant's switches.
    pub organization: &'a Organization,
    /// The default sets that `default` stood for.
    pub defaults: &'a DefaultSets,
}

#[derive(Debug, Serialize)]
pub(super) struct Facts<'a> {
    pub(super) format_version: u32,
    pub(super) tenant: &'a str,
    pub(super) id: String,
    pub(super) user_principal_name: Option<&'a str>,
    pub(super) exchange_guid: Option<String>,
    pub(super) external_directory_object_id: Option<String>,
    pub(super) recipient_type: &'a str,
    pub(super) tier: &'static str,
    pub(super) created_at: Option<String>,
    pub(super) state: State,
    pub(super) mailbox_auditing: &'static str,
    pub(super) unified_audit_log_ingestion: &'static str,
    pub(super) auditing: &'static str,
    pub(super) effective: &'static str,
    pub(super) policies: Vec<PolicyFacts<'a>>,
    pub(super) fields: Vec<FieldFacts<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct PolicyFacts<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) line: usize,
    pub(super) mode: Option<Mode>,
    /// `matched`, `undecided` (counts as not matching), `matched_unless_excluded`.
    pub(super) selection: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ContributionFacts<'a> {
    pub(super) policy: &'a str,
    pub(super) path: &'a str,
    pub(super) line: usize,
    pub(super) mode: Mode,
    pub(super) says: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct FieldFacts<'a> {
    pub(super) field: Field,
    pub(super) contributions: Vec<ContributionFacts<'a>>,
    /// The join of what policies in force say; none where none says anything.
    pub(super) desired: Option<String>,
    /// As the service displays it; none where it was not read.
    pub(super) observed: Option<String>,
    /// The stored value, of `enabled` alone.
    pub(super) stored: Option<&'static str>,
    pub(super) kept_by_microsoft: Option<bool>,
    pub(super) default_set: Option<DefaultSetFacts>,
    pub(super) missing: Vec<String>,
    pub(super) extra: Vec<String>,
    pub(super) writes: Vec<WriteFacts>,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct DefaultSetFacts {
    pub(super) source: &'static str,
    pub(super) actions: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct WriteFacts {
    pub(super) what: String,
    pub(super) class: Class,
    pub(super) cause: Cause,
    pub(super) why: &'static str,
    pub(super) held: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn of(explanation: &Explanation<'a>) -> Self {
        let Explanation { tenant, mailbox, finding, organization, .. } = *explanation;
        let time =
            |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        Self {
            format_version: 1,
            tenant: tenant.as_str(),
            id: mailbox.id.to_string(),
            user_principal_name: mailbox.user_principal_name(),
            exchange_guid: mailbox.exchange_guid.map(|id| id.to_string()),
            external_directory_object_id: mailbox.external_directory_object_id.map(|id| id.to_string()),
            recipient_type: mailbox.recipient_type.as_str(),
            tier: mailbox.tier.as_str(),
            created_at: mailbox.created_at.map(time),
            state: finding.state,
            mailbox_auditing: organization.mailbox_auditing.as_str(),
            unified_audit_log_ingestion: organization.unified_audit_log_ingestion.as_str(),
            auditing: Auditing::of(mailbox, organization).as_str(),
            effective: Effective::of(mailbox, organization).as_str(),
            policies: policies(explanation.desired),
            fields: Field::OF_MAILBOX.into_iter().map(|field| field_facts(explanation, field)).collect(),
        }
    }
}

fn policies(desired: &Desired) -> Vec<PolicyFacts<'_>> {
    let is_undecided = |policy: &PolicyInfo| desired.undecided.iter().any(|other| *other.policy == *policy);
    let facts = |policy, mode, selection| {
        let PolicyInfo { name, path, line, .. }: &PolicyInfo = policy;
        PolicyFacts { name, path, line: *line, mode, selection }
    };
    let matched = desired.matched.iter().map(|one| {
        let selection = if is_undecided(&one.policy) { "matched_unless_excluded" } else { "matched" };
        facts(&one.policy, Some(one.mode), selection)
    });
    let is_matched = |policy: &PolicyInfo| desired.matched.iter().any(|one| *one.policy == *policy);
    let undecided = desired.undecided.iter().filter(|one| !is_matched(&one.policy));
    matched.chain(undecided.map(|one| facts(&one.policy, Some(one.mode), "undecided"))).collect()
}

fn contributions<B>(
    one: Option<&[Contribution<B>]>,
    mode: Mode,
) -> impl Iterator<Item = ContributionFacts<'_>> {
    one.unwrap_or_default().iter().map(move |clause| ContributionFacts {
        policy: &clause.policy.name,
        path: &clause.policy.path,
        line: clause.line,
        mode,
        says: &clause.text,
    })
}

fn contributions_of(join: &Join, field: Field, mode: Mode) -> Vec<ContributionFacts<'_>> {
    match field.logon_type() {
        Some(kind) => {
            let desire = join.actions.get(kind).as_ref();
            contributions(desire.map(|desire| &*desire.contributions), mode).collect()
        }
        None if field == Field::Enabled => {
            contributions(join.enabled.as_ref().map(|desire| &*desire.contributions), mode).collect()
        }
        None => contributions(join.log_age.as_ref().map(|desire| &*desire.contributions), mode).collect(),
    }
}

fn field_facts<'a>(explanation: &Explanation<'a>, field: Field) -> FieldFacts<'a> {
    let Explanation { mailbox, desired, finding, defaults, .. } = *explanation;
    let kind = field.logon_type();
    let mut all = contributions_of(&desired.enforced, field, Mode::Enforce);
    all.extend(contributions_of(&desired.observed, field, Mode::Observe));
    let drift = finding.drifts.iter().find(|drift| drift.field == field);
    FieldFacts {
        field,
        contributions: all,
        desired: desired_text(&desired.enforced, field),
        observed: observed_text(mailbox, field),
        stored: (field == Field::Enabled).then(|| stored_text(mailbox.stored)),
        kept_by_microsoft: kind.and_then(|kind| mailbox.kept_by_microsoft.map(|kept| kept.contains(kind))),
        default_set: kind.map(|kind| {
            let set = defaults.get(mailbox.tier, kind);
            DefaultSetFacts { source: set.source.as_str(), actions: set.actions.names() }
        }),
        missing: drift.map(|drift| drift.missing.names()).unwrap_or_default(),
        extra: drift.map(|drift| drift.extra.names()).unwrap_or_default(),
        writes: writes(finding, field),
        notes: notes(finding, field),
    }
}

fn desired_text(join: &Join, field: Field) -> Option<String> {
    match field.logon_type() {
        Some(kind) => join.actions.get(kind).as_ref().map(desired_list),
        None if field == Field::Enabled => join.enabled.as_ref().map(desired_enabled),
        None => join.log_age.as_ref().map(desired_age),
    }
}

fn desired_enabled(desire: &EnabledDesire) -> String {
    match &desire.target {
        Joined::Agreed(EnabledTarget::Explicit) => "explicitly on",
        Joined::Agreed(EnabledTarget::Effective) => "on, by the tenant's default where that takes effect",
        Joined::Agreed(EnabledTarget::Off) => "off",
        Joined::Conflict => "on and off: a conflict",
    }
    .to_owned()
}

fn desired_age(desire: &LogAgeDesire) -> String {
    match (desire.lower, desire.upper) {
        (Some(lower), Some(upper)) if lower == upper => format!("exactly {lower}"),
        (Some(lower), Some(upper)) => format!("at least {lower} and at most {upper}"),
        (Some(lower), None) => format!("at least {lower}"),
        (None, Some(upper)) => format!("at most {upper}"),
        (None, None) => "any".to_owned(),
    }
}

fn desired_list(desire: &ActionsDesire) -> String {
    let lower = desire.lower.to_string();
    let text = match &desire.upper {
        Some(upper) if *upper == desire.lower && lower.is_empty() => "exactly None".to_owned(),
        Some(upper) if *upper == desire.lower => format!("exactly {lower}"),
        Some(upper) if lower.is_empty() => format!("at most {upper}"),
        Some(upper) => format!("at least {lower}; at most {upper}"),
        None if lower.is_empty() => "anything".to_owned(),
        None => format!("at least {lower}"),
    };
    if desire.forbidden.is_empty() { text } else { format!("{text}; without {}", desire.forbidden) }
}

fn observed_text(mailbox: &Mailbox, field: Field) -> Option<String> {
    match field.logon_type() {
        Some(kind) => mailbox
            .actions
            .get(kind)
            .as_ref()
            .map(|list| if list.is_empty() { "None".to_owned() } else { list.to_string() }),
        None if field == Field::Enabled => {
            mailbox.displayed_enabled.map(|on| if on { "on" } else { "off" }.to_owned())
        }
        None => mailbox.log_age.map(|age| age.to_string()),
    }
}

const fn stored_text(stored: StoredAuditing) -> &'static str {
    match stored {
        StoredAuditing::On => "on",
        StoredAuditing::Off => "off",
        StoredAuditing::Unknown => "unknown",
    }
}

fn writes(finding: &Finding, field: Field) -> Vec<WriteFacts> {
    let of = |changes: &[crate::plan::Change], held: bool| -> Vec<WriteFacts> {
        let planned =
            changes.iter().flat_map(|change| &change.corrections).filter(|planned| planned.field == field);
        let facts = planned.map(|planned| WriteFacts {
            what: describe(&planned.correction, field),
            class: planned.class,
            cause: planned.cause,
            why: describe_cause(planned.cause),
            held,
        });
        facts.collect()
    };
    let mut writes = of(&finding.changes, false);
    writes.extend(of(&finding.held, true));
    writes
}

/// A return names all types that come back in one call; here one field is explained.
fn describe(correction: &Correction, field: Field) -> String {
    match correction {
        Correction::KeepByMicrosoft { .. } => format!("{field}: return to Microsoft's management"),
        other => other.describe(),
    }
}

fn notes(finding: &Finding, field: Field) -> Vec<String> {
    let mut notes = Vec::new();
    if finding.unknown.contains(&field) {
        notes.push("what is needed to judge it was not read".to_owned());
    }
    for conflict in finding.conflicts.iter().filter(|conflict| conflict.field == field) {
        let policies: Vec<String> = conflict.policies.iter().map(Citation::describe).collect();
        notes.push(format!(
            "policies contradict each other about {}: {}",
            conflict.about,
            policies.join(", ")
        ));
    }
    let drifts = finding.drifts.iter().filter(|drift| drift.field == field);
    notes.extend(drifts.filter_map(|drift| describe_standing(drift.standing)).map(str::to_owned));
    for frozen in finding.frozen.iter().filter(|frozen| is_of(frozen.kind, field)) {
        notes.push(super::wording::describe_frozen(frozen));
    }
    for drift in finding.observed.iter().filter(|drift| drift.field == field) {
        notes.push(format!("policies that only observe want: {}", drift.desired));
    }
    notes
}

fn is_of(kind: LogonType, field: Field) -> bool {
    Field::from(kind) == field
}
