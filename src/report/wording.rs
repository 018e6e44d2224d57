//! Small phrases that several reports share. Names that come from the tenant or a policy file are made fit
//! for a terminal here.

use crate::domain::{Cause, DEFAULT_SAMPLE, MATRIX_DATE, MailboxId, OrganizationSwitch, State};
use crate::plan::{Citation, Finding, Frozen, Standing};

/// `1 mailbox`, `2 mailboxes`.
pub(super) fn mailboxes(count: u64) -> String {
    counted(count, "mailbox", "mailboxes")
}

/// `1 call`, `2 calls`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The dated table as the source of a default set, and why it is not the tenant's own: too few mailboxes
/// that Microsoft keeps, only part of the tenant read, and no complete look remembered are all true of it.
pub(super) fn describe_table() -> String {
    format!(
        "the dated table of {MATRIX_DATE}, good for adding only; this tenant's own set is not learned yet: it \
         takes a complete look at {DEFAULT_SAMPLE} mailboxes that Microsoft keeps"
    )
}

/// A text without what would move the cursor or turn the direction of writing.
pub(super) fn shown(text: &str) -> String {
    let unsafe_to_show = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if unsafe_to_show(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The name of a mailbox for people: its user principal name, or its GUID.
pub(super) fn name_of(user_principal_name: Option<&str>, id: MailboxId) -> String {
    match user_principal_name.filter(|name| !name.is_empty()) {
        Some(name) => shown(name),
        None => id.to_string(),
    }
}

/// The same for a finding.
pub(super) fn name_of_finding(finding: &Finding) -> String {
    name_of(finding.user_principal_name.as_deref(), finding.mailbox)
}

/// `baseline (policies/baseline.yaml:12), executives (policies/executives.yaml:9)`.
pub(super) fn citations(policies: &[Citation]) -> String {
    let cited: Vec<String> = policies.iter().map(Citation::describe).collect();
    shown(&cited.join(", "))
}

/// What a state means, after its count.
pub(super) const fn describe_state(state: State) -> &'static str {
    match state {
        State::InSync => "as the policies say",
        State::ToCorrect => "to be corrected",
        State::Verifying => "written a moment ago, not yet visible",
        State::Unverified => "written, and not visible in time: tried again later",
        State::Held => "held by the guard",
        State::Blocked => "without effect: a tenant switch is off, or the service rejects an action",
        State::Conflict => "policies contradict each other",
        State::Excepted => "covered by an exception",
        State::Suspended => "covered by a suspended policy",
        State::Observed => "differ from policies that only observe",
        State::Uncovered => "enforced by no policy",
        State::NotApplicable => "not settable in the service",
        State::Unknown => "not read, or depending on what was not read",
        State::Vanished => "gone since the last look",
    }
}

/// What a tenant's switch is called for people.
pub(super) const fn describe_switch(switch: OrganizationSwitch) -> &'static str {
    match switch {
        OrganizationSwitch::MailboxAuditing => "mailbox auditing of the organization",
        OrganizationSwitch::UnifiedAuditLogIngestion => "unified audit log ingestion",
    }
}

/// Why something differs.
pub(super) const fn describe_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::NewMailbox => "the mailbox is new",
        Cause::PolicyChange => "the policies changed since it was last in sync, or it was never seen",
        Cause::External => "somebody or something else changed it",
        Cause::DefaultsChanged => "Microsoft's default set changed",
        Cause::ExceptionExpired => "an exception ended",
    }
}

/// What holds a correction up, if anything does.
pub(super) const fn describe_standing(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::ToCorrect => None,
        Standing::Verifying => Some("written a moment ago, not yet visible"),
        Standing::Unverified => Some("written, and not visible in time: tried again later"),
        Standing::Blocked => Some("the service rejects what is missing"),
    }
}

/// What a customised list that could be Microsoft's again amounts to.
pub(super) fn describe_frozen(frozen: &Frozen) -> String {
    let loss = if frozen.would_lose.is_empty() {
        "it goes back to Microsoft's management when this tenant's default set is known".to_owned()
    } else {
        format!("a return to Microsoft's management would remove {}", frozen.would_lose)
    };
    format!("frozen, receives no new actions from Microsoft; {loss}")
}
