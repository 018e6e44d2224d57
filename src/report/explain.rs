//! One mailbox, explained: who wants what of it, what is there, what would be written and why.

use std::fmt::Write as _;

use super::Colour;
use super::explain_facts::{Explanation, Facts, FieldFacts, PolicyFacts};
use super::mailboxes::pretty;
use super::paint::{ALARM, CHANGED, NAME, QUIET, paint};
use super::wording::{describe_state, describe_table, shown};
use crate::domain::{Field, Mode};

/// The explanation as JSON.
pub fn explain_json(explanation: &Explanation<'_>) -> String {
    pretty(&Facts::of(explanation))
}

/// The explanation for people.
pub fn explain_text(explanation: &Explanation<'_>, colour: Colour) -> String {
    let facts = Facts::of(explanation);
    let mut page = Page { text: String::new(), colour };
    page.mailbox(&facts);
    page.policies(&facts.policies);
    for field in &facts.fields {
        page.field(&facts, field);
    }
    page.text
}

struct Page {
    text: String,
    colour: Colour,
}

/// Writing to a string cannot fail, so the results of writing are dropped here.
impl Page {
    fn row(&mut self, label: &str, value: &str) {
        let label = paint(&format!("{label:<12}"), QUIET, self.colour);
        let _ = writeln!(self.text, "  {label}  {}", shown(value));
    }

    fn title(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n{}", paint(title, NAME, self.colour));
    }

    fn mailbox(&mut self, facts: &Facts<'_>) {
        let name = shown(facts.user_principal_name.unwrap_or(&facts.id));
        let _ = writeln!(self.text, "{}", paint(&name, NAME, self.colour));
        self.row("tenant", facts.tenant);
        self.row("id", &facts.id);
        for (label, value) in [
            ("exchange", &facts.exchange_guid),
            ("directory", &facts.external_directory_object_id),
            ("created", &facts.created_at),
        ] {
            if let Some(value) = value {
                self.row(label, value);
            }
        }
        self.row("type", &format!("{}, {}", facts.recipient_type, tier(facts.tier)));
        self.row("state", &format!("{}: {}", facts.state, describe_state(facts.state)));
        self.row("auditing", facts.auditing);
        self.row("effective", &effective(facts));
    }

    fn policies(&mut self, policies: &[PolicyFacts<'_>]) {
        self.title("policies");
        if policies.is_empty() {
            let _ = writeln!(self.text, "  none matches");
        }
        for PolicyFacts { name, path, line, mode, selection } in policies {
            let standing = match (*selection, mode) {
                ("undecided", _) => {
                    "undecided: its selector asks for what was not read; counts as not matching"
                }
                ("matched_unless_excluded", _) => {
                    "matches, and its `exclude` asks for what was not read; nothing is weakened"
                }
                (_, Some(Mode::Observe)) => "matches, observes only",
                _ => "matches",
            };
            let _ = writeln!(self.text, "  {} ({}:{line}): {standing}", shown(name), shown(path));
        }
    }

    fn field(&mut self, facts: &Facts<'_>, field: &FieldFacts<'_>) {
        self.title(field.field.as_str());
        for clause in &field.contributions {
            let mode = if clause.mode == Mode::Observe { ", observes only" } else { "" };
            let _ = writeln!(
                self.text,
                "  {}  ({} {}:{}{mode})",
                shown(clause.says),
                shown(clause.policy),
                shown(clause.path),
                clause.line
            );
        }
        self.row("desired", field.desired.as_deref().unwrap_or("no policy says"));
        let label = if field.field == Field::Enabled { "displayed" } else { "observed" };
        self.row(label, &observed(field));
        if let Some(stored) = field.stored {
            self.row("stored", stored);
        }
        if field.field == Field::Enabled {
            self.row("effective", facts.effective);
        }
        self.default_set(field);
        self.writes(field);
        for note in &field.notes {
            let _ = writeln!(self.text, "  {}", paint(&format!("note: {}", shown(note)), ALARM, self.colour));
        }
    }

    fn default_set(&mut self, field: &FieldFacts<'_>) {
        let Some(set) = &field.default_set else { return };
        let source = match set.source {
            "learned" => "learned from this tenant".to_owned(),
            _ => describe_table(),
        };
        self.row("default set", &format!("{} ({source})", set.actions.join(",")));
    }

    fn writes(&mut self, field: &FieldFacts<'_>) {
        if !field.missing.is_empty() {
            self.row("missing", &field.missing.join(","));
        }
        if !field.extra.is_empty() {
            self.row("extra", &field.extra.join(","));
        }
        if field.writes.is_empty() {
            self.row("to write", "nothing");
        }
        for write in &field.writes {
            let held = if write.held { "; held by the guard" } else { "" };
            let text = format!("{} ({}, {}: {}{held})", write.what, write.class, write.cause, write.why);
            let label = paint(&format!("{:<12}", "to write"), QUIET, self.colour);
            let _ = writeln!(self.text, "  {label}  {}", paint(&shown(&text), CHANGED, self.colour));
        }
    }
}

fn tier(tier: &str) -> String {
    match tier {
        "premium" => "Audit Premium".to_owned(),
        "standard" => "Audit Standard".to_owned(),
        _ => "audit tier unknown".to_owned(),
    }
}

/// Whether records arrive, and what stands in the way if they do not.
fn effective(facts: &Facts<'_>) -> String {
    let switches = [
        ("mailbox auditing of the organization", facts.mailbox_auditing),
        ("unified audit log ingestion", facts.unified_audit_log_ingestion),
    ];
    let bad = switches.into_iter().filter(|(_, state)| *state != "on");
    let why: Vec<String> = bad.map(|(name, state)| format!("{name} is {state}")).collect();
    match (why.is_empty(), facts.effective, facts.auditing) {
        (false, ..) => format!("{}: {}", facts.effective, why.join(", ")),
        (true, "unknown", "by_tenant_default") => {
            "unknown: unless the mailbox has Audit Premium, records of the tenant's default \
             may not reach the unified audit log"
                .into()
        }
        _ => facts.effective.to_owned(),
    }
}

fn observed(field: &FieldFacts<'_>) -> String {
    let kept = match field.kept_by_microsoft {
        Some(true) => " (kept by Microsoft)",
        Some(false) => " (customised)",
        None => "",
    };
    field.observed.as_ref().map_or_else(|| "not read".to_owned(), |text| format!("{text}{kept}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DefaultSets, Mailbox, SwitchState};
    use crate::report::sample::{Sample, as_of, assert_kept, name, organization, policies};

    fn explain(upn: &str, form: impl Fn(&Explanation<'_>) -> String) -> String {
        let mut sample = Sample::everything();
        sample.hold();
        let finding =
            sample.plan.findings.iter().find(|finding| {
                finding.user_principal_name.as_deref().is_some_and(|name| name.starts_with(upn))
            });
        let finding = finding.unwrap();
        let mailboxes: Vec<Mailbox> = crate::report::sample::everything();
        let mailbox = mailboxes.iter().find(|mailbox| mailbox.id == finding.mailbox).unwrap();
        let tenant = policies().for_tenant(&name(), Mode::Enforce);
        let desired = tenant.composer(DefaultSets::from_table(), as_of()).desire(mailbox);
        form(&Explanation {
            tenant: &name(),
            mailbox,
            desired: &desired,
            finding,
            organization: &organization(SwitchState::Off),
            defaults: &sample.plan.defaults,
        })
    }

    #[test]
    fn it_says_who_wants_what_what_is_there_and_what_would_be_written() {
        let text = explain("off", |explanation| explain_text(explanation, Colour::Never));
        assert_kept("explain.txt", &text);
    }

    #[test]
    fn lists_name_each_policy_the_join_and_where_the_default_set_comes_from() {
        let text = explain("more", |explanation| explain_text(explanation, Colour::Never));
        for expected in [
            "delegate: default  (baseline policies/sample.yaml:10)",
            "delegate: { atLeast: [FolderBind] }  (more-delegates policies/sample.yaml:",
            "missing       FolderBind",
            "(kept by Microsoft)",
            "(the dated table of 2026-06-24, good for adding only; this tenant's own set is not learned yet",
            "delegate: add FolderBind (freezing, policy_change:",
        ] {
            assert!(text.contains(expected), "{expected}\n---\n{text}");
        }
    }

    #[test]
    fn conflicts_undecided_policies_and_frozen_lists_are_told() {
        let text = |upn| explain(upn, |explanation| explain_text(explanation, Colour::Never));
        assert!(text("dispute").contains("policies contradict each other about MailboxLogin"));
        assert!(text("frozen").contains("would remove Copy"));
        let unread = text("unread");
        assert!(unread.contains("undecided: its selector asks for what was not read"), "{unread}");
        assert!(unread.contains("stored        unknown"), "{unread}");
        assert!(text("watched").contains("(watched-owners policies/sample.yaml:"));
    }

    #[test]
    fn json_holds_the_same_facts() {
        let document: serde_json::Value = serde_json::from_str(&explain("more", explain_json)).unwrap();
        assert_eq!(document["state"], "to_correct");
        let delegate = &document["fields"][3];
        assert_eq!(delegate["field"], "delegate");
        assert_eq!(delegate["missing"][0], "FolderBind");
        assert_eq!(delegate["contributions"][1]["policy"], "more-delegates");
        assert_eq!(delegate["default_set"]["source"], "table");
        assert_eq!(delegate["writes"][0]["class"], "freezing");
        assert_eq!(document["fields"][0]["stored"], "on");
    }
}
