//! The history in one SQLite file. Opening it, and running work on it apart from the async threads, is
//! here; the statements are in the modules by subject.

mod cycles;
mod drifts;
mod journals;
mod memories;
mod opening;
mod port;
mod seen;
mod value;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::task::spawn_blocking;

use super::{Error, ErrorKind, Pending};

/// A history in one SQLite file, which several processes may have open.
///
/// Calls run one after another, each on a blocking thread in a transaction of its own. Every commit
/// reaches the disk before it is reported (`synchronous = FULL`), since an intent that a crash forgets is
/// worse than a slow one.
#[derive(Debug, Clone)]
pub struct SqliteHistory {
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
}

impl SqliteHistory {
    /// Opens the history, creating or migrating it where needed. The file is its owner's only.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path.into(), Access::Write).await
    }

    /// Opens the history to read, beside whoever writes to it. It must be there, and be of this program's
    /// schema.
    pub async fn open_read_only(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path.into(), Access::Read).await
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.store.path
    }

    async fn open_with(path: PathBuf, access: Access) -> Result<Self, Error> {
        const DOING: &str = "open the database";
        let place = path.display().to_string();
        let opened = spawn_blocking(move || {
            let connection = match access {
                Access::Write => opening::open(&path),
                Access::Read => opening::open_read_only(&path),
            };
            connection.map(|connection| Store { path, connection: Mutex::new(connection), access })
        });
        match opened.await {
            Ok(Ok(store)) => Ok(Self { store: Arc::new(store) }),
            Ok(Err(fault)) => Err(fault.told(DOING, place)),
            Err(panicked) => Err(Error::new(DOING, place, ErrorKind::Other).caused_by(panicked)),
        }
    }

    fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<'_, T> {
        self.run(doing, move |store| store.transact(TransactionBehavior::Deferred, work))
    }

    fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<'_, T> {
        self.run(doing, move |store| {
            store.check_writable()?;
            store.transact(TransactionBehavior::Immediate, work)
        })
    }

    fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Store) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let store = Arc::clone(&self.store);
            let place = || self.store.path.display().to_string();
            match spawn_blocking(move || work(&store)).await {
                Ok(done) => done.map_err(|fault| fault.told(doing, place())),
                Err(panicked) => Err(Error::new(doing, place(), ErrorKind::Other).caused_by(panicked)),
            }
        })
    }
}

impl Store {
    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // A panic while it was held has rolled its transaction back, so the connection is sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(behavior)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Without the check, a file that was deleted would be written on, unseen by everybody else.
    fn check_writable(&self) -> Result<(), Fault> {
        match (self.access, self.path.try_exists()) {
            (Access::Read, _) => Err(Fault::of(ErrorKind::ReadOnly)),
            (Access::Write, Ok(true)) => Ok(()),
            (Access::Write, Ok(false)) => Err(Fault::of(ErrorKind::Missing)),
            (Access::Write, Err(error)) => Err(error.into()),
        }
    }
}

/// An error on its way out, before it is known what was being done.
#[derive(Debug)]
struct Fault {
    kind: ErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    const fn of(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    fn told(self, doing: &'static str, place: String) -> Error {
        let error = Error::new(doing, place, self.kind);
        match self.source {
            Some(source) => error.caused_by(source),
            None => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => ErrorKind::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => ErrorKind::Denied,
            Some(ErrorCode::ReadOnly) => ErrorKind::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt) => ErrorKind::Corrupt,
            Some(ErrorCode::NotADatabase) => ErrorKind::Foreign,
            Some(_) => ErrorKind::Other,
            // Ours: a value that is not what its column holds.
            None => ErrorKind::Corrupt,
        };
        Self { kind, source: Some(Box::new(error)) }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self { kind: ErrorKind::Corrupt, source: Some(Box::new(error)) }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound => ErrorKind::Missing,
            Io::PermissionDenied => ErrorKind::Denied,
            Io::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            Io::StorageFull | Io::QuotaExceeded => ErrorKind::Full,
            _ => ErrorKind::Other,
        };
        Self { kind, source: Some(Box::new(error)) }
    }
}

#[cfg(test)]
mod tests;
