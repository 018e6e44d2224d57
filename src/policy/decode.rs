//! Decoders of the values that every kind of document shares: text, words of a closed list, lists of
//! text, dates. Each returns nothing after it has reported why.

use chrono::{DateTime, NaiveDate, Utc};

use super::diagnostic::{self, Sink};
use super::source_text::Spanned;
use super::suggest::suggest;
use super::yaml::{Node, Scalar, Value, other_reading};

/// The scalar as it stands; for values where quotes and other readers' numbers do not matter.
pub fn scalar<'a>(node: &'a Node, wanted: &str, sink: &mut Sink) -> Option<&'a Scalar> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.is_null() => return Some(scalar),
        Value::Faulty => {}
        _ => sink.push(node.span, diagnostic::wrong_shape(wanted, node.describe())),
    }
    None
}

/// A text. One that other readers would change without quotes is taken as written, with a warning.
pub fn text(node: &Node, sink: &mut Sink) -> Option<String> {
    let scalar = scalar(node, "a text", sink)?;
    if let Some(reading) = other_reading(&scalar.text).filter(|_| scalar.plain) {
        sink.push(node.span, diagnostic::ambiguous(&scalar.text, reading));
    }
    Some(scalar.text.clone())
}

/// A text that says something.
pub fn prose(node: &Node, sink: &mut Sink) -> Option<String> {
    let text = text(node, sink)?;
    if text.trim().is_empty() {
        sink.push(node.span, diagnostic::empty_value("a text"));
        return None;
    }
    Some(text)
}

/// A word of a closed list.
pub fn word<T: Copy>(node: &Node, words: &[(&'static str, T)], sink: &mut Sink) -> Option<T> {
    let names: Vec<&'static str> = words.iter().map(|(name, _)| *name).collect();
    let scalar = scalar(node, &diagnostic::one_of(&names), sink)?;
    let found = words.iter().find(|(name, _)| *name == scalar.text).map(|(_, value)| *value);
    if found.is_none() {
        let suggestion = suggest(&scalar.text, names.iter().copied());
        sink.push(node.span, diagnostic::unknown_word(&scalar.text, &names, suggestion));
    }
    found
}

/// The items of a list, or a single value in place of a list of one. An empty list is a fault.
pub fn items<'a>(node: &'a Node, what: &str, sink: &mut Sink) -> Option<&'a [Node]> {
    match &node.value {
        Value::Sequence(items) if items.is_empty() => sink.push(node.span, diagnostic::empty_value(what)),
        Value::Sequence(items) => return Some(items),
        Value::Scalar(scalar) if !scalar.is_null() => return Some(std::slice::from_ref(node)),
        Value::Faulty => {}
        _ => sink.push(node.span, diagnostic::wrong_shape(what, node.describe())),
    }
    None
}

/// A list of text, or one text. An item that stands twice gets a warning.
pub fn texts(node: &Node, sink: &mut Sink) -> Option<Vec<Spanned<String>>> {
    let items = items(node, "a list of texts", sink)?;
    let mut texts: Vec<Spanned<String>> = Vec::with_capacity(items.len());
    for item in items {
        let Some(value) = text(item, sink) else { continue };
        if let Some(first) = texts.iter().find(|text| text.value.eq_ignore_ascii_case(&value)) {
            let first = sink.locate(first.span);
            sink.push(item.span, diagnostic::repeated_item(&value, first));
        }
        texts.push(Spanned { value, span: item.span });
    }
    Some(texts)
}

/// A day, `2027-01-31`.
pub fn date(node: &Node, sink: &mut Sink) -> Option<NaiveDate> {
    let scalar = scalar(node, "a date", sink)?;
    let date = parse_date(&scalar.text);
    if date.is_none() {
        sink.push(node.span, diagnostic::invalid_date(&scalar.text, "write it as `2027-01-31`"));
    }
    date
}

/// A day as `2027-01-31`, in four, two and two digits.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| shaped)
}

/// The first moment of a day in UTC.
pub fn start_of_day(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc()
}
