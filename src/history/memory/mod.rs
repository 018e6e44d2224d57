//! The history in memory: for tests and demonstrations, where nothing is to outlive the process. It is
//! the plain model that the SQLite store is held to.

mod port;
mod tenant;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::TenantId;

use super::{Error, ErrorKind, Pending};
use tenant::Memory;

/// What errors call this store.
const PLACE: &str = "memory";

/// A history that ends with the process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryHistory {
    store: Arc<Mutex<Store>>,
}

#[derive(Debug, Default)]
struct Store {
    tenants: BTreeMap<TenantId, Memory>,
    writers: BTreeMap<TenantId, String>,
    broken: Option<ErrorKind>,
}

impl MemoryHistory {
    /// An empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call fails in this way; none ends it.
    pub fn break_with(&self, kind: Option<ErrorKind>) {
        self.lock().broken = kind;
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Store) -> Result<T, ErrorKind> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let mut store = self.lock();
            match store.broken.clone() {
                Some(kind) => Err(Error::new(doing, PLACE, kind)),
                None => work(&mut store).map_err(|kind| Error::new(doing, PLACE, kind)),
            }
        })
    }

    fn of<T: Send + 'static>(
        &self,
        tenant: TenantId,
        doing: &'static str,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Pending<'_, T> {
        self.with(doing, move |store| Ok(work(store.of(tenant))))
    }
}

impl Store {
    fn of(&mut self, tenant: TenantId) -> &mut Memory {
        self.tenants.entry(tenant).or_insert_with(|| Memory::new(tenant))
    }
}

/// Gives the right to write back.
struct WriterGuard {
    store: Arc<Mutex<Store>>,
    tenant: TenantId,
}

impl Drop for WriterGuard {
    fn drop(&mut self) {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).writers.remove(&self.tenant);
    }
}

/// Sorted, each once.
fn sorted<T: Ord>(items: Vec<T>) -> BTreeSet<T> {
    items.into_iter().collect()
}
