//! One document: its head (`apiVersion`, `kind`, `metadata`), and the way to the table of its kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::decode::{prose, text, texts};
use super::diagnostic::{self, Sink};
use super::fields::{self, Field};
use super::model::{Kind, Policy, PolicyInfo};
use super::source_text::{Location, Span, Spanned};
use super::suggest::suggest;
use super::yaml::{Entry, Mapping, Node};
use super::{mailbox_policy, organization_policy};
use crate::domain::Mode;

/// The version of the language that this version reads.
pub const API_VERSION: &str = "mailwarden/v1";

/// Kinds of the language that later versions read.
const LATER_KINDS: &[&str] = &["AuditBypassPolicy", "AuditException", "PolicyTest", "ChangeApproval"];

/// What every document says about itself, once read.
pub(super) struct Metadata {
    pub(super) name: Spanned<String>,
    pub(super) location: Location,
    description: Option<String>,
    responsible: Option<String>,
    labels: BTreeMap<String, String>,
    controls: Vec<String>,
}

impl Metadata {
    pub(super) fn into_info(self, kind: Kind, mode: Mode) -> Arc<PolicyInfo> {
        Arc::new(PolicyInfo {
            kind,
            name: self.name.value,
            path: self.location.path,
            line: self.location.line,
            description: self.description,
            responsible: self.responsible,
            labels: self.labels,
            controls: self.controls,
            mode,
        })
    }
}

#[derive(Default)]
struct MetadataDraft {
    name: Option<Spanned<String>>,
    description: Option<String>,
    responsible: Option<String>,
    labels: BTreeMap<String, String>,
    controls: Vec<String>,
}

const METADATA: &[Field<MetadataDraft>] = &[
    Field::required("name", "a name, unique in its kind", |draft, entry, sink| {
        draft.name = name(&entry.value, sink).map(|value| Spanned { value, span: entry.value.span });
    }),
    Field::optional("description", "what the policy is for, in a sentence", |draft, entry, sink| {
        draft.description = prose(&entry.value, sink);
    }),
    Field::optional("responsible", "the person or team that answers for it", |draft, entry, sink| {
        draft.responsible = prose(&entry.value, sink);
    }),
    Field::optional("labels", "words of your own, key and value", labels),
    Field::optional("controls", "controls of frameworks that it implements", |draft, entry, sink| {
        let controls = texts(&entry.value, sink).unwrap_or_default();
        draft.controls = controls.into_iter().map(|control| control.value).collect();
    }),
];

/// The keys of a document. `kind` and `spec` are read apart, since one decides about the other.
const HEAD: &[Field<Option<MetadataDraft>>] = &[
    Field::optional("apiVersion", "the version of the language", |_, _, _| {}),
    Field::optional("kind", "the kind of document", |_, _, _| {}),
    Field::required("metadata", "what the document says about itself", |draft, entry, sink| {
        let mut metadata = MetadataDraft::default();
        fields::decode(METADATA, &entry.value, entry.key.span, &mut metadata, sink);
        *draft = Some(metadata);
    }),
    Field::required("spec", "what the document asks for", |_, _, _| {}),
];

/// What could be read of a document.
#[derive(Default)]
pub(super) struct Document {
    /// Its name, wherever else it is faulty, for checks of the whole set.
    pub(super) named: Option<Named>,
    /// The policy, if the document has no error.
    pub(super) policy: Option<Policy>,
}

/// A document's kind and name.
pub(super) struct Named {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) location: Location,
}

/// Reads one document, reporting all its faults.
pub(super) fn decode(node: &Node, as_of: DateTime<Utc>, sink: &mut Sink) -> Document {
    read(node, as_of, sink).unwrap_or_default()
}

fn read(node: &Node, as_of: DateTime<Utc>, sink: &mut Sink) -> Option<Document> {
    let errors = sink.errors();
    let Some(mapping) = node.mapping() else {
        if !node.is_faulty() {
            sink.push(
                node.span,
                diagnostic::wrong_shape("a document with `apiVersion` and `kind`", node.describe()),
            );
        }
        return None;
    };
    let start = mapping.entries.first().map_or(node.span, |entry| entry.key.span);
    if !is_ours(mapping, start, sink) {
        return None;
    }
    let kind = kind(mapping, start, sink)?;
    let mut draft = None;
    fields::decode_entries(HEAD, mapping, &mut draft, sink);
    fields::report_missing(HEAD, mapping, start, sink);
    let metadata = draft.and_then(|draft| finish(draft, sink));
    let named = metadata.as_ref().map(|metadata| Named {
        kind,
        name: metadata.name.value.clone(),
        location: metadata.location.clone(),
    });
    let policy = mapping.get("spec").and_then(|spec| match kind {
        Kind::MailboxAuditPolicy => mailbox_policy::decode(spec, metadata, as_of, sink),
        Kind::OrganizationAuditPolicy => organization_policy::decode(spec, metadata, sink),
    });
    let policy = policy.filter(|_| sink.errors() == errors && mapping.complete);
    Some(Document { named, policy })
}

fn finish(draft: MetadataDraft, sink: &Sink) -> Option<Metadata> {
    let name = draft.name?;
    let location = sink.locate(name.span);
    let MetadataDraft { description, responsible, labels, controls, .. } = draft;
    Some(Metadata { name, location, description, responsible, labels, controls })
}

/// Whether the document is worth reading on: one of another program is one fault, not twenty.
fn is_ours(mapping: &Mapping, start: Span, sink: &mut Sink) -> bool {
    let Some(entry) = mapping.get("apiVersion") else {
        if mapping.complete {
            sink.push(start, diagnostic::missing_api_version(API_VERSION));
        }
        return mapping.get("kind").is_some();
    };
    let Some(version) = text(&entry.value, sink) else { return true };
    if version != API_VERSION {
        sink.push(entry.value.span, diagnostic::foreign_api_version(&version, API_VERSION));
    }
    version.to_ascii_lowercase().starts_with("mailwarden")
}

fn kind(mapping: &Mapping, start: Span, sink: &mut Sink) -> Option<Kind> {
    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let Some(entry) = mapping.get("kind") else {
        if mapping.complete {
            sink.push(start, diagnostic::missing_key("kind", &diagnostic::one_of(&known)));
        }
        return None;
    };
    let written = text(&entry.value, sink)?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == written);
    if kind.is_none() {
        let message = if LATER_KINDS.contains(&written.as_str()) {
            diagnostic::kind_not_in_this_version(&written)
        } else {
            let candidates = known.iter().chain(LATER_KINDS).copied();
            diagnostic::unknown_kind(&written, suggest(&written, candidates), &known)
        };
        sink.push(entry.value.span, message);
    }
    kind
}

fn name(node: &Node, sink: &mut Sink) -> Option<String> {
    let name = text(node, sink)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let usable =
        name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(legal);
    if !usable {
        sink.push(node.span, diagnostic::invalid_name(&name));
    }
    usable.then_some(name)
}

fn labels(draft: &mut MetadataDraft, entry: &Entry, sink: &mut Sink) {
    let Some(mapping) = entry.value.mapping() else {
        if !entry.value.is_faulty() {
            sink.push(
                entry.value.span,
                diagnostic::wrong_shape("a mapping of texts", entry.value.describe()),
            );
        }
        return;
    };
    for label in &mapping.entries {
        if let Some(value) = text(&label.value, sink) {
            draft.labels.insert(label.key.value.clone(), value);
        }
    }
}
