//! From what is and what should be to the smallest corrections. Pure: data in, data out; no IO, no clock.

mod change;
mod correction;
mod diff;
mod digest;
mod drift;
mod finding;
mod guard;
mod list;
mod memory;
mod organization;
mod planner;
#[cfg(test)]
mod tests;

pub use change::{Change, Citation, Consent, PlannedCorrection, describe_object, is_capped};
pub use correction::{Correction, Object};
pub use diff::{Frame, Sight, diff};
pub use digest::FORMAT_VERSION;
pub use finding::{Conflict, Drift, Finding, Frozen, Standing};
pub use guard::{Acceptance, Approved, GuardInputs, Held, Limits, Percent, SMALLEST_CAP, Verdict, judge};
pub use memory::{
    Attempt, AttemptStatus, Basis, LastComplete, Memory, REJECTIONS_OF_A_TIER, Rejections, default_set_hash,
};
pub use organization::OrganizationFinding;
pub use planner::{Detail, Inputs, Plan, Planner, Scope, StateCounts, ViewSummary};
