//! The one writer of a tenant: drains the queue, a few calls at a time, and looks whether they took
//! effect. What a call is made of is `executor`'s.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::events;
use super::executor::{Executor, Stop, Tally};
use super::queue::{Queue, Work};
use super::verify::{self, VERIFY_PACE, Verified};
use crate::history::History;
use crate::plan::Object;

/// Calls under way at once. The governor paces them; several are needed since each takes about a second.
const CALLS_AT_ONCE: usize = 4;

/// How many mailboxes the first intentional run on a tenant writes before it goes on.
const FIRST: usize = 5;

/// How long nothing is written after the service or the history refused.
const PAUSE: Duration = Duration::from_secs(30);

/// How long nothing is written after the first writes did not show.
const UNPROVEN_PAUSE: Duration = Duration::from_secs(15 * 60);

/// How long a shutdown waits for calls under way.
pub(super) const SHUTDOWN_WAIT: Duration = Duration::from_secs(8);

/// The history's note that a write to this tenant was once seen to take effect.
const PROVEN: &str = "writes_proven";

/// What draining came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Calls.
    pub tally: Tally,
    /// What verification said.
    pub verified: Verified,
    /// Whether it stopped because the first writes did not show.
    pub unproven: bool,
}

impl std::ops::AddAssign<Tally> for Drained {
    fn add_assign(&mut self, tally: Tally) {
        self.tally.written += tally.written;
        self.tally.failed += tally.failed;
        self.tally.rejected += tally.rejected;
    }
}

/// Writes everything that waits, verifies all of it, and returns. `progress` hears of each object.
///
/// The first run on a tenant writes five, and goes on only where at least one of them shows: a service
/// that accepts and ignores writes must not be sent thousands.
pub async fn drain(
    executor: &Arc<Executor>,
    queue: &Queue,
    progress: &mut (dyn FnMut() + Send),
) -> Result<Drained, Stop> {
    let mut drained = Drained::default();
    let (tenant, history) = (executor.tenant().id, executor.history());
    if history.value(tenant, PROVEN).await?.is_none() && queue.len() > FIRST {
        prove(executor, queue, &mut drained, progress).await?;
        if drained.unproven {
            return Ok(drained);
        }
    }
    drain_some(executor, queue, usize::MAX, &mut drained, progress).await?;
    verify::settle(executor).await?;
    drained.verified = executor.verified();
    if drained.verified.verified > 0 {
        history.put_value(tenant, PROVEN, executor.tenant().clock.now().to_rfc3339()).await?;
    }
    Ok(drained)
}

/// Writes the first few and waits until they show, or do not.
async fn prove(
    executor: &Arc<Executor>,
    queue: &Queue,
    drained: &mut Drained,
    progress: &mut (dyn FnMut() + Send),
) -> Result<(), Stop> {
    drain_some(executor, queue, FIRST, drained, progress).await?;
    verify::settle(executor).await?;
    drained.verified = executor.verified();
    drained.unproven = drained.verified.verified == 0 && drained.tally.written > 0;
    if drained.verified.verified > 0 {
        let now = executor.tenant().clock.now().to_rfc3339();
        executor.history().put_value(executor.tenant().id, PROVEN, now).await?;
    }
    Ok(())
}

/// The daemon's first writes on a tenant: goes on only once one of them was seen to take effect.
async fn prove_before_all(executor: &Arc<Executor>, queue: &Queue) {
    let (tenant, history) = (executor.tenant(), executor.history());
    loop {
        match history.value(tenant.id, PROVEN).await {
            Ok(Some(_)) => return,
            Ok(None) => queue.wait().await,
            Err(error) => events::history_unavailable(tenant, &error),
        }
        let mut drained = Drained::default();
        match prove(executor, queue, &mut drained, &mut || {}).await {
            Ok(()) if !drained.unproven => continue,
            Ok(()) => events::unproven(tenant),
            Err(reason) => events::writing_stopped(tenant, &reason),
        }
        queue.clear();
        tokio::time::sleep(if drained.unproven { UNPROVEN_PAUSE } else { PAUSE }).await;
    }
}

async fn drain_some(
    executor: &Arc<Executor>,
    queue: &Queue,
    most: usize,
    drained: &mut Drained,
    progress: &mut (dyn FnMut() + Send),
) -> Result<(), Stop> {
    let mut calls: JoinSet<(Work, Result<Tally, Stop>)> = JoinSet::new();
    let mut begun = 0;
    let mut stopped = None;
    loop {
        // The organization's switch is done before anything beside it begins.
        let mut alone = false;
        while stopped.is_none() && !alone && calls.len() < CALLS_AT_ONCE && begun < most {
            let Some(work) = queue.take() else { break };
            begun += 1;
            alone = work.object == Object::Organization;
            let executor = executor.clone();
            calls.spawn(async move {
                let result = executor.execute(&work).await;
                (work, result)
            });
        }
        match calls.join_next().await {
            None => return stopped.map_or(Ok(()), Err),
            Some(Err(_)) => drained.tally.failed += 1,
            Some(Ok((work, result))) => {
                queue.done(work.object);
                match result {
                    Ok(tally) => *drained += tally,
                    // Calls under way are waited for: to drop them would leave open whether they happened.
                    Err(reason) => stopped = Some(reason),
                }
                progress();
            }
        }
        // While calls go on, what was written a moment ago is looked at.
        if stopped.is_none() {
            verify::look_in_groups(executor).await?;
        }
    }
}

/// The daemon's writer: drains for ever, and looks at what it wrote, until it is told to stop. Then it
/// takes nothing new, and waits a while for calls under way; their intents stay open in the journal.
pub(super) async fn run(executor: Arc<Executor>, queue: Arc<Queue>, stop: CancellationToken) {
    let looking = tokio::spawn(look_for_ever(executor.clone(), stop.clone()));
    tokio::select! {
        () = stop.cancelled() => return,
        () = prove_before_all(&executor, &queue) => {}
    }
    let mut calls: JoinSet<Result<Tally, Stop>> = JoinSet::new();
    let mut alone = false;
    loop {
        alone &= !calls.is_empty();
        let free = !alone && calls.len() < CALLS_AT_ONCE;
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(done) = calls.join_next() => {
                if let Ok(Err(reason)) = done {
                    events::writing_stopped(executor.tenant(), &reason);
                    queue.clear();
                    tokio::select! { () = stop.cancelled() => break, () = tokio::time::sleep(PAUSE) => {} }
                }
            }
            work = queue.next(), if free => {
                alone = work.object == Object::Organization;
                let (executor, taken) = (executor.clone(), Taken(queue.clone(), work.object));
                calls.spawn(async move {
                    let result = executor.execute(&work).await;
                    drop(taken);
                    result
                });
            }
        }
        events::queue_length(executor.tenant(), queue.len());
    }
    let all = async { while calls.join_next().await.is_some() {} };
    // What is still under way then is aborted with the set, and found as an open intent at the next start.
    let _ = tokio::time::timeout(SHUTDOWN_WAIT, all).await;
    looking.abort();
}

/// An object that was taken from the queue, until its call has ended, by a panic too.
struct Taken(Arc<Queue>, Object);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.done(self.1);
    }
}

async fn look_for_ever(executor: Arc<Executor>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(VERIFY_PACE) => {}
        }
        if !verify::has_pending(&executor) {
            continue;
        }
        if let Err(reason) = verify::look(&executor).await {
            events::writing_stopped(executor.tenant(), &reason);
        }
    }
}

/// The history that an executor writes to.
impl Executor {
    /// The tenant that is written to.
    pub const fn tenant(&self) -> &super::Tenant {
        &self.tenant
    }

    fn history(&self) -> &dyn History {
        &*self.history
    }

    /// What verification came to since this executor was made.
    fn verified(&self) -> Verified {
        *self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
