//! The daemon: every tenant with its lanes and its writer, until it is told to stop. One tenant that
//! fails never delays another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::executor::Executor;
use super::lanes::{self, Lanes};
use super::queue::Queue;
use super::{Clock, Status, Tenant, events, resume, writer};
use crate::domain::{Mode, Organization};
use crate::history::{History, WriterLease};
use crate::policy::PolicySet;

/// How often the supervisor shows that it is alive.
const TICK: Duration = Duration::from_secs(5);

/// How long a tenant waits before it asks again for what it could not have.
const RETRY: Duration = Duration::from_secs(30);

/// A tenant of the daemon.
#[derive(Debug)]
pub struct Member {
    /// The tenant.
    pub tenant: Tenant,
    /// The right to write to it. Without one it is only watched.
    pub lease: Option<WriterLease>,
}

/// Runs every tenant until `stop`; returns when all writers have ended.
pub async fn run(
    members: Vec<Member>,
    policies: watch::Receiver<Option<Arc<PolicySet>>>,
    status: Arc<Status>,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut all = JoinSet::new();
    for member in members {
        all.spawn(one_tenant(member, policies.clone(), stop.clone()));
    }
    loop {
        status.tick(clock.now());
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(TICK) => {}
        }
    }
    while all.join_next().await.is_some() {}
}

async fn one_tenant(
    member: Member,
    mut policies: watch::Receiver<Option<Arc<PolicySet>>>,
    stop: CancellationToken,
) {
    let Member { tenant, lease } = member;
    tenant.status.update(&tenant.name, |status| status.mode = Some(tenant.mode));
    let started_at = tenant.clock.now();
    let first = tokio::select! {
        () = stop.cancelled() => return,
        first = policies.wait_for(Option::is_some) => first.ok().and_then(|set| set.clone()),
    };
    let Some(first) = first else { return };
    let history = tenant.history.clone();
    let executor = match (&history, &lease) {
        (Some(history), Some(_)) if tenant.mode == Mode::Enforce => {
            tokio::select! {
                () = stop.cancelled() => return,
                executor = prepare(&tenant, history, &first) => Some(executor),
            }
        }
        _ => None,
    };
    let queue = executor.as_ref().map(|_| Arc::new(Queue::default()));
    let lanes = Arc::new(Lanes {
        tenant,
        policies,
        queue: queue.clone(),
        history,
        organization: Mutex::new(Organization::default()),
        started_at,
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(lanes::full(lanes.clone(), stop.clone()));
    tasks.spawn(lanes::new(lanes.clone(), stop.clone()));
    tasks.spawn(lanes::changed(lanes.clone(), stop.clone()));
    if let (Some(executor), Some(queue)) = (executor, queue) {
        writer::run(executor, queue, stop.clone()).await;
    }
    while tasks.join_next().await.is_some() {}
    // Given up only now, when nothing is written any more.
    drop(lease);
}

/// What an earlier process left open, resolved, and the memory to write with. Tried until it is had: what
/// cannot be remembered is not written.
async fn prepare(tenant: &Tenant, history: &Arc<dyn History>, policies: &PolicySet) -> Arc<Executor> {
    loop {
        let ready = async {
            resume::resume(tenant, history, policies, tenant.clock.now()).await?;
            Executor::new(tenant.clone(), history.clone()).await.map(Arc::new)
        };
        match ready.await {
            Ok(ready) => return ready,
            Err(error) => events::history_unavailable(tenant, &error),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Who holds the right to write, for whoever is refused meanwhile.
pub fn holder(verb: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("`mailwarden {verb}`, process {} on {}", std::process::id(), host.trim())
}
