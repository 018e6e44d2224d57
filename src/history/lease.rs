//! The right to write to a tenant: one process at a time on a machine, kept by a lock on a file beside
//! the database, so that the operating system frees it when its holder dies.

use std::any::Any;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::domain::TenantId;

/// The right to write to a tenant; given up when dropped.
pub struct WriterLease {
    tenant: TenantId,
    /// Whatever gives the right back when it is dropped.
    _guard: Box<dyn Any + Send + Sync>,
}

impl WriterLease {
    pub(super) fn new(tenant: TenantId, guard: impl Any + Send + Sync) -> Self {
        Self { tenant, _guard: Box::new(guard) }
    }

    /// The tenant that may be written to.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

impl fmt::Debug for WriterLease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WriterLease").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// `mailwarden.db.<tenant>.lock`: never deleted, since a deleted file can still be locked by the one who
/// opened it before, beside a new one of the same name.
fn path_of(database: &Path, tenant: TenantId) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(format!(".{tenant}.lock"));
    PathBuf::from(name)
}

/// The locked file; none where another holds the lock.
pub(super) fn lock(database: &Path, tenant: TenantId) -> std::io::Result<Option<File>> {
    let file = open_private(&path_of(database, tenant))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens or creates a file that only its owner may read: what lies here names mailboxes.
pub(super) fn open_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
