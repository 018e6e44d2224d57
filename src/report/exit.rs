//! What a process says by its exit code. The code of an error, 1, is its caller's: there is no plan then.

use super::TenantPlan;
use crate::domain::State;
use crate::plan::{Finding, Standing};

/// The exit codes, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Done,
    /// There is drift that would be corrected; only where asked for.
    Drift,
    /// Something is unknown, unverified or in conflict.
    Incomplete,
    /// The guard holds something.
    Held,
    /// Usage, configuration, policies, service.
    Error,
}

impl ExitCode {
    /// The number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Drift => 2,
            Self::Held => 3,
            Self::Incomplete => 4,
        }
    }
}

/// Whether drift alone makes a code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitDetail {
    /// No: a plan with drift was made, and that is done.
    Plain,
    /// Yes: `--detailed-exitcode`.
    Detailed,
}

/// The exit code of plans: held before incomplete before drift. Every field of every mailbox counts, whatever
/// the one state that the mailbox is listed under.
pub fn exit_code(tenants: &[TenantPlan<'_>], detail: ExitDetail) -> ExitCode {
    let codes = tenants.iter().map(|tenant| of_tenant(tenant, detail));
    codes.max().unwrap_or(ExitCode::Done)
}

fn of_tenant(tenant: &TenantPlan<'_>, detail: ExitDetail) -> ExitCode {
    let plan = tenant.plan;
    if tenant.verdict.holds_anything() || plan.findings.iter().any(|finding| !finding.held.is_empty()) {
        return ExitCode::Held;
    }
    let incomplete = !plan.view.is_complete()
        || plan.count(State::Unknown) > 0
        || !plan.organization.unknown.is_empty()
        || plan.findings.iter().any(is_incomplete);
    if incomplete {
        return ExitCode::Incomplete;
    }
    // What waits for its time or is refused was incomplete already: the rest is there to be corrected.
    let drifted = !plan.organization.drifted.is_empty()
        || plan.findings.iter().any(|finding| !finding.drifts.is_empty());
    if drifted && detail == ExitDetail::Detailed { ExitCode::Drift } else { ExitCode::Done }
}

fn is_incomplete(finding: &Finding) -> bool {
    !finding.unknown.is_empty()
        || !finding.conflicts.is_empty()
        || finding.drifts.iter().any(|drift| drift.standing != Standing::ToCorrect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{Sample, baseline_drift};

    fn code(sample: &Sample, detail: ExitDetail) -> u8 {
        exit_code(&[sample.tenant()], detail).number()
    }

    #[test]
    fn drift_is_a_code_of_its_own_only_where_asked_for() {
        let sample = Sample::new(&baseline_drift());
        assert_eq!(code(&sample, ExitDetail::Plain), 0);
        assert_eq!(code(&sample, ExitDetail::Detailed), 2);
        let synced = Sample::new(&[]);
        assert_eq!(code(&synced, ExitDetail::Detailed), 0);
        assert_eq!(exit_code(&[], ExitDetail::Detailed), ExitCode::Done);
    }

    #[test]
    fn held_comes_before_incomplete_before_drift() {
        let mut sample = Sample::new(&baseline_drift());
        sample.plan.view.unknown = 1;
        assert_eq!(code(&sample, ExitDetail::Detailed), 4);
        assert_eq!(code(&sample, ExitDetail::Plain), 4);
        sample.hold();
        assert_eq!(code(&sample, ExitDetail::Plain), 3);
        let calm = Sample::new(&[]);
        assert_eq!(exit_code(&[calm.tenant(), sample.tenant()], ExitDetail::Plain), ExitCode::Held);
    }

    #[test]
    fn a_field_counts_whatever_the_state_of_its_mailbox() {
        let mut sample = Sample::new(&baseline_drift());
        let finding =
            sample.plan.findings.iter_mut().find(|finding| finding.state == State::ToCorrect).unwrap();
        finding.drifts[0].standing = Standing::Unverified;
        assert_eq!(code(&sample, ExitDetail::Plain), 4);
        let mut sample = Sample::new(&baseline_drift());
        sample.plan.findings[0].unknown.push(crate::domain::Field::Owner);
        assert_eq!(code(&sample, ExitDetail::Plain), 4);
    }
}
