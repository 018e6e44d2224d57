//! The matrix of audit actions, from the dated table of the domain.

use serde::Serialize;

use super::mailboxes::{csv_text, finished, pretty, table};
use crate::domain::{
    ActionFacts, DefaultMembership, KnownAction, LogonType, MATRIX_DATE, Standing, action_facts,
};

#[derive(Serialize)]
struct Document {
    format_version: u32,
    compared_on: &'static str,
    actions: Vec<Action>,
}

#[derive(Serialize)]
struct Action {
    action: &'static str,
    admin: &'static str,
    delegate: &'static str,
    owner: &'static str,
    standing: &'static str,
    activity: &'static str,
    note: &'static str,
}

fn facts() -> impl Iterator<Item = &'static ActionFacts> {
    KnownAction::ALL.iter().map(|action| action_facts(*action))
}

const fn membership(facts: &ActionFacts, kind: LogonType) -> &'static str {
    match facts.membership(kind) {
        DefaultMembership::Default => "default",
        DefaultMembership::OptIn => "opt-in",
        DefaultMembership::Illegal => "-",
    }
}

/// The matrix for people.
pub fn actions_text() -> String {
    let mut table = table(&["ACTION", "ADMIN", "DELEGATE", "OWNER", "ACTIVITY", "NOTE"]);
    for facts in facts() {
        let standing = if facts.standing == Standing::Current { "" } else { facts.standing.as_str() };
        let note: Vec<&str> = [standing, facts.note].into_iter().filter(|part| !part.is_empty()).collect();
        let note = note.join(": ");
        let [admin, delegate, owner] = LogonType::ALL.map(|kind| membership(facts, kind));
        table.add_row([facts.action.as_str(), admin, delegate, owner, facts.activity, &note]);
    }
    format!(
        "{}\ndefault: in Microsoft's default set · opt-in: may be added · -: refused by the service\n\
         compared with Microsoft's documentation on {MATRIX_DATE}\n",
        finished(&table)
    )
}

/// The matrix as CSV.
pub fn actions_csv() -> String {
    let header = ["action", "admin", "delegate", "owner", "standing", "activity", "note"];
    let records = facts().map(|facts| {
        let [admin, delegate, owner] = LogonType::ALL.map(|kind| membership(facts, kind));
        let standing = facts.standing.as_str();
        let ActionFacts { action, activity, note, .. } = facts;
        [action.as_str(), admin, delegate, owner, standing, activity, note].map(str::to_owned).to_vec()
    });
    csv_text(&header, records)
}

/// The matrix as JSON.
pub fn actions_json() -> String {
    let actions = facts().map(|facts| {
        let [admin, delegate, owner] = LogonType::ALL.map(|kind| membership(facts, kind));
        let ActionFacts { action, standing, activity, note, .. } = facts;
        Action {
            action: action.as_str(),
            admin,
            delegate,
            owner,
            standing: standing.as_str(),
            activity,
            note,
        }
    });
    pretty(&Document { format_version: 1, compared_on: MATRIX_DATE, actions: actions.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_every_form() {
        let text = actions_text();
        let csv = actions_csv();
        let json: serde_json::Value = serde_json::from_str(&actions_json()).unwrap();
        assert_eq!(json["actions"].as_array().unwrap().len(), KnownAction::ALL.len());
        for action in KnownAction::ALL {
            assert!(text.contains(action.as_str()) && csv.contains(action.as_str()), "{}", action.as_str());
        }
        let line = text.lines().find(|line| line.starts_with("MessageBind")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..5], ["MessageBind", "opt-in", "-", "-", "deprecated:"]);
        assert!(text.contains(MATRIX_DATE) && json["compared_on"] == MATRIX_DATE);
        assert!(csv.contains("HardDelete,default,default,default,current,Purged messages from the mailbox,"));
        assert!(csv.contains("MessageBind,opt-in,-,-,deprecated,"));
    }
}
