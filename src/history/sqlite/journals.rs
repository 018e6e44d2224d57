//! The statements about the journal; how entries are chained is in `history::chain`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use uuid::Uuid;

use super::value::{Sql, get, get_opt};
use super::{ErrorKind, Fault};
use crate::domain::{Cause, Class, ContentHash, TenantId};
use crate::history::chain::{ChainCheck, Link, Verifier, link, origin};
use crate::history::{Entry, EntryBody, Head, Intent, JournalFilter, OpenIntent, Outcome, WriteOutcome};
use crate::plan::{Object, is_capped};

pub(super) fn append_intents(db: &Connection, intents: Vec<Intent>) -> Result<Vec<u64>, Fault> {
    let mut numbers = Vec::with_capacity(intents.len());
    for intent in intents {
        let head = head(db, intent.tenant)?;
        let body = EntryBody::Intent(intent);
        let link = link(&head, &body)?;
        let EntryBody::Intent(intent) = body else { continue };
        let about = About { intent: link.seq, at: intent.at, outcome: None, subject: &intent };
        append(db, intent.tenant, &link, &about)?;
        db.prepare_cached("INSERT INTO open_intent (tenant, seq) VALUES (?1, ?2)")?
            .execute(params![Sql(intent.tenant), Sql(link.seq)])?;
        numbers.push(link.seq);
    }
    Ok(numbers)
}

pub(super) fn append_outcomes(db: &Connection, outcomes: Vec<Outcome>) -> Result<(), Fault> {
    for outcome in outcomes {
        let tenant = outcome.tenant;
        let subject = intent(db, tenant, outcome.intent)?;
        let link = link(&head(db, tenant)?, &EntryBody::Outcome(outcome.clone()))?;
        let about = About {
            intent: outcome.intent,
            at: outcome.at,
            outcome: Some(outcome.outcome),
            subject: &subject,
        };
        append(db, tenant, &link, &about)?;
        db.prepare_cached("DELETE FROM open_intent WHERE tenant = ?1 AND seq = ?2")?
            .execute(params![Sql(tenant), Sql(outcome.intent)])?;
    }
    Ok(())
}

/// What an entry is found by; its body says the same.
struct About<'a> {
    intent: u64,
    at: DateTime<Utc>,
    outcome: Option<WriteOutcome>,
    subject: &'a Intent,
}

fn append(db: &Connection, tenant: TenantId, link: &Link, about: &About<'_>) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO journal (tenant, seq, hash, intent, at, outcome, object, change_id, cycle_id, class, cause,
                              body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        Sql(tenant),
        Sql(link.seq),
        Sql(link.hash),
        Sql(about.intent),
        Sql(about.at),
        about.outcome.map(Sql),
        Sql(about.subject.object),
        Sql(about.subject.change_id),
        Sql(about.subject.cycle_id),
        Sql(about.subject.class),
        Sql(about.subject.cause),
        link.body
    ])?;
    db.prepare_cached("INSERT OR REPLACE INTO journal_head (tenant, seq, hash) VALUES (?1, ?2, ?3)")?
        .execute(params![Sql(tenant), Sql(link.seq), Sql(link.hash)])?;
    Ok(())
}

pub(super) fn head(db: &Connection, tenant: TenantId) -> Result<Head, Fault> {
    let head = db
        .prepare_cached("SELECT seq, hash FROM journal_head WHERE tenant = ?1")?
        .query_row(params![Sql(tenant)], |row| Ok(Head { seq: get(row, 0)?, hash: get(row, 1)? }))
        .optional()?;
    Ok(head.unwrap_or_else(|| origin(tenant)))
}

fn intent(db: &Connection, tenant: TenantId, seq: u64) -> Result<Intent, Fault> {
    let link = db
        .prepare_cached("SELECT seq, hash, body FROM journal WHERE tenant = ?1 AND seq = ?2")?
        .query_row(params![Sql(tenant), Sql(seq)], read_link)
        .optional()?;
    match link.map(|link| serde_json::from_str(&link.body)).transpose()? {
        Some(EntryBody::Intent(intent)) => Ok(intent),
        Some(EntryBody::Outcome(_)) | None => Err(Fault::of(ErrorKind::NoSuchIntent(seq))),
    }
}

pub(super) fn open_intents(db: &Connection, tenant: TenantId) -> Result<Vec<OpenIntent>, Fault> {
    let mut statement = db.prepare_cached("SELECT seq FROM open_intent WHERE tenant = ?1 ORDER BY seq")?;
    let rows = statement.query_map(params![Sql(tenant)], |row| get::<u64>(row, 0))?;
    rows.map(|seq| {
        let seq = seq?;
        Ok(OpenIntent { seq, intent: intent(db, tenant, seq)? })
    })
    .collect()
}

pub(super) fn entries(
    db: &Connection,
    tenant: TenantId,
    filter: JournalFilter,
    limit: usize,
) -> Result<Vec<Entry>, Fault> {
    let mut sql = "SELECT seq, hash, body FROM journal WHERE tenant = ?1".to_owned();
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(Sql(tenant))];
    let mut require = |column: &str, value: Box<dyn ToSql>| {
        values.push(value);
        sql.push_str(&format!(" AND {column} = ?{}", values.len()));
    };
    if let Some(object) = filter.object {
        require("object", Box::new(Sql(object)));
    }
    if let Some(change_id) = filter.change_id {
        require("change_id", Box::new(Sql(change_id)));
    }
    if let Some(cycle_id) = filter.cycle_id {
        require("cycle_id", Box::new(Sql(cycle_id)));
    }
    values.push(Box::new(Sql(limit as u64)));
    sql.push_str(&format!(" ORDER BY seq DESC LIMIT ?{}", values.len()));
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), read_link)?;
    rows.map(|link| {
        let link = link?;
        Ok(Entry { seq: link.seq, hash: link.hash, body: serde_json::from_str(&link.body)? })
    })
    .collect()
}

pub(super) fn objects_changed(
    db: &Connection,
    tenant: TenantId,
    classes: &[Class],
    since: DateTime<Utc>,
) -> Result<BTreeSet<Object>, Fault> {
    let [unchanged, failed, superseded] = WriteOutcome::WITHOUT_EFFECT.map(Sql);
    let mut objects = BTreeSet::new();
    let mut statement = db.prepare_cached(
        "SELECT object, class, cause FROM journal AS intent
         WHERE tenant = ?1 AND outcome IS NULL AND at >= ?2 AND NOT EXISTS
               (SELECT 1 FROM journal AS later WHERE later.tenant = ?1 AND later.intent = intent.seq
                AND later.outcome IN (?3, ?4, ?5))",
    )?;
    let mut rows = statement.query(params![Sql(tenant), Sql(since), unchanged, failed, superseded])?;
    while let Some(row) = rows.next()? {
        let class: Class = get(row, 1)?;
        if classes.contains(&class) && is_capped(class, get::<Cause>(row, 2)?) {
            objects.insert(get::<Object>(row, 0)?);
        }
    }
    Ok(objects)
}

pub(super) fn verify(db: &Connection, tenant: TenantId) -> Result<ChainCheck, Fault> {
    let mut verifier = Verifier::new(tenant);
    let mut statement = db.prepare_cached(
        "SELECT seq, hash, body, intent, at, outcome, object, change_id, cycle_id, class, cause
         FROM journal WHERE tenant = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![Sql(tenant)])?;
    while let Some(row) = rows.next()? {
        let link = read_link(row)?;
        if !verifier.push(&link) {
            break;
        }
        if !repeats(row, &link)? {
            verifier.refuse("what it is found by does not fit its content");
            break;
        }
    }
    Ok(verifier.finish(&head(db, tenant)?))
}

/// Whether the columns beside a body say the same as it does: caps and lists are computed from them. Those
/// that an outcome has from its intent only sort it into lists.
fn repeats(row: &Row<'_>, link: &Link) -> Result<bool, Fault> {
    let (intent, at, outcome): (u64, DateTime<Utc>, _) = (get(row, 3)?, get(row, 4)?, get_opt(row, 5)?);
    let same_time = |other: DateTime<Utc>| other.timestamp_micros() == at.timestamp_micros();
    Ok(match serde_json::from_str(&link.body)? {
        EntryBody::Intent(body) => {
            intent == link.seq
                && same_time(body.at)
                && outcome.is_none()
                && get::<Object>(row, 6)? == body.object
                && get::<ContentHash>(row, 7)? == body.change_id
                && get::<Uuid>(row, 8)? == body.cycle_id
                && get::<Class>(row, 9)? == body.class
                && get::<Cause>(row, 10)? == body.cause
        }
        EntryBody::Outcome(body) => {
            intent == body.intent && same_time(body.at) && outcome == Some(body.outcome)
        }
    })
}

fn read_link(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link { seq: get(row, 0)?, hash: get(row, 1)?, body: row.get(2)? })
}
