//! Opening the database file: its permissions, whose it is, its schema. Only here is SQLite configured.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use refinery::{Migration, Runner};
use rusqlite::{Connection, OpenFlags};

use super::{ErrorKind, Fault};
use crate::history::lease;

/// Marks a file as ours ("mwdn"), so that a wrong path is refused before it is migrated.
const APPLICATION_ID: i64 = 0x6d77_646e;

/// How long to wait for another process that holds the database for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const MIGRATIONS: [(&str, &str); 1] = [("V1__initial", include_str!("migrations/V1__initial.sql"))];

/// The newest schema that this program knows.
const SCHEMA: i64 = MIGRATIONS.len() as i64;

pub(super) fn open(path: &Path) -> Result<Connection, Fault> {
    create_private(path)?;
    // Two processes that start together must not both migrate.
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let migrating = lease::open_private(Path::new(&lock_path))?;
    migrating.lock()?;

    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    check_owner(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    Ok(connection)
}

pub(super) fn open_read_only(path: &Path) -> Result<Connection, Fault> {
    if !path.try_exists()? {
        return Err(Fault::of(ErrorKind::Missing));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    check_owner(&connection)?;
    match schema_of(&connection)? {
        Some(SCHEMA) => Ok(connection),
        // Not migrated yet: for this reader there is no history so far.
        _ => Err(Fault::of(ErrorKind::Missing)),
    }
}

/// SQLite gives its other files the mode of the database. An existing file is not opened here: closing it
/// again would drop the locks that another connection of this process holds on it.
fn create_private(path: &Path) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn check_owner(connection: &Connection) -> Result<(), Fault> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_ours = id == APPLICATION_ID || (id == 0 && tables == 0);
    if !is_ours {
        return Err(Fault::of(ErrorKind::Foreign));
    }
    match schema_of(connection)? {
        Some(found) if found > SCHEMA => Err(Fault::of(ErrorKind::NewerSchema { found, known: SCHEMA })),
        _ => Ok(()),
    }
}

/// The version of the last migration; none before the first.
fn schema_of(connection: &Connection) -> Result<Option<i64>, Fault> {
    if !connection.table_exists(None, "refinery_schema_history")? {
        return Ok(None);
    }
    let sql = "SELECT max(version) FROM refinery_schema_history";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let failed = |error: refinery::Error| {
        // What SQLite said decides the kind; refinery wraps it.
        let kind = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<rusqlite::Error>())
            .and_then(rusqlite::Error::sqlite_error_code)
            .map_or(ErrorKind::Other, |code| match code {
                rusqlite::ErrorCode::DiskFull => ErrorKind::Full,
                rusqlite::ErrorCode::DatabaseBusy => ErrorKind::Busy,
                rusqlite::ErrorCode::ReadOnly => ErrorKind::ReadOnly,
                _ => ErrorKind::Other,
            });
        Fault { kind, source: Some(Box::new(error)) }
    };
    let migrations: Result<Vec<_>, _> =
        MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    Runner::new(&migrations.map_err(failed)?).run(connection).map_err(failed)?;
    Ok(())
}
