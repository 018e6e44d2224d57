//! `policies/README.md` says what the program does: its tables and its examples are held to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its files has failed")]

use mailwarden::domain::*;
use mailwarden::policy::render::{self, Colour};
use mailwarden::policy::{Code, SourceFile, compile};

const REFERENCE: &str = include_str!("../policies/README.md");

fn assert_says(line: &str) {
    assert!(REFERENCE.lines().any(|written| written == line), "policies/README.md lacks the line\n{line}");
}

#[test]
fn the_matrix_is_the_one_of_the_program() {
    for action in KnownAction::ALL {
        let facts = action_facts(*action);
        let cells = LogonType::ALL.map(|kind| match facts.membership(kind) {
            DefaultMembership::Default => "default",
            DefaultMembership::OptIn => "opt-in",
            DefaultMembership::Illegal => "–",
        });
        let standing = if facts.standing == Standing::Current { "" } else { facts.standing.as_str() };
        let notes: Vec<&str> = [standing, facts.note].into_iter().filter(|note| !note.is_empty()).collect();
        let note = if notes.is_empty() { String::new() } else { format!("{} ", notes.join("; ")) };
        assert_says(&format!("| `{}` | {} | {note}|", action.as_str(), cells.join(" | ")));
    }
    assert!(REFERENCE.contains(MATRIX_DATE));
}

#[test]
fn every_code_is_listed() {
    for code in Code::ALL {
        assert_says(&format!("| {code} | {} | {} |", code.severity(), code.title()));
    }
}

#[test]
fn the_examples_that_are_whole_documents_compile() {
    let blocks = REFERENCE.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let documents: Vec<&str> = blocks.filter(|block| block.contains("apiVersion:")).collect();
    assert_eq!(documents.len(), 2);
    for document in documents {
        let file = SourceFile { path: "README.md".to_owned(), bytes: document.into() };
        let found = compile(&[file], "2026-11-21T00:00:00Z".parse().unwrap()).diagnostics;
        assert!(found.is_empty(), "{}", render::text(&found, Colour::Never));
    }
}
