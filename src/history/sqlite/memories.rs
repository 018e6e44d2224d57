//! The statements about what is remembered between looks: attempts, refusals, default sets, watermarks.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::value::{Sql, get};
use crate::domain::{DefaultSets, DefaultSource, TenantId};
use crate::history::{Attempt, DriftKey, FailedReturn, Rejection};

pub(super) fn attempts(db: &Connection, tenant: TenantId) -> Result<Vec<Attempt>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT object, field, desired, first_attempt_at, last_attempt_at, tries, status, next_try_at
         FROM attempt WHERE tenant = ?1",
    )?;
    let rows = statement.query_map(params![Sql(tenant)], |row| {
        Ok(Attempt {
            object: get(row, 0)?,
            field: get(row, 1)?,
            desired: row.get(2)?,
            first_attempt_at: get(row, 3)?,
            last_attempt_at: get(row, 4)?,
            tries: row.get(5)?,
            status: get(row, 6)?,
            next_try_at: get(row, 7)?,
        })
    })?;
    let mut attempts: Vec<Attempt> = rows.collect::<Result<_, _>>()?;
    attempts.sort_by_key(|attempt| (attempt.object, attempt.field));
    Ok(attempts)
}

pub(super) fn put_attempts(db: &Connection, tenant: TenantId, attempts: &[Attempt]) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO attempt (tenant, object, field, desired, first_attempt_at, last_attempt_at,
                                         tries, status, next_try_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for attempt in attempts {
        statement.execute(params![
            Sql(tenant),
            Sql(attempt.object),
            Sql(attempt.field),
            attempt.desired,
            Sql(attempt.first_attempt_at),
            Sql(attempt.last_attempt_at),
            attempt.tries,
            Sql(attempt.status),
            Sql(attempt.next_try_at)
        ])?;
    }
    Ok(())
}

pub(super) fn forget_attempts(db: &Connection, tenant: TenantId, keys: &[DriftKey]) -> Result<(), Fault> {
    let mut statement =
        db.prepare_cached("DELETE FROM attempt WHERE tenant = ?1 AND object = ?2 AND field = ?3")?;
    for (object, field) in keys {
        statement.execute(params![Sql(tenant), Sql(*object), Sql(*field)])?;
    }
    Ok(())
}

pub(super) fn put_rejections(db: &Connection, tenant: TenantId, list: &[Rejection]) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO rejection (tenant, mailbox, logon_type, action, tier, rejected_at, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for rejection in list {
        statement.execute(params![
            Sql(tenant),
            Sql(rejection.mailbox),
            Sql(rejection.kind),
            Sql(rejection.action.clone()),
            Sql(rejection.tier),
            Sql(rejection.rejected_at),
            rejection.text
        ])?;
    }
    Ok(())
}

pub(super) fn rejections(db: &Connection, tenant: TenantId) -> Result<Vec<Rejection>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT mailbox, logon_type, action, tier, rejected_at, text FROM rejection WHERE tenant = ?1",
    )?;
    let rows = statement.query_map(params![Sql(tenant)], |row| {
        Ok(Rejection {
            mailbox: get(row, 0)?,
            kind: get(row, 1)?,
            action: get(row, 2)?,
            tier: get(row, 3)?,
            rejected_at: get(row, 4)?,
            text: row.get(5)?,
        })
    })?;
    let mut list: Vec<Rejection> = rows.collect::<Result<_, _>>()?;
    list.sort_by(|a, b| (a.mailbox, a.kind, &a.action).cmp(&(b.mailbox, b.kind, &b.action)));
    Ok(list)
}

pub(super) fn forget_rejections(
    db: &Connection,
    tenant: TenantId,
    before: DateTime<Utc>,
) -> Result<u64, Fault> {
    let forgotten = db
        .prepare_cached("DELETE FROM rejection WHERE tenant = ?1 AND rejected_at < ?2")?
        .execute(params![Sql(tenant), Sql(before)])?;
    Ok(forgotten as u64)
}

pub(super) fn put_returns(db: &Connection, tenant: TenantId, list: &[FailedReturn]) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO failed_return (tenant, mailbox, logon_type, default_set)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for failed in list {
        statement.execute(params![
            Sql(tenant),
            Sql(failed.mailbox),
            Sql(failed.kind),
            Sql(failed.default_set)
        ])?;
    }
    Ok(())
}

pub(super) fn returns(db: &Connection, tenant: TenantId) -> Result<Vec<FailedReturn>, Fault> {
    let mut statement =
        db.prepare_cached("SELECT mailbox, logon_type, default_set FROM failed_return WHERE tenant = ?1")?;
    let rows = statement.query_map(params![Sql(tenant)], |row| {
        Ok(FailedReturn { mailbox: get(row, 0)?, kind: get(row, 1)?, default_set: get(row, 2)? })
    })?;
    let mut list: Vec<FailedReturn> = rows.collect::<Result<_, _>>()?;
    list.sort_by_key(|failed| (failed.mailbox, failed.kind));
    Ok(list)
}

pub(super) fn default_sets(db: &Connection, tenant: TenantId) -> Result<DefaultSets, Fault> {
    let mut sets = DefaultSets::from_table();
    let mut statement =
        db.prepare_cached("SELECT tier, logon_type, actions FROM default_set WHERE tenant = ?1")?;
    let mut rows = statement.query(params![Sql(tenant)])?;
    while let Some(row) = rows.next()? {
        sets.set_learned(get(row, 0)?, get(row, 1)?, get(row, 2)?);
    }
    Ok(sets)
}

pub(super) fn put_default_sets(db: &Connection, tenant: TenantId, sets: &DefaultSets) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM default_set WHERE tenant = ?1")?.execute(params![Sql(tenant)])?;
    let mut statement = db.prepare_cached(
        "INSERT INTO default_set (tenant, tier, logon_type, actions) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (tier, kind, set) in sets.iter().filter(|(_, _, set)| set.source == DefaultSource::Learned) {
        statement.execute(params![Sql(tenant), Sql(tier), Sql(kind), Sql(set.actions.clone())])?;
    }
    Ok(())
}

pub(super) fn value(db: &Connection, tenant: TenantId, key: &str) -> Result<Option<String>, Fault> {
    let value = db
        .prepare_cached("SELECT value FROM value WHERE tenant = ?1 AND key = ?2")?
        .query_row(params![Sql(tenant), key], |row| row.get(0))
        .optional()?;
    Ok(value)
}

pub(super) fn put_value(db: &Connection, tenant: TenantId, key: &str, value: &str) -> Result<(), Fault> {
    db.prepare_cached("INSERT OR REPLACE INTO value (tenant, key, value) VALUES (?1, ?2, ?3)")?
        .execute(params![Sql(tenant), key, value])?;
    Ok(())
}

pub(super) fn writer(db: &Connection, tenant: TenantId) -> Result<Option<String>, Fault> {
    let holder = db
        .prepare_cached("SELECT holder FROM writer WHERE tenant = ?1")?
        .query_row(params![Sql(tenant)], |row| row.get(0))
        .optional()?;
    Ok(holder)
}

pub(super) fn put_writer(db: &Connection, tenant: TenantId, holder: &str) -> Result<(), Fault> {
    db.prepare_cached("INSERT OR REPLACE INTO writer (tenant, holder) VALUES (?1, ?2)")?
        .execute(params![Sql(tenant), holder])?;
    Ok(())
}
