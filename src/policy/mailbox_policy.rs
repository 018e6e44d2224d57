//! The field tables of `MailboxAuditPolicy`, and the checks that need more than one of its keys.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::actions::{self, ActionBound, ActionsDraft};
use super::age;
use super::decode::{date, items, prose, texts, word};
use super::diagnostic::{self, Sink};
use super::document::Metadata;
use super::fields::{self, Field};
use super::glob::Pattern;
use super::model::{
    AllowWeakening, Audit, Clause, EnabledTarget, Kind, LogAgeBound, MailboxPolicy, Policy, Tenants,
    has_ended,
};
use super::selector::{self, Selector};
use super::source_text::{Span, Spanned};
use super::yaml::{Entry, Mapping, Node};
use crate::domain::{Field as Audited, LogonType, Mode, PerLogonType};

/// The values of `mode`.
pub(super) const MODES: &[(&str, Mode)] = &[("enforce", Mode::Enforce), ("observe", Mode::Observe)];

const ENABLED: &[(&str, EnabledTarget)] = &[
    ("true", EnabledTarget::Explicit),
    ("effective", EnabledTarget::Effective),
    ("false", EnabledTarget::Off),
];

const WEAKENED: &[(&str, Audited)] = &[
    ("enabled", Audited::Enabled),
    ("auditLogAge", Audited::AuditLogAge),
    ("admin", Audited::Admin),
    ("delegate", Audited::Delegate),
    ("owner", Audited::Owner),
];

#[derive(Default)]
struct Spec {
    mode: Option<Mode>,
    tenants: Tenants,
    selector: Option<Selector>,
    audit: AuditDraft,
    allow: Option<Allow>,
}

#[derive(Default)]
struct AuditDraft {
    enabled: Option<Spanned<EnabledTarget>>,
    log_age: Option<Spanned<LogAgeBound>>,
    actions: PerLogonType<ActionsDraft>,
}

#[derive(Default)]
struct Allow {
    fields: Vec<Spanned<Audited>>,
    reason: String,
    ticket: Option<String>,
    until: Option<Spanned<NaiveDate>>,
}

const SPEC: &[Field<Spec>] = &[
    Field::optional("mode", "`enforce` (the default) or `observe`", |spec, entry, sink| {
        spec.mode = word(&entry.value, MODES, sink);
    }),
    Field::optional("tenants", "names or patterns of tenants; without it, all", |spec, entry, sink| {
        spec.tenants = tenants(&entry.value, sink);
    }),
    Field::not_yet("suspend", "reason and last day of a pause"),
    Field::not_yet("priority", "`high` is written first"),
    Field::not_yet("rollout", "share of the mailboxes, such as `10%`"),
    Field::optional("selector", "which mailboxes the policy is about", |spec, entry, sink| {
        spec.selector = selector::decode(entry, sink);
    }),
    Field::required("audit", "what is audited", |spec, entry, sink| {
        fields::decode(AUDIT, &entry.value, entry.key.span, &mut spec.audit, sink);
        if entry.value.mapping().is_some_and(Mapping::says_nothing) {
            let keys = "`enabled`, `auditLogAge`, `admin`, `delegate` and `owner`";
            sink.push(entry.key.span, diagnostic::nothing_audited(keys));
        }
    }),
    Field::optional("allowWeakening", "consent to record less afterwards", |spec, entry, sink| {
        let mut allow = Allow::default();
        fields::decode(ALLOW, &entry.value, entry.key.span, &mut allow, sink);
        spec.allow = Some(allow);
    }),
];

const AUDIT: &[Field<AuditDraft>] = &[
    Field::optional("enabled", "`true`, `effective` or `false`", |audit, entry, sink| {
        let target = word(&entry.value, ENABLED, sink);
        audit.enabled = target.map(|value| Spanned { value, span: entry.value.span });
    }),
    Field::optional(
        "auditLogAge",
        "how long the copy in the mailbox is kept, such as `180d`",
        |audit, entry, sink| {
            audit.log_age = age::decode(entry, sink);
        },
    ),
    Field::optional("admin", "what administrators do, such as content search", |audit, entry, sink| {
        *audit.actions.get_mut(LogonType::Admin) = actions::decode(LogonType::Admin, entry, sink);
    }),
    Field::optional("delegate", "what others with rights on the mailbox do", |audit, entry, sink| {
        *audit.actions.get_mut(LogonType::Delegate) = actions::decode(LogonType::Delegate, entry, sink);
    }),
    Field::optional("owner", "what the owner of the mailbox does", |audit, entry, sink| {
        *audit.actions.get_mut(LogonType::Owner) = actions::decode(LogonType::Owner, entry, sink);
    }),
];

const ALLOW: &[Field<Allow>] = &[
    Field::required("fields", "what may be weakened", |allow, entry, sink| {
        for item in items(&entry.value, "a list of fields", sink).unwrap_or_default() {
            allow.fields.extend(word(item, WEAKENED, sink).map(|value| Spanned { value, span: item.span }));
        }
    }),
    Field::required("reason", "why less is to be recorded", |allow, entry, sink| {
        allow.reason = prose(&entry.value, sink).unwrap_or_default();
    }),
    Field::optional("ticket", "where it was agreed", |allow, entry, sink| {
        allow.ticket = prose(&entry.value, sink);
    }),
    Field::optional("until", "the last day, in UTC", |allow, entry, sink| {
        allow.until = date(&entry.value, sink).map(|value| Spanned { value, span: entry.value.span });
    }),
];

/// Reads `spec`.
pub(super) fn decode(
    entry: &Entry,
    metadata: Option<Metadata>,
    as_of: DateTime<Utc>,
    sink: &mut Sink,
) -> Option<Policy> {
    let mut spec = Spec::default();
    fields::decode(SPEC, &entry.value, entry.key.span, &mut spec, sink);
    if entry.value.mapping().is_some_and(|mapping| mapping.complete && mapping.get("selector").is_none()) {
        sink.push(entry.key.span, diagnostic::missing_selector());
    }
    report_weakening(&spec, as_of, sink);
    report_deprecated(&spec, sink);

    let info = metadata?.into_info(Kind::MailboxAuditPolicy, spec.mode.unwrap_or(Mode::Enforce));
    let audit = compile_audit(spec.audit, sink);
    let allow_weakening = spec.allow.map(|allow| AllowWeakening {
        fields: allow.fields.into_iter().map(|field| field.value).collect(),
        reason: allow.reason,
        ticket: allow.ticket,
        until: allow.until.map(|until| until.value),
    });
    let policy =
        MailboxPolicy { info, tenants: spec.tenants, selector: spec.selector?, audit, allow_weakening };
    Some(Policy::Mailbox(Box::new(policy)))
}

/// The value of `tenants`.
pub(super) fn tenants(node: &Node, sink: &mut Sink) -> Tenants {
    Tenants(texts(node, sink).map(|texts| texts.iter().map(|text| Pattern::new(&text.value)).collect()))
}

fn compile_audit(draft: AuditDraft, sink: &Sink) -> Audit {
    let line = |span: Span| sink.source().line(span);
    let mut actions = draft.actions;
    Audit {
        enabled: draft.enabled.map(|enabled| Clause { line: line(enabled.span), bound: enabled.value }),
        log_age: draft.log_age.map(|age| Clause { line: line(age.span), bound: age.value }),
        actions: PerLogonType::from_fn(|kind| {
            let bounds = std::mem::take(actions.get_mut(kind)).bounds;
            bounds.into_iter().map(|bound| Clause { line: line(bound.span), bound: bound.value }).collect()
        }),
    }
}

/// Weakening needs consent, consent needs something to weaken, and an end that has not come.
fn report_weakening(spec: &Spec, as_of: DateTime<Utc>, sink: &mut Sink) {
    let allowed: BTreeSet<Audited> =
        spec.allow.iter().flat_map(|allow| &allow.fields).map(|field| field.value).collect();
    let enforced = spec.mode.unwrap_or(Mode::Enforce) == Mode::Enforce;
    let mut weakened = BTreeSet::new();
    if let Some(enabled) = spec.audit.enabled.as_ref().filter(|enabled| enabled.value == EnabledTarget::Off) {
        weakened.insert(Audited::Enabled);
        if !allowed.contains(&Audited::Enabled) {
            sink.push(enabled.span, diagnostic::off_needs_allowance());
        }
    }
    if let Some(age) = spec.audit.log_age.as_ref().filter(|age| matches!(age.value, LogAgeBound::Exactly(_)))
    {
        weakened.insert(Audited::AuditLogAge);
        if enforced && !allowed.contains(&Audited::AuditLogAge) {
            sink.push(age.span, diagnostic::removal_held(Audited::AuditLogAge));
        }
    }
    for (kind, draft) in spec.audit.actions.iter() {
        let field = Audited::from(kind);
        for bound in draft.bounds.iter().filter(|bound| bound.value.removes()) {
            weakened.insert(field);
            if allowed.contains(&field) {
                continue;
            }
            if matches!(bound.value, ActionBound::Without(_)) {
                sink.push(bound.span, diagnostic::without_needs_allowance(kind));
            } else if enforced {
                sink.push(bound.span, diagnostic::removal_held(field));
            }
        }
    }
    let Some(allow) = &spec.allow else { return };
    for field in allow.fields.iter().filter(|field| !weakened.contains(&field.value)) {
        sink.push(field.span, diagnostic::allowance_unused(field.value));
    }
    if let Some(until) = &allow.until
        && has_ended(until.value, as_of)
    {
        sink.push(until.span, diagnostic::allowance_lapsed(until.value));
    }
}

/// Actions that the service refuses with Audit Premium are fine where no such mailbox is selected.
fn report_deprecated(spec: &Spec, sink: &mut Sink) {
    if !spec.selector.as_ref().is_none_or(Selector::may_match_premium) {
        return;
    }
    for (_, draft) in spec.audit.actions.iter() {
        for action in &draft.deprecated {
            sink.push(action.span, diagnostic::deprecated_action(action.value.as_str(), "MailItemsAccessed"));
        }
    }
}
