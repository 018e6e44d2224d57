//! The statements about drift; its rules are in `history::drift`.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Params, Row, params};

use super::Fault;
use super::value::{Sql, get, get_opt};
use crate::domain::TenantId;
use crate::history::drift::{self, OpenDrift};
use crate::history::{ClosedHow, DriftEdge, DriftInterval, DriftKey, DriftRow, Examined, Look, WriteOutcome};
use crate::plan::Object;

/// Up to here the open drifts of a look's mailboxes are fetched one by one, above it all at once.
const FEW: usize = 2_000;

const COLUMNS: &str = "drift_id, object, field, cause, class, mode, observed, desired, missing, extra, \
                       policies, policy_revision, opened_at, first_attempt_at, written_at, \
                       persisting_since, last_reminder_at, closed_at, closed_how";

pub(super) fn reconcile(
    db: &Connection,
    tenant: TenantId,
    look: &Look,
    found: Vec<DriftRow>,
) -> Result<Vec<DriftEdge>, Fault> {
    let open = match &look.examined {
        Examined::These(ids) if ids.len() <= FEW => {
            let mut open = OpenDrift::new();
            for object in ids.iter().copied().map(Object::Mailbox).chain([Object::Organization]) {
                open.extend(open_of(db, tenant, object)?.into_iter().map(|drift| (drift.row.key(), drift)));
            }
            open
        }
        _ => open(db, tenant)?.into_iter().map(|drift| (drift.row.key(), drift)).collect(),
    };
    let edges = drift::reconcile(tenant, &open, look, found);
    for edge in &edges {
        put(db, tenant, &edge.drift)?;
    }
    Ok(edges)
}

pub(super) fn note_attempted(
    db: &Connection,
    tenant: TenantId,
    keys: &[DriftKey],
    at: DateTime<Utc>,
    outcome: WriteOutcome,
) -> Result<(), Fault> {
    let written_at = (!WriteOutcome::WITHOUT_EFFECT.contains(&outcome)).then_some(Sql(at));
    let mut statement = db.prepare_cached(
        "UPDATE drift SET first_attempt_at = coalesce(first_attempt_at, ?4),
                          written_at = coalesce(?5, written_at)
         WHERE tenant = ?1 AND object = ?2 AND field = ?3 AND closed_at IS NULL",
    )?;
    for (object, field) in keys {
        statement.execute(params![Sql(tenant), Sql(*object), Sql(*field), Sql(at), written_at])?;
    }
    Ok(())
}

pub(super) fn close(
    db: &Connection,
    tenant: TenantId,
    keys: Vec<DriftKey>,
    at: DateTime<Utc>,
    how: ClosedHow,
) -> Result<Vec<DriftEdge>, Fault> {
    let mut edges = Vec::new();
    for (object, field) in keys {
        for drift in open_of(db, tenant, object)?.into_iter().filter(|drift| drift.row.field == field) {
            let edge = drift::close(drift, at, how);
            put(db, tenant, &edge.drift)?;
            edges.push(edge);
        }
    }
    Ok(edges)
}

pub(super) fn open(db: &Connection, tenant: TenantId) -> Result<Vec<DriftInterval>, Fault> {
    let mut drifts = query(db, "closed_at IS NULL", params![Sql(tenant)])?;
    drifts.sort_by_key(|drift| drift.row.key());
    Ok(drifts)
}

pub(super) fn of_object(
    db: &Connection,
    tenant: TenantId,
    object: Object,
    limit: usize,
) -> Result<Vec<DriftInterval>, Fault> {
    let condition = "object = ?2 ORDER BY opened_at DESC, drift_id LIMIT ?3";
    query(db, condition, params![Sql(tenant), Sql(object), Sql(limit as u64)])
}

fn open_of(db: &Connection, tenant: TenantId, object: Object) -> Result<Vec<DriftInterval>, Fault> {
    query(db, "object = ?2 AND closed_at IS NULL", params![Sql(tenant), Sql(object)])
}

fn query(db: &Connection, condition: &str, values: impl Params) -> Result<Vec<DriftInterval>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM drift WHERE tenant = ?1 AND {condition}");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(values, interval)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn put(db: &Connection, tenant: TenantId, drift: &DriftInterval) -> Result<(), Fault> {
    let row = &drift.row;
    db.prepare_cached(&format!(
        "INSERT OR REPLACE INTO drift (tenant, {COLUMNS}) VALUES
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
    ))?
    .execute(params![
        Sql(tenant),
        Sql(drift.drift_id),
        Sql(row.object),
        Sql(row.field),
        Sql(row.cause),
        row.class.map(Sql),
        Sql(row.mode),
        row.observed,
        row.desired,
        Sql(row.missing.clone()),
        Sql(row.extra.clone()),
        // Names of policies hold no line ends.
        row.policies.join("\n"),
        Sql(drift.policy_revision),
        Sql(drift.opened_at),
        drift.first_attempt_at.map(Sql),
        drift.written_at.map(Sql),
        drift.persisting_since.map(Sql),
        drift.last_reminder_at.map(Sql),
        drift.closed_at.map(Sql),
        drift.closed_how.map(Sql)
    ])?;
    Ok(())
}

fn interval(row: &Row<'_>) -> rusqlite::Result<DriftInterval> {
    let policies: String = row.get(10)?;
    Ok(DriftInterval {
        drift_id: get(row, 0)?,
        row: DriftRow {
            object: get(row, 1)?,
            field: get(row, 2)?,
            cause: get(row, 3)?,
            class: get_opt(row, 4)?,
            mode: get(row, 5)?,
            observed: row.get(6)?,
            desired: row.get(7)?,
            missing: get(row, 8)?,
            extra: get(row, 9)?,
            policies: policies.split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        },
        policy_revision: get(row, 11)?,
        opened_at: get(row, 12)?,
        first_attempt_at: get_opt(row, 13)?,
        written_at: get_opt(row, 14)?,
        persisting_since: get_opt(row, 15)?,
        last_reminder_at: get_opt(row, 16)?,
        closed_at: get_opt(row, 17)?,
        closed_how: get_opt(row, 18)?,
    })
}
