//! The three lanes of a tenant: when each looks, and at what. What a cycle does is in `cycle`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cycle::{Cycle, Request, decide, remember};
use super::look::{LookError, Target};
use super::queue::Queue;
use super::resume::resume;
use super::{Tenant, events};
use crate::domain::{Lane, MailboxId, Mode, Organization};
use crate::history::{CycleOutcome, CycleRecord, DriftKey, History};
use crate::plan::Object;
use crate::policy::PolicySet;
use crate::telemetry::Failure;

/// The service returns this many rows a page: a standing set above it makes the new lane look at what was
/// created lately instead of reading page after page every half minute.
const STANDING_SET: u64 = 900;

/// How often the stored-off filter is asked while the standing set is large.
const LARGE_SET_PACE: TimeDelta = TimeDelta::minutes(5);

/// Watermarks are set back by this much: the directory's times arrive late.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// How many mailboxes are looked at again in one look of the changed lane.
const DUE_AT_ONCE: usize = 200;

/// The history's note of when the changed lane last looked completely.
const CHANGED_WATERMARK: &str = "changed_watermark";

/// After a failed cycle a lane waits at least this long, doubling to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(30);
const LONGEST_BACKOFF: Duration = Duration::from_secs(15 * 60);

/// What the lanes of a tenant share.
pub(super) struct Lanes {
    /// The tenant.
    pub tenant: Tenant,
    /// The policies in force; a change starts a full cycle.
    pub policies: watch::Receiver<Option<Arc<PolicySet>>>,
    /// Where approved work goes; none where nothing is written.
    pub queue: Option<Arc<Queue>>,
    /// What is remembered.
    pub history: Option<Arc<dyn History>>,
    /// The switches as last read.
    pub organization: Mutex<Organization>,
    /// When the daemon began with the tenant: what was left open before is not under way.
    pub started_at: DateTime<Utc>,
}

impl Lanes {
    fn organization(&self) -> Organization {
        *self.organization.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn policies(&self) -> Option<Arc<PolicySet>> {
        self.policies.borrow().clone()
    }

    /// One cycle in a task of its own, so that a panic in it is a failed cycle and not the end of the
    /// daemon. Says whether it was complete, and how many mailboxes it held.
    async fn cycle(self: &Arc<Self>, request: Request) -> Ended {
        let Some(policies) = self.policies() else { return Ended::Failed };
        let lanes = self.clone();
        let started_at = self.tenant.clock.now();
        events::started(&self.tenant, &request);
        let in_task = request.clone();
        let task = AbortOnDrop(tokio::spawn(async move { lanes.cycle_in_task(&policies, &in_task).await }));
        let failure = match task.await {
            Ok(Ok(ended)) => return ended,
            Ok(Err(error)) => events::failure_of_look(&error),
            Err(panic) => events::failure_of_panic(&panic),
        };
        self.failed(&request, started_at, failure).await;
        Ended::Failed
    }

    async fn cycle_in_task(&self, policies: &PolicySet, request: &Request) -> Result<Ended, LookError> {
        let cycle = match decide(&self.tenant, policies, request).await {
            Err(LookError::History(error)) => {
                events::history_unavailable(&self.tenant, &error);
                let forgetful = Tenant { history: None, ..self.tenant.clone() };
                let cycle = decide(&forgetful, policies, request).await?;
                events::unremembered(&self.tenant, request, &cycle);
                return Ok(self.ended(request, &cycle));
            }
            decided => decided?,
        };
        let ended = self.ended(request, &cycle);
        if self.remembered(request, &cycle).await
            && let Some(queue) = &self.queue
        {
            // What the queue refuses is being written, or is found again by the next look.
            for work in cycle.work {
                queue.offer(work);
            }
            events::queue_length(&self.tenant, queue.len());
        }
        Ok(ended)
    }

    /// Whether the cycle is in the history: what cannot be recorded is not done. What was observed is said
    /// all the same.
    async fn remembered(&self, request: &Request, cycle: &Cycle) -> bool {
        let result = match &self.history {
            Some(history) => remember(&self.tenant, history, cycle, request).await,
            None => {
                events::unremembered(&self.tenant, request, cycle);
                return false;
            }
        };
        match result {
            Ok(()) => {
                self.tenant.status.set_history(None);
                true
            }
            Err(LookError::History(error)) => {
                events::history_unavailable(&self.tenant, &error);
                events::unremembered(&self.tenant, request, cycle);
                false
            }
            Err(_) => false,
        }
    }

    fn ended(&self, request: &Request, cycle: &Cycle) -> Ended {
        let plan = &cycle.looked.plan;
        if request.organization.is_none() {
            *self.organization.lock().unwrap_or_else(PoisonError::into_inner) = plan.organization.observed;
        }
        Ended::Looked {
            complete: cycle.is_complete(),
            examined: plan.view.examined,
            started_at: cycle.looked.started_at,
        }
    }

    /// Resolves what an earlier process left open and could not be looked at when this one started.
    async fn resume(&self) {
        let (Some(history), Some(policies), Some(_)) = (&self.history, self.policies(), &self.queue) else {
            return;
        };
        if let Err(error) = resume(&self.tenant, history, &policies, self.started_at).await {
            events::history_unavailable(&self.tenant, &error);
        }
    }

    /// Mailboxes that were written without success and whose time has come again: the filters of the fast
    /// lanes show them only by chance, and the full lane is hours away.
    async fn due_again(&self) -> Vec<MailboxId> {
        let (Some(history), Some(_)) = (&self.history, &self.queue) else { return Vec::new() };
        let (tenant, now) = (self.tenant.id, self.tenant.clock.now());
        let (Ok(open), Ok(attempts)) = (history.open_drift(tenant).await, history.attempts(tenant).await)
        else {
            return Vec::new();
        };
        let quiet: BTreeSet<DriftKey> = attempts
            .into_iter()
            .filter(|attempt| attempt.next_try_at > now)
            .map(|attempt| (attempt.object, attempt.field))
            .collect();
        let due = open.into_iter().filter(|drift| {
            let tried = drift.row.mode == Mode::Enforce && drift.first_attempt_at.is_some();
            tried && !quiet.contains(&drift.row.key())
        });
        let ids: BTreeSet<MailboxId> = due
            .filter_map(|drift| match drift.row.object {
                Object::Mailbox(id) => Some(id),
                Object::Organization => None,
            })
            .collect();
        ids.into_iter().take(DUE_AT_ONCE).collect()
    }

    async fn failed(&self, request: &Request, started_at: DateTime<Utc>, failure: Failure) {
        let error = failure.text.clone();
        events::failed(&self.tenant, request, started_at, failure);
        let (Some(history), Some(policies)) = (&self.history, self.policies()) else { return };
        let record = CycleRecord {
            tenant: self.tenant.id,
            cycle_id: request.id,
            lane: request.lane,
            started_at,
            finished_at: self.tenant.clock.now(),
            outcome: CycleOutcome::Failed,
            examined: 0,
            corrected: 0,
            unknown: 0,
            edges: 0,
            policy_revision: policies.revision(),
            error: Some(error),
        };
        if let Err(error) = history.record_cycle(record).await {
            events::history_unavailable(&self.tenant, &error);
        }
    }
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It looked.
    Looked {
        /// At everything that it was to look at.
        complete: bool,
        /// At so many mailboxes.
        examined: u64,
        /// From then on.
        started_at: DateTime<Utc>,
    },
    /// It did not.
    Failed,
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> std::future::Future for AbortOnDrop<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(context)
    }
}

/// How long to wait after failures in a row.
struct Backoff(Duration);

impl Backoff {
    const fn none() -> Self {
        Self(Duration::ZERO)
    }

    fn after(&mut self, ended: Ended) -> Duration {
        self.0 = match ended {
            Ended::Looked { .. } => Duration::ZERO,
            Ended::Failed => (self.0 * 2).clamp(FIRST_BACKOFF, LONGEST_BACKOFF),
        };
        self.0
    }
}

/// The full lane: at start, on its schedule, and whenever the policies change.
pub(super) async fn full(lanes: Arc<Lanes>, stop: CancellationToken) {
    let mut changes = lanes.policies.clone();
    let mut backoff = Backoff::none();
    tokio::time::sleep(lanes.tenant.pace.jitter).await;
    loop {
        changes.borrow_and_update();
        let request = Request::new(Lane::Full, Target::Everything);
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = lanes.cycle(request) => ended,
        };
        if matches!(ended, Ended::Looked { .. }) {
            lanes.resume().await;
        }
        let now = lanes.tenant.clock.now();
        let scheduled = lanes
            .tenant
            .pace
            .full
            .next_after(now)
            .map_or(LONGEST_BACKOFF, |next| (next - now).to_std().unwrap_or(Duration::ZERO));
        let retry = backoff.after(ended);
        let wait = if retry.is_zero() { scheduled } else { retry.min(scheduled) };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            Ok(()) = changes.changed() => {}
        }
    }
}

/// The new lane: whatever is stored as off, every half minute; one small request on a converged tenant.
pub(super) async fn new(lanes: Arc<Lanes>, stop: CancellationToken) {
    let mut backoff = Backoff::none();
    let mut standing = 0;
    let mut asked_at = lanes.tenant.clock.now();
    let mut created_since = asked_at;
    loop {
        let wait = lanes.tenant.pace.new;
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(wait) => {} }
        let now = lanes.tenant.clock.now();
        let large = standing > STANDING_SET && now - asked_at < LARGE_SET_PACE;
        let target = if large { Target::CreatedSince(created_since - OVERLAP) } else { Target::StoredOff };
        let request = Request { organization: Some(lanes.organization()), ..Request::new(Lane::New, target) };
        let ended = tokio::select! { () = stop.cancelled() => return, ended = lanes.cycle(request) => ended };
        if let Ended::Looked { complete, examined, started_at } = ended {
            if !large {
                standing = examined;
                asked_at = now;
            }
            if complete {
                created_since = started_at;
            }
        }
        let retry = backoff.after(ended);
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(retry) => {} }
    }
}

/// The changed lane: what changed since it last looked, and the tenant's switches.
pub(super) async fn changed(lanes: Arc<Lanes>, stop: CancellationToken) {
    let mut backoff = Backoff::none();
    let mut watermark = changed_watermark(&lanes).await;
    loop {
        let wait = lanes.tenant.pace.changed;
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(wait) => {} }
        let request = Request::new(Lane::Changed, Target::ChangedSince(watermark - OVERLAP));
        let ended = tokio::select! { () = stop.cancelled() => return, ended = lanes.cycle(request) => ended };
        let due = lanes.due_again().await;
        if !due.is_empty() {
            let organization = Some(lanes.organization());
            let request = Request { organization, ..Request::new(Lane::Changed, Target::These(due)) };
            tokio::select! { () = stop.cancelled() => return, _ = lanes.cycle(request) => {} }
        }
        if let Ended::Looked { complete: true, started_at, .. } = ended {
            watermark = started_at;
            if let Some(history) = &lanes.history {
                let text = watermark.to_rfc3339();
                if let Err(error) = history.put_value(lanes.tenant.id, CHANGED_WATERMARK, text).await {
                    events::history_unavailable(&lanes.tenant, &error);
                }
            }
        }
        let retry = backoff.after(ended);
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(retry) => {} }
    }
}

/// Where the changed lane left off, at most a day ago: what is older is the full lane's.
async fn changed_watermark(lanes: &Lanes) -> DateTime<Utc> {
    let now = lanes.tenant.clock.now();
    let kept = match &lanes.history {
        Some(history) => history.value(lanes.tenant.id, CHANGED_WATERMARK).await.ok().flatten(),
        None => None,
    };
    let kept = kept.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    kept.map_or(now, |kept| kept.with_timezone(&Utc)).clamp(now - TimeDelta::days(1), now)
}
