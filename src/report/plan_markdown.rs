//! A plan for a pull request: counts and GUIDs, never a name, since whoever reads a repository need not know
//! the people of a tenant.

use std::fmt::Write as _;

use super::{Census, Forecast, TenantPlan};
use crate::domain::State;
use crate::plan::{Change, describe_object};

/// How many changes of a tenant are listed: a comment has a limit of its own, and nobody reads more.
const MOST_CHANGES: usize = 50;

/// The plans of one or more tenants as Markdown.
pub fn plan_markdown(tenants: &[TenantPlan<'_>]) -> String {
    let mut text = String::from("## mailwarden plan\n\n");
    let _ = write!(text, "**Plan: {}.**", Census::of_all(tenants));
    if let Some(forecast) = Forecast::of_all(tenants) {
        let _ = write!(text, " Writing takes {forecast}.");
    }
    text.push('\n');
    for tenant in tenants {
        section(&mut text, tenant);
    }
    text
}

/// Writing to a string cannot fail, so the results of writing are dropped in this file.
fn section(text: &mut String, tenant: &TenantPlan<'_>) {
    let plan = tenant.plan;
    let view = if plan.view.is_complete() { "complete" } else { "**incomplete**" };
    let _ = writeln!(
        text,
        "\n### {}\n\n{} mailboxes examined, view {view}, policies `{}`, digest `{}`\n\n| state | mailboxes |\n|---|--:|",
        tenant.name,
        plan.view.examined,
        plan.revision.short(),
        plan.digest.short()
    );
    for (state, count) in State::PRECEDENCE.into_iter().map(|state| (state, plan.count(state))) {
        if count > 0 {
            let _ = writeln!(text, "| {state} | {count} |");
        }
    }
    for (class, held) in tenant.verdict.refusals() {
        let _ = writeln!(text, "\n> **Held** ({class}): {held}. To let it through: {}", held.release(class));
    }
    let conflicts = plan.findings.iter().map(|finding| finding.conflicts.len()).sum::<usize>();
    if conflicts > 0 {
        let _ = writeln!(text, "\n> **{conflicts}** fields on which policies contradict each other");
    }
    changes(text, &plan.changes().collect::<Vec<_>>());
}

fn changes(text: &mut String, changes: &[&Change]) {
    if changes.is_empty() {
        return;
    }
    text.push_str("\n| object | fields | class | cause |\n|---|---|---|---|\n");
    for change in changes.iter().take(MOST_CHANGES) {
        let fields: Vec<&str> = change.corrections.iter().map(|planned| planned.field.as_str()).collect();
        let object = describe_object(change.object);
        let _ = writeln!(
            text,
            "| `{object}` | {} | {} | {} |",
            fields.join(", "),
            change.class(),
            change.cause()
        );
    }
    if let Some(rest) = changes.len().checked_sub(MOST_CHANGES).filter(|rest| *rest > 0) {
        let _ = writeln!(text, "\n… and {rest} more changes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::Sample;

    #[test]
    fn it_holds_counts_and_guids_and_no_name() {
        let mut sample = Sample::everything();
        sample.hold();
        let text = plan_markdown(&[sample.tenant()]);
        assert!(text.contains("**Plan: "), "{text}");
        assert!(text.contains("| to_correct | "), "{text}");
        assert!(text.contains("| `organization` | mailboxAuditing | corrective | external |"), "{text}");
        assert!(text.contains("> **Held** (intentional)"), "{text}");
        assert!(!text.contains('@'), "{text}");
    }
}
