//! The statements about cycles.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Fault;
use super::value::{Sql, get};
use crate::domain::{Lane, TenantId};
use crate::history::{CycleDay, CycleOutcome, CycleRecord, LastComplete};

const DAY_COLUMNS: &str = "lane, outcome, day, count, first_at, last_started_at, last_at, population, \
                           corrected, policy_revision, error";

pub(super) fn record(db: &Connection, record: &CycleRecord) -> Result<(), Fault> {
    let known = db
        .prepare_cached(&format!(
            "SELECT {DAY_COLUMNS} FROM cycle_day WHERE tenant = ?1 AND lane = ?2 AND outcome = ?3 AND day = ?4"
        ))?
        .query_row(
            params![Sql(record.tenant), Sql(record.lane), Sql(record.outcome), Sql(record.day())],
            day,
        )
        .optional()?;
    let day = match known {
        Some(day) => day.and(record),
        None => CycleDay::of(record),
    };
    put_day(db, record.tenant, &day)?;
    if !record.quiet() {
        put(db, record)?;
    }
    Ok(())
}

fn put_day(db: &Connection, tenant: TenantId, day: &CycleDay) -> Result<(), Fault> {
    db.prepare_cached(&format!(
        "INSERT OR REPLACE INTO cycle_day (tenant, {DAY_COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    ))?
    .execute(params![
        Sql(tenant),
        Sql(day.lane),
        Sql(day.outcome),
        Sql(day.day),
        Sql(day.count),
        Sql(day.first_at),
        Sql(day.last_started_at),
        Sql(day.last_at),
        Sql(day.population),
        Sql(day.corrected),
        Sql(day.policy_revision),
        day.error
    ])?;
    Ok(())
}

fn put(db: &Connection, record: &CycleRecord) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO cycle (tenant, cycle_id, lane, started_at, finished_at, outcome, examined,
                                       corrected, unknown, edges, policy_revision, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        Sql(record.tenant),
        Sql(record.cycle_id),
        Sql(record.lane),
        Sql(record.started_at),
        Sql(record.finished_at),
        Sql(record.outcome),
        Sql(record.examined),
        Sql(record.corrected),
        Sql(record.unknown),
        Sql(record.edges),
        Sql(record.policy_revision),
        record.error
    ])?;
    Ok(())
}

pub(super) fn last_complete(
    db: &Connection,
    tenant: TenantId,
    lane: Lane,
) -> Result<Option<LastComplete>, Fault> {
    let last = db
        .prepare_cached(
            "SELECT last_started_at, last_at, population, policy_revision FROM cycle_day
             WHERE tenant = ?1 AND lane = ?2 AND outcome = ?3 ORDER BY last_at DESC LIMIT 1",
        )?
        .query_row(params![Sql(tenant), Sql(lane), Sql(CycleOutcome::Complete)], |row| {
            Ok(LastComplete {
                started_at: get(row, 0)?,
                at: get(row, 1)?,
                population: get(row, 2)?,
                policy_revision: get(row, 3)?,
            })
        })
        .optional()?;
    Ok(last)
}

pub(super) fn list(
    db: &Connection,
    tenant: TenantId,
    since: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<CycleRecord>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT cycle_id, lane, started_at, finished_at, outcome, examined, corrected, unknown, edges,
                policy_revision, error
         FROM cycle WHERE tenant = ?1 AND finished_at >= ?2 ORDER BY finished_at DESC, cycle_id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![Sql(tenant), Sql(since), Sql(limit as u64)], |row| {
        Ok(CycleRecord {
            tenant,
            cycle_id: get(row, 0)?,
            lane: get(row, 1)?,
            started_at: get(row, 2)?,
            finished_at: get(row, 3)?,
            outcome: get(row, 4)?,
            examined: get(row, 5)?,
            corrected: get(row, 6)?,
            unknown: get(row, 7)?,
            edges: get(row, 8)?,
            policy_revision: get(row, 9)?,
            error: row.get(10)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn days(db: &Connection, tenant: TenantId, since: NaiveDate) -> Result<Vec<CycleDay>, Fault> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {DAY_COLUMNS} FROM cycle_day WHERE tenant = ?1 AND day >= ?2"))?;
    let rows = statement.query_map(params![Sql(tenant), Sql(since)], day)?;
    let mut days: Vec<CycleDay> = rows.collect::<Result<_, _>>()?;
    days.sort_by_key(|day| (day.day, day.lane, day.outcome));
    Ok(days)
}

fn day(row: &Row<'_>) -> rusqlite::Result<CycleDay> {
    Ok(CycleDay {
        lane: get(row, 0)?,
        outcome: get(row, 1)?,
        day: get(row, 2)?,
        count: get(row, 3)?,
        first_at: get(row, 4)?,
        last_started_at: get(row, 5)?,
        last_at: get(row, 6)?,
        population: get(row, 7)?,
        corrected: get(row, 8)?,
        policy_revision: get(row, 9)?,
        error: row.get(10)?,
    })
}
