//! `auditLogAge` as policies write it.

use super::decode::scalar;
use super::diagnostic::{self, Sink};
use super::fields::{self, Field};
use super::model::LogAgeBound;
use super::source_text::{Span, Spanned};
use super::yaml::{Entry, Node, Value};
use crate::domain::LogAge;

#[derive(Default)]
struct Draft {
    at_least: Option<LogAge>,
    exactly: Option<LogAge>,
}

const BOUNDS: &[Field<Draft>] = &[
    Field::optional("atLeast", "this age or a longer one", |draft, entry, sink| {
        draft.at_least = age(&entry.value, sink);
    }),
    Field::optional("exactly", "this age", |draft, entry, sink| {
        draft.exactly = age(&entry.value, sink);
    }),
];

/// Reads `180d`, `{ atLeast: 180d }` or `{ exactly: 90d }`.
pub(super) fn decode(entry: &Entry, sink: &mut Sink) -> Option<Spanned<LogAgeBound>> {
    let Value::Mapping(mapping) = &entry.value.value else {
        let value = LogAgeBound::AtLeast(age(&entry.value, sink)?);
        return Some(Spanned { value, span: entry.key.span });
    };
    let mut draft = Draft::default();
    fields::decode_entries(BOUNDS, mapping, &mut draft, sink);
    let bounds: Vec<Span> = mapping.entries.iter().map(|bound| bound.key.span).collect();
    match (draft.at_least, draft.exactly) {
        (Some(_), Some(_)) => {
            sink.push(entry.key.span, diagnostic::mixed_bounds("atLeast"));
            None
        }
        (at_least, exactly) => {
            if mapping.says_nothing() {
                sink.push(
                    entry.value.span,
                    diagnostic::wrong_shape("an age, such as `180d`,", "an empty mapping"),
                );
            }
            let value = at_least.map(LogAgeBound::AtLeast).or(exactly.map(LogAgeBound::Exactly))?;
            Some(Spanned { value, span: bounds.first().copied().unwrap_or(entry.key.span) })
        }
    }
}

fn age(node: &Node, sink: &mut Sink) -> Option<LogAge> {
    let text = &scalar(node, "an age, such as `180d`,", sink)?.text;
    let days = text.strip_suffix('d').filter(|days| days.bytes().all(|byte| byte.is_ascii_digit()));
    let age = days.and_then(|days| days.parse().ok()).and_then(LogAge::from_days);
    if age.is_none() {
        sink.push(node.span, diagnostic::invalid_age_bounds(text));
    }
    age
}
