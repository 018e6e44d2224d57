//! The field table of `OrganizationAuditPolicy`.

use super::decode::word;
use super::diagnostic::{self, Sink};
use super::document::Metadata;
use super::fields::{self, Field};
use super::mailbox_policy::{MODES, tenants};
use super::model::{Clause, Kind, OrganizationPolicy, Policy, Tenants};
use super::yaml::{Entry, Mapping};
use crate::domain::{Mode, OrganizationSwitch};

#[derive(Default)]
struct Spec {
    mode: Option<Mode>,
    tenants: Tenants,
    required: Vec<Clause<OrganizationSwitch>>,
}

const SPEC: &[Field<Spec>] = &[
    Field::optional("mode", "`enforce` (the default) or `observe`", |spec, entry, sink| {
        spec.mode = word(&entry.value, MODES, sink);
    }),
    Field::optional("tenants", "names or patterns of tenants; without it, all", |spec, entry, sink| {
        spec.tenants = tenants(&entry.value, sink);
    }),
    Field::optional(
        "mailboxAuditing",
        "`required`: auditing on by default for the organization",
        |spec, entry, sink| {
            required(spec, OrganizationSwitch::MailboxAuditing, entry, sink);
        },
    ),
    Field::optional(
        "unifiedAuditLogIngestion",
        "`required`: records reach the unified audit log",
        |spec, entry, sink| required(spec, OrganizationSwitch::UnifiedAuditLogIngestion, entry, sink),
    ),
];

/// Reads `spec`.
pub(super) fn decode(entry: &Entry, metadata: Option<Metadata>, sink: &mut Sink) -> Option<Policy> {
    let mut spec = Spec::default();
    fields::decode(SPEC, &entry.value, entry.key.span, &mut spec, sink);
    let lacks_both = |mapping: &Mapping| {
        mapping.complete
            && OrganizationSwitch::ALL.iter().all(|switch| mapping.get(switch.as_str()).is_none())
    };
    if entry.value.mapping().is_some_and(lacks_both) {
        sink.push(
            entry.key.span,
            diagnostic::nothing_audited("`mailboxAuditing` and `unifiedAuditLogIngestion`"),
        );
    }
    let info = metadata?.into_info(Kind::OrganizationAuditPolicy, spec.mode.unwrap_or(Mode::Enforce));
    Some(Policy::Organization(OrganizationPolicy { info, tenants: spec.tenants, required: spec.required }))
}

fn required(spec: &mut Spec, switch: OrganizationSwitch, entry: &Entry, sink: &mut Sink) {
    match entry.value.scalar() {
        Some(scalar) if scalar.text == "required" => {
            let line = sink.source().line(entry.key.span);
            spec.required.push(Clause { line, bound: switch });
        }
        Some(scalar) => sink.push(entry.value.span, diagnostic::organization_off(&scalar.text)),
        None if entry.value.is_faulty() => {}
        None => sink.push(entry.value.span, diagnostic::wrong_shape("`required`", entry.value.describe())),
    }
}
