//! Which metrics move when an event is emitted: together with its line, so that both always agree.

use super::event::{CycleEnd, CycleEvent, DriftEvent, Event, MailboxEvent, ProcessEvent, ServiceEvent};
use super::metrics::{CorrectionOutcome, Metrics};

pub(super) fn count(metrics: &Metrics, event: &Event) {
    match event {
        Event::Process(ProcessEvent::PolicyLoaded { policy_revision, policies }) => {
            metrics.set_policies(*policy_revision, *policies);
            metrics.set_policies_rejected(false);
        }
        Event::Process(ProcessEvent::PolicyRejected { .. }) => metrics.set_policies_rejected(true),
        Event::Cycle(cycle, CycleEvent::Completed { end, at, elapsed, .. }) => {
            metrics.count_cycle(&cycle.tenant, cycle.lane, end.as_str(), *elapsed);
            if *end == CycleEnd::Complete {
                metrics.set_last_success(&cycle.tenant, cycle.lane, *at);
            }
        }
        Event::Cycle(cycle, CycleEvent::Failed { elapsed, .. }) => {
            metrics.count_cycle(&cycle.tenant, cycle.lane, "failed", *elapsed);
        }
        Event::Mailbox(cycle, _, MailboxEvent::Discovered(Some(age))) => {
            metrics.observe_age_at_discovery(&cycle.tenant, *age);
        }
        Event::Drift(drift, what) => {
            let tenant = &drift.cycle.tenant;
            let outcome = match what {
                DriftEvent::Corrected { time_to_protect } => {
                    if let Some(time) = time_to_protect {
                        metrics.observe_time_to_protect(tenant, *time);
                    }
                    CorrectionOutcome::Verified
                }
                DriftEvent::Unverified { .. } => CorrectionOutcome::Unverified,
                DriftEvent::CorrectionFailed(_) => CorrectionOutcome::Failed,
                _ => return,
            };
            metrics.count_correction(tenant, drift.field, drift.class, outcome);
        }
        Event::Service(ServiceEvent::Throttled { tenant, wait, .. }) => {
            metrics.count_throttled(tenant, *wait);
        }
        Event::Service(ServiceEvent::CredentialExpiring { tenant, expires_at, .. }) => {
            metrics.set_credential_expiry(tenant, *expires_at);
        }
        // The others are lines only; what they tell has gauges that are set with the view.
        _ => {}
    }
}
