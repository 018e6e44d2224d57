//! The writer's queue: bounded, by priority, one entry an object. What a newer look wants replaces what an
//! older one wanted.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::domain::{AuditTier, Cause, ContentHash, Lane};
use crate::exchange::Population;
use crate::plan::{Change, Correction, Object};

/// How many objects may wait. What does not fit is found again by the next look.
pub(super) const QUEUE_CAPACITY: usize = 50_000;

/// Who goes first. In order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The tenant's switches: without them nothing else counts.
    Organization,
    /// Mailboxes that are new.
    New,
    /// Mailboxes whose auditing is not explicitly on.
    Off,
    /// Everything else.
    Lists,
}

impl Rank {
    /// The rank of an object's changes.
    pub fn of(changes: &[Change]) -> Self {
        let corrections = || changes.iter().flat_map(|change| &change.corrections);
        if changes.iter().any(|change| change.object == Object::Organization) {
            Self::Organization
        } else if corrections().any(|planned| planned.cause == Cause::NewMailbox) {
            Self::New
        } else if corrections().any(|planned| planned.correction == Correction::Enable) {
            Self::Off
        } else {
            Self::Lists
        }
    }
}

/// The changes of one object, in their order, with where they come from.
#[derive(Debug, Clone)]
pub struct Work {
    /// What is changed.
    pub object: Object,
    /// Its changes; never empty.
    pub changes: Vec<Change>,
    /// How the service lists the object.
    pub population: Population,
    /// The mailbox's tier; rejected actions are remembered with it.
    pub tier: AuditTier,
    /// What the journal and the events say beside them.
    pub origin: Origin,
}

/// Where work comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The cycle that found it.
    pub cycle_id: uuid::Uuid,
    /// The lane of that cycle.
    pub lane: Lane,
    /// The content of the policy set.
    pub policy_revision: ContentHash,
    /// When a look first held the object as new, for the time to its protection.
    pub discovered_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Who accepted what the guard would have held, and why.
    pub accepted: Option<Accepted>,
    /// The object's name for people.
    pub user_principal_name: Option<Box<str>>,
}

/// An operator's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It waits.
    Queued,
    /// It took the place of what an older look wanted.
    Replaced,
    /// The queue is full, or the object is being written right now; the next look finds it again.
    Refused,
}

#[derive(Debug, Default)]
struct Inner {
    work: HashMap<Object, (Rank, Work)>,
    order: BTreeMap<Rank, VecDeque<Object>>,
    /// Taken and not yet done: what a look says of them is older than what is being written.
    active: HashSet<Object>,
}

/// The queue of one tenant.
#[derive(Debug, Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    arrived: Notify,
}

impl Queue {
    /// Offers the changes of an object.
    pub fn offer(&self, mut work: Work) -> Offer {
        let rank = Rank::of(&work.changes);
        let mut inner = self.lock();
        let known = inner.work.get(&work.object).map(|(rank, _)| *rank);
        let is_full = known.is_none() && inner.work.len() >= QUEUE_CAPACITY;
        if is_full || inner.active.contains(&work.object) {
            return Offer::Refused;
        }
        if let Some((_, older)) = inner.work.get(&work.object) {
            // The wait for protection counts from the first look that held it.
            work.origin.discovered_at = older.origin.discovered_at.or(work.origin.discovered_at);
        }
        // A better rank is a second place in the order; the first that comes up takes the work.
        if known.is_none_or(|known| rank < known) {
            inner.order.entry(rank).or_default().push_back(work.object);
        }
        let rank = known.map_or(rank, |known| known.min(rank));
        inner.work.insert(work.object, (rank, work));
        drop(inner);
        self.arrived.notify_one();
        if known.is_some() { Offer::Replaced } else { Offer::Queued }
    }

    /// Takes back the work of an object, where it still waits: a newer look finds nothing to do.
    pub fn withdraw(&self, object: Object) -> Option<Work> {
        self.lock().work.remove(&object).map(|(_, work)| work)
    }

    /// The next work, where there is any. Its object takes no further work until [`Queue::done`].
    pub fn take(&self) -> Option<Work> {
        let mut inner = self.lock();
        let Inner { work, order, active } = &mut *inner;
        for objects in order.values_mut() {
            while let Some(object) = objects.pop_front() {
                if let Some((_, work)) = work.remove(&object) {
                    active.insert(object);
                    return Some(work);
                }
            }
        }
        None
    }

    /// The next work; waits for it. Cancel-safe: nothing is taken before it is returned.
    pub async fn next(&self) -> Work {
        loop {
            let arrived = self.arrived.notified();
            if let Some(work) = self.take() {
                return work;
            }
            arrived.await;
        }
    }

    /// Waits until there is work, and leaves it.
    pub(crate) async fn wait(&self) {
        loop {
            let arrived = self.arrived.notified();
            if !self.is_empty() {
                return;
            }
            arrived.await;
        }
    }

    /// Says that work which was taken is done, whatever came of it.
    pub fn done(&self, object: Object) {
        self.lock().active.remove(&object);
    }

    /// Forgets everything that waits; the next looks find it again.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.work.clear();
        inner.order.clear();
    }

    /// How many objects wait.
    pub fn len(&self) -> usize {
        self.lock().work.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic between two statements above leaves at worst a stale place in the order, which `take` skips.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
