//! A plan for machines. Its shape is `docs/plan.schema.json`; a change of it is a change of the contract.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Census, Forecast, TenantPlan};
use crate::domain::{ActionSet, Cause, Class, Field, OrganizationSwitch, State};
use crate::plan::{
    Change, Citation, Correction, Drift, FORMAT_VERSION, Finding, Held, Object, Plan, PlannedCorrection,
    describe_object,
};

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    policy_revision: Option<String>,
    tenants: Vec<Tenant<'a>>,
}

#[derive(Serialize)]
struct Tenant<'a> {
    tenant: &'a str,
    digest: String,
    observed_at: String,
    view: View,
    default_sets: Vec<DefaultSet>,
    organization: Organization,
    /// Bypassed accounts are read by a later version.
    bypass: Option<()>,
    changes: Vec<ChangeItem<'a>>,
    conflicts: Vec<ConflictItem<'a>>,
    unknown: Vec<UnknownItem<'a>>,
    not_applicable: Vec<NotApplicableItem<'a>>,
    held: Vec<HeldItem<'a>>,
    forecast: Option<ForecastItem>,
    summary: Summary,
}

/// `total` is absent where the enumeration was cut off: how many there are is not known then.
#[derive(Serialize)]
struct View {
    total: Option<u64>,
    examined: u64,
    unknown: u64,
    truncated: bool,
    complete: bool,
}

#[derive(Serialize)]
struct DefaultSet {
    tier: &'static str,
    logon_type: &'static str,
    source: &'static str,
    actions: Vec<String>,
}

#[derive(Serialize)]
struct Organization {
    mailbox_auditing: Switch,
    unified_audit_log_ingestion: Switch,
}

#[derive(Serialize)]
struct Switch {
    observed: &'static str,
    drift: &'static str,
}

#[derive(Serialize)]
struct ChangeItem<'a> {
    change_id: String,
    class: Class,
    cause: Cause,
    object: String,
    user_principal_name: Option<&'a str>,
    order: u8,
    corrections: Vec<CorrectionItem<'a>>,
}

#[derive(Serialize)]
struct CorrectionItem<'a> {
    field: Field,
    observed: &'a str,
    desired: &'a str,
    missing: Vec<String>,
    extra: Vec<String>,
    policies: &'a [Citation],
}

#[derive(Serialize)]
struct ConflictItem<'a> {
    object: String,
    user_principal_name: Option<&'a str>,
    field: Field,
    about: &'a str,
    policies: &'a [Citation],
}

#[derive(Serialize)]
struct UnknownItem<'a> {
    object: String,
    user_principal_name: Option<&'a str>,
    fields: &'a [Field],
}

#[derive(Serialize)]
struct NotApplicableItem<'a> {
    object: String,
    user_principal_name: Option<&'a str>,
    recipient_type: &'a str,
}

#[derive(Serialize)]
struct HeldItem<'a> {
    class: Class,
    reason: String,
    release: String,
    changes: Vec<ChangeItem<'a>>,
}

#[derive(Serialize)]
struct ForecastItem {
    calls: u64,
    writes_per_minute: u32,
    seconds: u64,
}

#[derive(Serialize)]
struct Summary {
    to_correct: u64,
    leaving_microsoft: u64,
    weakening: u64,
    unknown: u64,
    in_sync: u64,
    view_complete: bool,
    states: BTreeMap<&'static str, u64>,
}

/// The plans of one or more tenants as one JSON document.
pub fn plan_json(tenants: &[TenantPlan<'_>]) -> String {
    let document = Document {
        format_version: FORMAT_VERSION,
        policy_revision: tenants.first().map(|tenant| tenant.plan.revision.to_string()),
        tenants: tenants.iter().map(tenant).collect(),
    };
    super::mailboxes::pretty(&document)
}

fn tenant<'a>(tenant: &'a TenantPlan<'a>) -> Tenant<'a> {
    let plan = tenant.plan;
    let organization = plan.organization.changes.iter().map(|change| change_item(change, None));
    let mailboxes = plan.findings.iter().flat_map(|finding| items(finding, &finding.changes));
    let having = |state| plan.findings.iter().filter(move |finding| finding.state == state);
    Tenant {
        tenant: tenant.name.as_str(),
        digest: plan.digest.to_string(),
        observed_at: plan.observed_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        view: view(plan),
        default_sets: default_sets(plan),
        organization: Organization {
            mailbox_auditing: switch(plan, OrganizationSwitch::MailboxAuditing),
            unified_audit_log_ingestion: switch(plan, OrganizationSwitch::UnifiedAuditLogIngestion),
        },
        bypass: None,
        changes: organization.chain(mailboxes).collect(),
        conflicts: plan.findings.iter().flat_map(conflicts).collect(),
        unknown: plan.findings.iter().filter(is_unknown).map(unknown).collect(),
        not_applicable: having(State::NotApplicable).map(not_applicable).collect(),
        held: tenant.verdict.refusals().map(|(class, held)| held_item(plan, class, held)).collect(),
        forecast: Forecast::of(tenant).map(|forecast| ForecastItem {
            calls: forecast.calls,
            writes_per_minute: forecast.writes_per_minute,
            seconds: forecast.seconds(),
        }),
        summary: summary(tenant),
    }
}

fn view(plan: &Plan) -> View {
    let view = plan.view;
    View {
        total: (!view.truncated).then_some(view.examined + view.unknown),
        examined: view.examined,
        unknown: view.unknown,
        truncated: view.truncated,
        complete: view.is_complete(),
    }
}

fn default_sets(plan: &Plan) -> Vec<DefaultSet> {
    let sets = plan.defaults.iter().map(|(tier, kind, set)| DefaultSet {
        tier: tier.as_str(),
        logon_type: kind.as_str(),
        source: set.source.as_str(),
        actions: set.actions.names(),
    });
    sets.collect()
}

fn switch(plan: &Plan, switch: OrganizationSwitch) -> Switch {
    let organization = &plan.organization;
    let drift = if organization.drifted.contains(&switch) {
        "to_correct"
    } else if organization.observed_drift.contains(&switch) {
        "observed"
    } else if organization.unknown.contains(&switch) {
        "unknown"
    } else {
        "none"
    };
    Switch { observed: organization.observed.get(switch).as_str(), drift }
}

fn items<'a>(finding: &'a Finding, changes: &'a [Change]) -> impl Iterator<Item = ChangeItem<'a>> {
    changes.iter().map(|change| change_item(change, Some(finding)))
}

fn change_item<'a>(change: &'a Change, finding: Option<&'a Finding>) -> ChangeItem<'a> {
    let corrections = change.corrections.iter().map(|planned| {
        let mut drifts = finding.iter().flat_map(|finding| &finding.drifts);
        correction_item(planned, drifts.find(|drift| drift.field == planned.field))
    });
    ChangeItem {
        change_id: change.id.to_string(),
        class: change.class(),
        cause: change.cause(),
        object: describe_object(change.object),
        user_principal_name: finding.and_then(name),
        order: change.order,
        corrections: corrections.collect(),
    }
}

/// A drift that both lacks and exceeds is corrected by two corrections; each lists its own part.
fn correction_item<'a>(planned: &'a PlannedCorrection, drift: Option<&Drift>) -> CorrectionItem<'a> {
    let (missing, extra) = match &planned.correction {
        Correction::Add { actions, .. } => (actions.names(), Vec::new()),
        Correction::Remove { actions, .. } => (Vec::new(), actions.names()),
        Correction::LogNothing(_) => (Vec::new(), names(drift.map(|drift| &drift.extra))),
        Correction::KeepByMicrosoft { .. } => (names(drift.map(|drift| &drift.missing)), Vec::new()),
        Correction::Enable | Correction::Disable | Correction::SetLogAge(_) | Correction::SwitchOn(_) => {
            (Vec::new(), Vec::new())
        }
    };
    let PlannedCorrection { field, before, after, policies, .. } = planned;
    CorrectionItem { field: *field, observed: before, desired: after, missing, extra, policies }
}

fn names(actions: Option<&ActionSet>) -> Vec<String> {
    actions.map(ActionSet::names).unwrap_or_default()
}

fn name(finding: &Finding) -> Option<&str> {
    finding.user_principal_name.as_deref()
}

fn object(finding: &Finding) -> String {
    describe_object(Object::Mailbox(finding.mailbox))
}

fn conflicts(finding: &Finding) -> impl Iterator<Item = ConflictItem<'_>> {
    finding.conflicts.iter().map(|conflict| ConflictItem {
        object: object(finding),
        user_principal_name: name(finding),
        field: conflict.field,
        about: &conflict.about,
        policies: &conflict.policies,
    })
}

fn is_unknown(finding: &&Finding) -> bool {
    finding.state == State::Unknown || !finding.unknown.is_empty()
}

fn unknown(finding: &Finding) -> UnknownItem<'_> {
    UnknownItem { object: object(finding), user_principal_name: name(finding), fields: &finding.unknown }
}

fn not_applicable(finding: &Finding) -> NotApplicableItem<'_> {
    NotApplicableItem {
        object: object(finding),
        user_principal_name: name(finding),
        recipient_type: finding.recipient_type.as_str(),
    }
}

fn held_item<'a>(plan: &'a Plan, class: Class, held: &Held) -> HeldItem<'a> {
    let of_class = |change: &&Change| change.corrections.iter().any(|planned| planned.class == class);
    let changes = plan.findings.iter().flat_map(|finding| {
        finding.held.iter().filter(of_class).map(|change| change_item(change, Some(finding)))
    });
    HeldItem { class, reason: held.to_string(), release: held.release(class), changes: changes.collect() }
}

fn summary(tenant: &TenantPlan<'_>) -> Summary {
    let census = Census::of(tenant);
    Summary {
        to_correct: census.to_correct,
        leaving_microsoft: census.leaving_microsoft,
        weakening: census.weakening,
        unknown: census.unknown,
        in_sync: census.in_sync,
        view_complete: tenant.plan.view.is_complete(),
        states: census.words(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample::{Sample, baseline_drift};

    const SCHEMA: &str = include_str!("../../docs/plan.schema.json");

    /// Everything in which a value is not as its schema says. Knows the keywords that the schema uses, and
    /// refuses any other, so that none is silently without effect.
    fn violations(value: &Value, schema: &Value, root: &Value, at: &str) -> Vec<String> {
        if let Some(name) = schema["$ref"].as_str() {
            let target = name.strip_prefix("#/$defs/").unwrap();
            return violations(value, &root["$defs"][target], root, at);
        }
        let mut found = Vec::new();
        for (keyword, rule) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "type" => {
                    let types: Vec<&str> = match rule {
                        Value::Array(types) => types.iter().map(|one| one.as_str().unwrap()).collect(),
                        one => vec![one.as_str().unwrap()],
                    };
                    if !types.iter().any(|one| is_of_type(value, one)) {
                        found.push(format!("{at}: {value} is no {types:?}"));
                    }
                }
                "required" if value.is_object() => {
                    let keys = rule.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
                    found.extend(
                        keys.filter(|key| value.get(key).is_none()).map(|key| format!("{at}: no {key}")),
                    );
                }
                "additionalProperties" if value.is_object() => {
                    assert_eq!(*rule, false);
                    let known = schema["properties"].as_object().unwrap();
                    let keys = value.as_object().unwrap().keys().filter(|key| !known.contains_key(*key));
                    found.extend(keys.map(|key| format!("{at}: {key} is not in the schema")));
                }
                "properties" if value.is_object() => {
                    for (key, schema) in rule.as_object().unwrap() {
                        if let Some(value) = value.get(key) {
                            found.extend(violations(value, schema, root, &format!("{at}.{key}")));
                        }
                    }
                }
                "items" => {
                    for (position, item) in value.as_array().into_iter().flatten().enumerate() {
                        found.extend(violations(item, rule, root, &format!("{at}[{position}]")));
                    }
                }
                "enum" => {
                    if !rule.as_array().unwrap().contains(value) {
                        found.push(format!("{at}: {value} is none of {rule}"));
                    }
                }
                "propertyNames" => {
                    for key in value.as_object().unwrap().keys() {
                        found.extend(violations(&Value::from(key.as_str()), rule, root, at));
                    }
                }
                "required"
                | "additionalProperties"
                | "properties"
                | "description"
                | "title"
                | "$schema"
                | "$id"
                | "$defs" => {}
                other => panic!("{at}: this check does not know `{other}`"),
            }
        }
        found
    }

    fn is_of_type(value: &Value, name: &str) -> bool {
        match name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        }
    }

    fn check(document: &Value) -> Vec<String> {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        violations(document, &schema, &schema, "plan")
    }

    fn document(tenants: &[TenantPlan<'_>]) -> Value {
        serde_json::from_str(&plan_json(tenants)).unwrap()
    }

    #[test]
    fn every_document_is_as_the_schema_says() {
        let mut everything = Sample::everything();
        everything.hold();
        let mut cut_off = Sample::new(&baseline_drift());
        cut_off.plan.view.truncated = true;
        for tenants in [vec![], vec![everything.tenant()], vec![cut_off.tenant(), everything.tenant()]] {
            assert_eq!(check(&document(&tenants)), Vec::<String>::new());
        }
    }

    #[test]
    fn the_check_finds_what_is_wrong() {
        let mut wrong = document(&[Sample::everything().tenant()]);
        wrong["tenants"][0]["view"]["total"] = "many".into();
        wrong["tenants"][0]["changes"][0]["class"] = "harmless".into();
        wrong["tenants"][0]["surprise"] = 1.into();
        wrong["tenants"][0].as_object_mut().unwrap().remove("digest");
        assert_eq!(check(&wrong).len(), 4, "{:?}", check(&wrong));
    }

    #[test]
    fn the_words_of_the_schema_are_the_words_of_the_program() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let words = |name: &str| -> Vec<String> {
            serde_json::from_value(schema["$defs"][name]["enum"].clone()).unwrap()
        };
        assert_eq!(words("class"), Class::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
        assert_eq!(words("cause"), Cause::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
        assert_eq!(words("field"), Field::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
        assert_eq!(words("state"), State::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
    }

    #[test]
    fn a_change_says_what_is_missing_and_who_asks() {
        let document = document(&[Sample::new(&baseline_drift()).tenant()]);
        let tenant = &document["tenants"][0];
        let change = &tenant["changes"][0];
        assert_eq!(change["object"], "00000000-0000-0000-0000-000000000114");
        let correction = &change["corrections"][0];
        assert_eq!(correction["field"], "enabled");
        assert_eq!(
            (&correction["observed"], &correction["desired"]),
            (&"by_tenant_default".into(), &"explicit".into())
        );
        assert_eq!(correction["policies"][0]["name"], "baseline");
        assert_eq!(correction["policies"][0]["line"], 7);
        let returned = &tenant["changes"][1]["corrections"][1];
        assert_eq!(returned["missing"].as_array().unwrap().len(), 9);
        assert_eq!(tenant["summary"]["states"]["to_correct"], 2);
        assert_eq!(tenant["view"]["total"], 8);
        assert_eq!(tenant["forecast"]["calls"], 2);
    }

    #[test]
    fn held_changes_are_with_their_release_and_not_among_the_changes() {
        let mut sample = Sample::new(&baseline_drift());
        sample.hold();
        let document = document(&[sample.tenant()]);
        let tenant = &document["tenants"][0];
        assert_eq!(tenant["changes"].as_array().unwrap().len(), 0);
        assert_eq!(tenant["held"][0]["class"], "intentional");
        assert_eq!(tenant["held"][0]["changes"].as_array().unwrap().len(), 2);
        assert!(tenant["held"][0]["release"].as_str().unwrap().contains("--accept intentional=12"));
        assert_eq!(tenant["forecast"], Value::Null);
    }
}
