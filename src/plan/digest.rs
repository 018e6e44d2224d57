//! What a plan is recognised by: SHA-256 of canonical JSON, without times, names or counts.

use serde_json::{Value, json};

use super::change::describe_object;
use super::finding::Finding;
use super::{Change, Inputs, OrganizationFinding};
use crate::domain::ContentHash;

/// The version of the JSON form of a plan; part of the digest.
pub const FORMAT_VERSION: u32 = 1;

pub(super) fn of_plan(
    inputs: &Inputs,
    organization: &OrganizationFinding,
    findings: &[Finding],
) -> ContentHash {
    let mut changes: Vec<&Change> =
        organization.changes.iter().chain(findings.iter().flat_map(|finding| &finding.changes)).collect();
    changes.sort_by_key(|change| (change.object, change.order));
    let default_sets: Vec<Value> = inputs
        .defaults
        .iter()
        .map(|(tier, kind, set)| {
            json!([tier.as_str(), kind.as_str(), set.source.as_str(), set.actions.to_string()])
        })
        .collect();
    let canonical = json!({
        "changes": changes.into_iter().map(canonical_change).collect::<Vec<_>>(),
        "default_sets": default_sets,
        "format_version": FORMAT_VERSION,
        "policy_revision": inputs.revision.to_string(),
        "tenant_id": inputs.tenant.to_string(),
    });
    // serde_json writes the keys of an object in sorted order and without spaces.
    ContentHash::of(canonical.to_string().as_bytes())
}

fn canonical_change(change: &Change) -> Value {
    let corrections: Vec<Value> = change
        .corrections
        .iter()
        .map(|planned| {
            json!([planned.field.as_str(), planned.correction.describe(), planned.before, planned.after])
        })
        .collect();
    json!([describe_object(change.object), change.order, corrections])
}
