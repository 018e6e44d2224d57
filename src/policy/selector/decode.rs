//! Selectors as they are written: `match` and `exclude`, each `all`, one mapping, or `anyOf` several.

use super::keys::{CLAUSE, report_unknown};
use super::{Clause, Condition, Moment, Selector, Test};
use crate::policy::diagnostic::{self, Sink};
use crate::policy::fields::{self, Field};
use crate::policy::source_text::Span;
use crate::policy::yaml::{Entry, Mapping, Node, Value};

#[derive(Default)]
struct Draft {
    matched: Option<Condition>,
    excluded: Option<Condition>,
}

const SELECTOR: &[Field<Draft>] = &[
    Field::required(
        "match",
        "which mailboxes: `all`, a mapping, or `anyOf` a list of mappings",
        |draft, entry, sink| {
            draft.matched = condition(entry, sink);
        },
    ),
    Field::optional("exclude", "which of them not, in the same forms", |draft, entry, sink| {
        draft.excluded = condition(entry, sink);
        if draft.excluded == Some(Condition::All) {
            sink.push(entry.value.span, diagnostic::excludes_all());
        }
    }),
];

/// Reads the value of `selector`.
pub(in crate::policy) fn decode(entry: &Entry, sink: &mut Sink) -> Option<Selector> {
    let mut draft = Draft::default();
    if let Some(scalar) = entry.value.scalar().filter(|scalar| scalar.text == "all") {
        let found = format!("`{}`", scalar.text);
        sink.push(
            entry.value.span,
            diagnostic::wrong_shape_with_hint("a mapping", &found, "write `selector: { match: all }`"),
        );
        return None;
    }
    fields::decode(SELECTOR, &entry.value, entry.key.span, &mut draft, sink);
    Some(Selector { matched: draft.matched?, excluded: draft.excluded })
}

fn condition(entry: &Entry, sink: &mut Sink) -> Option<Condition> {
    match &entry.value.value {
        Value::Scalar(scalar) if scalar.text == "all" => Some(Condition::All),
        Value::Mapping(mapping) => match mapping.get("anyOf") {
            Some(any_of) => alternatives(mapping, any_of, sink).map(Condition::AnyOf),
            None => clause(&entry.value, sink).map(|clause| Condition::AnyOf(vec![clause])),
        },
        Value::Sequence(_) => {
            let hint = "write `anyOf: [{ ... }, { ... }]` where one of several mappings must fit";
            sink.push(entry.value.span, diagnostic::wrong_shape_with_hint("a mapping", "a list", hint));
            None
        }
        Value::Scalar(scalar) if !scalar.is_null() => {
            sink.push(
                entry.value.span,
                diagnostic::unknown_word_with_hint(&scalar.text, "write `all`, or a mapping of conditions"),
            );
            None
        }
        Value::Scalar(_) => {
            sink.push(entry.value.span, diagnostic::empty_selector());
            None
        }
        Value::Faulty => None,
    }
}

fn alternatives(mapping: &Mapping, any_of: &Entry, sink: &mut Sink) -> Option<Vec<Clause>> {
    for other in mapping.entries.iter().filter(|entry| entry.key.value != "anyOf") {
        sink.push(other.key.span, diagnostic::beside_any_of(&other.key.value));
    }
    match &any_of.value.value {
        Value::Sequence(items) if items.is_empty() => {
            sink.push(any_of.value.span, diagnostic::empty_selector());
            None
        }
        Value::Sequence(items) => {
            let clauses: Vec<Option<Clause>> = items.iter().map(|item| clause(item, sink)).collect();
            clauses.into_iter().collect()
        }
        Value::Faulty => None,
        _ => {
            let found = any_of.value.describe();
            sink.push(any_of.value.span, diagnostic::wrong_shape("a list of mappings", found));
            None
        }
    }
}

fn clause(node: &Node, sink: &mut Sink) -> Option<Clause> {
    let Some(mapping) = node.mapping() else {
        if !node.is_faulty() {
            sink.push(node.span, diagnostic::wrong_shape("a mapping of conditions", node.describe()));
        }
        return None;
    };
    if mapping.says_nothing() {
        sink.push(node.span, diagnostic::empty_selector());
        return None;
    }
    let mut clause = Clause::default();
    for entry in &mapping.entries {
        if !fields::decode_entry(CLAUSE, entry, &mut clause, sink) {
            report_unknown(entry, sink);
        }
    }
    report_empty_window(&clause, node.span, sink);
    Some(clause)
}

/// A mailbox cannot be created both after and before the same moment.
fn report_empty_window(clause: &Clause, span: Span, sink: &mut Sink) {
    let after = clause.tests.iter().find_map(|test| match test {
        Test::CreatedAfter(moment) => Some(*moment),
        _ => None,
    });
    let before = clause.tests.iter().find_map(|test| match test {
        Test::CreatedBefore(moment) => Some(*moment),
        _ => None,
    });
    let empty = match (after, before) {
        (Some(Moment::At(after)), Some(Moment::At(before))) => after >= before,
        (Some(Moment::DaysAgo(after)), Some(Moment::DaysAgo(before))) => after <= before,
        _ => false,
    };
    if empty {
        sink.push(span, diagnostic::empty_window());
    }
}
