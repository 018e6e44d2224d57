//! The tenant's two switches against what policies require.

use super::{Change, Citation, Consent, Correction, Inputs, Object, PlannedCorrection};
use crate::domain::{Cause, Class, Field, Mode, Organization, OrganizationSwitch, SwitchState};

/// What is to be said and done about the tenant's switches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrganizationFinding {
    /// The switches as observed.
    pub observed: Organization,
    /// Switches that are off and that a policy in force requires on.
    pub drifted: Vec<OrganizationSwitch>,
    /// The same, for policies that only observe.
    pub observed_drift: Vec<OrganizationSwitch>,
    /// Required, and not read.
    pub unknown: Vec<OrganizationSwitch>,
    /// One change for each switch that drifted: each is a call of its own cmdlet.
    pub changes: Vec<Change>,
}

pub(super) fn diff_organization(inputs: &Inputs) -> OrganizationFinding {
    let mut finding = OrganizationFinding { observed: inputs.organization, ..OrganizationFinding::default() };
    for (switch, order) in OrganizationSwitch::ALL.into_iter().zip(0..) {
        let Some(desire) = inputs.policies.organization(switch) else { continue };
        match (inputs.organization.get(switch), desire.mode) {
            (SwitchState::On, _) => {}
            (SwitchState::Unknown, _) => finding.unknown.push(switch),
            (SwitchState::Off, Mode::Observe) => finding.observed_drift.push(switch),
            (SwitchState::Off, Mode::Enforce) => {
                finding.drifted.push(switch);
                let planned = PlannedCorrection {
                    correction: Correction::SwitchOn(switch),
                    field: Field::from(switch),
                    // A switch that hides everything is repaired at once, whoever turned it off and when.
                    class: Class::Corrective,
                    cause: Cause::External,
                    before: "off".into(),
                    after: "on".into(),
                    consent: Consent::Given,
                    is_partial: false,
                    policies: desire
                        .contributions
                        .iter()
                        .map(|clause| Citation { policy: clause.policy.clone(), line: clause.line })
                        .collect(),
                };
                // A switch takes up to an hour to show; it is not written again before its time.
                let attempt = inputs.memory.switch_attempts.get(&Field::from(switch));
                if attempt.is_none_or(|attempt| attempt.quiet_until <= inputs.as_of) {
                    let change = Change::new(inputs.tenant, Object::Organization, order, vec![planned]);
                    finding.changes.extend(change);
                }
            }
        }
    }
    finding
}
