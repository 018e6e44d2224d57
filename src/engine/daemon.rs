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
use super::{Status, Tenant, events, resume, writer};
use crate::domain::{Mode, Organization};
use crate::history::{History, WriterLease};
use crate::policy::PolicySet;

/// How often the supervisor shows that it is alive.
const TICK: Duration = Duration::from_secs(5);

/// How long a tenant waits before it asks again for what it could not have.
const RETRY: Duration = Duration::from_secs(30);

/// Whether corrections are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// They are, where tenant and policies say so.
    Allowed,
    /// They are not: `--observe`.
    Never,
}

/// Runs every tenant until `stop`; returns when all writers have ended.
pub async fn run(
    tenants: Vec<Tenant>,
    policies: watch::Receiver<Option<Arc<PolicySet>>>,
    writing: Writing,
    status: Arc<Status>,
    stop: CancellationToken,
) {
    let mut all = JoinSet::new();
    for tenant in tenants {
        all.spawn(one_tenant(tenant, policies.clone(), writing, stop.clone()));
    }
    let clock = super::Clock::system();
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
    tenant: Tenant,
    mut policies: watch::Receiver<Option<Arc<PolicySet>>>,
    writing: Writing,
    stop: CancellationToken,
) {
    let first = tokio::select! {
        () = stop.cancelled() => return,
        first = policies.wait_for(Option::is_some) => first.ok().and_then(|set| set.clone()),
    };
    let Some(first) = first else { return };
    let history = tenant.history.clone();
    let writes = writing == Writing::Allowed && tenant.mode == Mode::Enforce;
    let writer = match (&history, writes) {
        (Some(history), true) => {
            tokio::select! {
                () = stop.cancelled() => return,
                writer = prepare(&tenant, history, &first) => Some(writer),
            }
        }
        _ => None,
    };
    let queue = writer.as_ref().map(|_| Arc::new(Queue::default()));
    let lanes = Arc::new(Lanes {
        tenant,
        policies,
        queue: queue.clone(),
        history,
        organization: Mutex::new(Organization::default()),
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(lanes::full(lanes.clone(), stop.clone()));
    tasks.spawn(lanes::new(lanes.clone(), stop.clone()));
    tasks.spawn(lanes::changed(lanes.clone(), stop.clone()));
    if let (Some((executor, _lease)), Some(queue)) = (&writer, queue) {
        writer::run(executor.clone(), queue, stop.clone()).await;
    }
    while tasks.join_next().await.is_some() {}
}

/// The right to write, and the memory to do it with. Asked for until it is had: meanwhile nothing is known
/// to be wrong with the tenant, and another process may be writing to it.
async fn prepare(
    tenant: &Tenant,
    history: &Arc<dyn History>,
    policies: &PolicySet,
) -> (Arc<Executor>, WriterLease) {
    loop {
        let ready = async {
            let lease = history.acquire_writer(tenant.id, holder("run")).await?;
            resume::resume(tenant, history, policies).await?;
            let executor = Executor::new(tenant.clone(), history.clone()).await?;
            Ok::<_, crate::history::Error>((Arc::new(executor), lease))
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
