//! Field tables: what keys a mapping may have, which of them it must have, how each is decoded and
//! what it is for. Unknown keys, suggestions and keys of later versions follow from the table; so
//! nothing else needs to list them.

use super::diagnostic::{self, Sink};
use super::source_text::Span;
use super::suggest::suggest;
use super::yaml::{Entry, Mapping, Node};

/// Whether a key must be, may be, or cannot yet be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must be there.
    Required,
    /// It may be there.
    Optional,
    /// It is part of the language and not of this version.
    NotYet,
}

/// One key of a mapping that decodes into a `T`.
pub struct Field<T> {
    /// The key.
    pub key: &'static str,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it is for, in a line.
    pub doc: &'static str,
    /// Decodes its value.
    pub decode: fn(&mut T, &Entry, &mut Sink),
}

impl<T> Field<T> {
    /// A key that must be there.
    pub const fn required(
        key: &'static str,
        doc: &'static str,
        decode: fn(&mut T, &Entry, &mut Sink),
    ) -> Self {
        Self { key, presence: Presence::Required, doc, decode }
    }

    /// A key that may be there.
    pub const fn optional(
        key: &'static str,
        doc: &'static str,
        decode: fn(&mut T, &Entry, &mut Sink),
    ) -> Self {
        Self { key, presence: Presence::Optional, doc, decode }
    }

    /// A key of a later version.
    pub const fn not_yet(key: &'static str, doc: &'static str) -> Self {
        Self { key, presence: Presence::NotYet, doc, decode: |_, _, _| {} }
    }
}

/// Decodes a mapping by its table, reporting every fault of every entry. `owner` is where a missing
/// key is reported: the key whose value the mapping is.
pub fn decode<T>(table: &[Field<T>], node: &Node, owner: Span, into: &mut T, sink: &mut Sink) {
    let Some(mapping) = node.mapping() else {
        if !node.is_faulty() {
            sink.push(node.span, diagnostic::wrong_shape("a mapping", node.describe()));
        }
        return;
    };
    decode_entries(table, mapping, into, sink);
    report_missing(table, mapping, owner, sink);
}

/// Decodes the entries of a mapping by its table.
pub fn decode_entries<T>(table: &[Field<T>], mapping: &Mapping, into: &mut T, sink: &mut Sink) {
    for entry in &mapping.entries {
        if !decode_entry(table, entry, into, sink) {
            let key = entry.key.value.as_str();
            sink.push(entry.key.span, diagnostic::unknown_key(key, suggest_key(table, key), &keys(table)));
        }
    }
}

/// Decodes one entry, unless the table does not know its key.
pub fn decode_entry<T>(table: &[Field<T>], entry: &Entry, into: &mut T, sink: &mut Sink) -> bool {
    let key = entry.key.value.as_str();
    let Some(field) = table.iter().find(|field| field.key == key) else { return false };
    if field.presence == Presence::NotYet {
        sink.push(entry.key.span, diagnostic::key_not_in_this_version(key));
    } else {
        (field.decode)(into, entry, sink);
    }
    true
}

/// Reports each required key that the mapping lacks.
pub fn report_missing<T>(table: &[Field<T>], mapping: &Mapping, owner: Span, sink: &mut Sink) {
    if !mapping.complete {
        return;
    }
    let required = table.iter().filter(|field| field.presence == Presence::Required);
    for field in required.filter(|field| mapping.get(field.key).is_none()) {
        sink.push(owner, diagnostic::missing_key(field.key, field.doc));
    }
}

/// The key of the table that an unknown one most likely stands for.
pub fn suggest_key<T>(table: &[Field<T>], key: &str) -> Option<&'static str> {
    suggest(key, table.iter().map(|field| field.key))
}

/// The keys of the table that this version accepts.
fn keys<T>(table: &[Field<T>]) -> Vec<&'static str> {
    table.iter().filter(|field| field.presence != Presence::NotYet).map(|field| field.key).collect()
}
