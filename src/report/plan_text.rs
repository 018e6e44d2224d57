//! A plan for people: each mailbox that differs, what the guard holds and what releases it, the states, and
//! the summary line last.

use std::fmt::Write as _;

use super::paint::{ADDED, ALARM, CHANGED, NAME, QUIET, REMOVED, paint};
use super::wording::{
    citations, describe_frozen, describe_standing, describe_state, describe_switch, describe_table,
    mailboxes, name_of_finding, shown,
};
use super::{Census, Colour, Forecast, TenantPlan};
use crate::domain::{DefaultSource, Field, LogonType, OrganizationSwitch, State, SwitchState};
use crate::plan::{Conflict, Drift, Finding, Frozen, Plan};

/// The plans of one or more tenants. `limit` is how many mailboxes of a tenant are listed; all are counted.
pub fn plan_text(tenants: &[TenantPlan<'_>], colour: Colour, limit: Option<usize>) -> String {
    let mut page = Page { text: String::new(), colour };
    for tenant in tenants {
        page.tenant(tenant, limit.unwrap_or(usize::MAX));
        page.text.push('\n');
    }
    let summary = format!("Plan: {}.", Census::of_all(tenants));
    page.text.push_str(&paint(&summary, NAME, colour));
    if let Some(forecast) = Forecast::of_all(tenants) {
        let _ = write!(page.text, " Writing takes {forecast}.");
    }
    page.text.push('\n');
    page.text
}

/// Writing to a string cannot fail, so the results of writing are dropped in this file.
struct Page {
    text: String,
    colour: Colour,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn tenant(&mut self, tenant: &TenantPlan<'_>, limit: usize) {
        let plan = tenant.plan;
        let name = paint(&format!("Tenant {}", tenant.name), NAME, self.colour);
        let examined = mailboxes(plan.view.examined);
        let view = self.view(plan);
        self.line(&format!("{name}: {examined} examined, {view}, policies {}", plan.revision.short()));
        self.default_sets(plan);
        self.organization(plan);
        let listed = plan.findings.iter().filter(|finding| says_something(finding));
        let count = listed.clone().count();
        for finding in listed.take(limit) {
            self.text.push('\n');
            self.finding(finding);
        }
        if count > limit {
            let rest = mailboxes((count - limit) as u64);
            self.line(&format!("\n… and {rest} more; `--format json` lists all of them"));
        }
        self.held(tenant);
        self.text.push('\n');
        self.states(plan);
    }

    fn view(&self, plan: &Plan) -> String {
        match (plan.view.is_complete(), plan.view.truncated, plan.view.unknown) {
            (true, ..) => "view complete".into(),
            (false, true, _) => paint("view cut off: there are more mailboxes", ALARM, self.colour),
            (false, false, unknown) => {
                paint(&format!("view incomplete: {unknown} not read"), ALARM, self.colour)
            }
        }
    }

    fn default_sets(&mut self, plan: &Plan) {
        if uses_table(plan) {
            self.line(&format!("  default sets: {}", describe_table()));
        }
        for change in &plan.default_changes {
            let of = format!("  default set of {} ({})", change.kind, change.tier);
            if !change.grown.is_empty() {
                self.line(&format!("{of}: Microsoft added {}", shown(&change.grown.to_string())));
            }
            if !change.shrunk.is_empty() {
                let gone = shown(&change.shrunk.to_string());
                self.line(&format!(
                    "{of}: no longer shows {gone}; kept until `--accept default-set` accepts it"
                ));
            }
        }
    }

    fn organization(&mut self, plan: &Plan) {
        let organization = &plan.organization;
        for switch in OrganizationSwitch::ALL {
            let name = describe_switch(switch);
            let mut planned = organization.changes.iter().flat_map(|change| &change.corrections);
            let planned = planned.find(|planned| planned.field == Field::from(switch));
            if let Some(planned) = planned {
                let mark = paint("~", CHANGED, self.colour);
                let by = citations(&planned.policies);
                self.line(&format!("  {mark} {name}: off -> on ({}, {})", planned.class, planned.cause));
                self.line(&format!("      {by}"));
            } else if organization.drifted.contains(&switch) {
                self.line(&paint(&format!("  ! {name}: off, and a policy requires it"), ALARM, self.colour));
            } else if organization.observed_drift.contains(&switch) {
                self.line(&format!("  o {name}: off; a policy that only observes requires it"));
            } else if organization.unknown.contains(&switch) {
                self.line(&paint(&format!("  ? {name}: not read"), ALARM, self.colour));
            } else if organization.observed.get(switch) == SwitchState::Off {
                self.line(&paint(&format!("  ! {name}: off, and no policy requires it"), ALARM, self.colour));
            }
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let name = paint(&name_of_finding(finding), NAME, self.colour);
        let facts =
            format!("{}, {}, {}", shown(finding.recipient_type.as_str()), finding.tier, finding.mailbox);
        let facts = paint(&facts, QUIET, self.colour);
        self.line(&format!("{name}  {facts}"));
        for drift in &finding.drifts {
            self.drift(drift, &fate(finding, drift));
        }
        for drift in &finding.observed {
            self.drift(drift, "observed only: nothing is written");
        }
        for conflict in &finding.conflicts {
            self.conflict(conflict);
        }
        for field in &finding.unknown {
            let mark = paint("?", ALARM, self.colour);
            self.line(&format!("  {mark} {field}: not read"));
        }
        for frozen in &finding.frozen {
            self.frozen(frozen);
        }
    }

    fn drift(&mut self, drift: &Drift, fate: &str) {
        let mark = paint("~", CHANGED, self.colour);
        let Drift { field, observed, desired, class, cause, .. } = drift;
        let fate = if fate.is_empty() { String::new() } else { format!("; {fate}") };
        if field.logon_type().is_none() {
            let (observed, desired) = (shown(observed), shown(desired));
            self.line(&format!("  {mark} {field}: {observed} -> {desired} ({class}, {cause}{fate})"));
        } else {
            self.line(&format!("  {mark} {field} ({class}, {cause}{fate})"));
            for action in drift.missing.names() {
                let added = paint(&format!("+ {}", shown(&action)), ADDED, self.colour);
                self.line(&format!("      {added}"));
            }
            for action in drift.extra.names() {
                let removed = paint(&format!("- {}", shown(&action)), REMOVED, self.colour);
                self.line(&format!("      {removed}"));
            }
            self.line(&format!("      observed: {}", shown(observed)));
            self.line(&format!("      desired:  {}", shown(desired)));
        }
        let by = paint(&citations(&drift.policies), QUIET, self.colour);
        self.line(&format!("      {by}"));
    }

    fn conflict(&mut self, conflict: &Conflict) {
        let mark = paint("!", ALARM, self.colour);
        let Conflict { field, about, policies } = conflict;
        self.line(&format!("  {mark} {field}: policies contradict each other about {}", shown(about)));
        for policy in policies {
            self.line(&format!("      {}", shown(&policy.describe())));
        }
    }

    fn frozen(&mut self, frozen: &Frozen) {
        self.line(&format!("  * {}: {}", frozen.kind, shown(&describe_frozen(frozen))));
    }

    fn held(&mut self, tenant: &TenantPlan<'_>) {
        if !tenant.verdict.holds_anything() {
            return;
        }
        let title = paint("Held by the guard", ALARM, self.colour);
        self.line(&format!("\n{title}"));
        for (class, held) in tenant.verdict.refusals() {
            self.line(&format!("  {class}: {held}"));
            self.line(&format!("      to let it through: {}", held.release(class)));
        }
    }

    fn states(&mut self, plan: &Plan) {
        let counts = State::PRECEDENCE.into_iter().map(|state| (state, plan.count(state)));
        let counts: Vec<(State, u64)> = counts.filter(|(_, count)| *count > 0).collect();
        let width = counts.iter().map(|(_, count)| count.to_string().len()).max().unwrap_or(1);
        for (state, count) in counts {
            let meaning = paint(describe_state(state), QUIET, self.colour);
            let _ = writeln!(self.text, "  {:<14} {count:>width$}  {meaning}", state.as_str());
        }
    }
}

fn says_something(finding: &Finding) -> bool {
    !(finding.drifts.is_empty()
        && finding.observed.is_empty()
        && finding.conflicts.is_empty()
        && finding.unknown.is_empty()
        && finding.frozen.is_empty())
}

/// What becomes of a drift, where it is not simply corrected.
fn fate(finding: &Finding, drift: &Drift) -> String {
    let concerns =
        |change: &crate::plan::Change| change.corrections.iter().any(|planned| planned.field == drift.field);
    let held = finding.held.iter().any(concerns);
    match describe_standing(drift.standing) {
        Some(standing) => standing.into(),
        None if held && finding.changes.iter().any(concerns) => "held in part".into(),
        None if held => "held".into(),
        None => String::new(),
    }
}

/// Whether the plan rests on the dated table: on a set that a listed mailbox needed, or because nothing was
/// learned at all.
fn uses_table(plan: &Plan) -> bool {
    let is_table = |tier, kind| plan.defaults.get(tier, kind).source == DefaultSource::Table;
    let needed = |finding: &Finding, kind: LogonType| {
        let field = Field::from(kind);
        finding.drifts.iter().chain(&finding.observed).any(|drift| drift.field == field)
            || finding.frozen.iter().any(|frozen| frozen.kind == kind)
    };
    let by_finding = plan.findings.iter().any(|finding| {
        LogonType::ALL.into_iter().any(|kind| is_table(finding.tier, kind) && needed(finding, kind))
    });
    by_finding || plan.defaults.iter().all(|(_, _, set)| set.source == DefaultSource::Table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Sample, assert_kept, baseline_drift};

    #[test]
    fn a_small_plan_reads_like_this() {
        let text = plan_text(&[Sample::new(&baseline_drift()).tenant()], Colour::Never, None);
        assert_kept("plan.txt", &text);
    }

    #[test]
    fn everything_that_can_be_said_is_said() {
        let mut sample = Sample::everything();
        sample.hold();
        sample.plan.view.unknown = 2;
        let text = plan_text(&[sample.tenant()], Colour::Never, None);
        assert_kept("plan-everything.txt", &text);
        for expected in [
            "view incomplete: 2 not read",
            "      + FolderBind",
            "      - UpdateComplianceTag",
            "! owner: policies contradict each other about MailboxLogin",
            "quiet-owners (policies/sample.yaml:",
            "login-owners (policies/sample.yaml:",
            "* admin: frozen",
            "~ mailbox auditing of the organization: off -> on",
            "(intentional, policy_change; held)",
            "Held by the guard\n  intentional: 12 mailboxes to change",
            "`mailwarden apply --accept intentional=12 --reason …`",
            "the dated table of 2026-06-24",
            "? enabled: not read",
        ] {
            assert!(text.contains(expected), "{expected}\n---\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert!(plan_text(&[sample.tenant()], Colour::Always, None).contains('\u{1b}'));
    }

    #[test]
    fn a_limit_shortens_the_list_and_not_the_counts() {
        let sample = Sample::new(&baseline_drift());
        let text = plan_text(&[sample.tenant()], Colour::Never, Some(1));
        assert!(text.contains("… and 1 mailbox more"), "{text}");
        assert!(text.contains("Plan: 2 to correct"), "{text}");
    }

    #[test]
    fn nothing_to_do_has_no_forecast() {
        let text = plan_text(&[Sample::new(&[]).tenant()], Colour::Never, None);
        let last = text.lines().last().unwrap();
        assert_eq!(
            last,
            "Plan: 0 to correct (0 leave Microsoft's management), 0 weakening, 0 unknown, 6 in sync."
        );
    }

    #[test]
    fn two_tenants_share_one_summary_and_the_slower_forecast() {
        let drift = Sample::new(&baseline_drift());
        let mut slow = drift.tenant();
        slow.writes_per_minute = 1;
        let text = plan_text(&[drift.tenant(), slow], Colour::Never, None);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("Plan: 4 to correct"), "{last}");
        assert!(last.ends_with("Writing takes about 2 minutes at 1 writes a minute."), "{last}");
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let mut mailboxes = baseline_drift();
        for mailbox in &mut mailboxes {
            mailbox.attributes.insert(crate::domain::Attribute::UserPrincipalName, "a\u{1b}[2J@x".into());
        }
        let text = plan_text(&[Sample::new(&mailboxes).tenant()], Colour::Never, None);
        assert!(text.contains("a\u{fffd}[2J@x"), "{text}");
    }

    #[test]
    fn what_became_of_default_sets_is_said() {
        let mut sample = Sample::new(&[]);
        let change = |grown: &[&str], shrunk: &[&str]| crate::domain::DefaultSetChange {
            tier: crate::domain::AuditTier::Premium,
            kind: LogonType::Owner,
            grown: crate::domain::ActionSet::parse(grown),
            shrunk: crate::domain::ActionSet::parse(shrunk),
            sample: 6,
        };
        sample.plan.default_changes = vec![change(&["Copy"], &[]), change(&[], &["Send"])];
        let text = plan_text(&[sample.tenant()], Colour::Never, None);
        assert!(text.contains("default set of owner (premium): Microsoft added Copy"), "{text}");
        assert!(
            text.contains("no longer shows Send; kept until `--accept default-set` accepts it"),
            "{text}"
        );
        assert!(!text.contains("default sets: the table"), "{text}");
    }
}
