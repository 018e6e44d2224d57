//! The statements about which mailboxes there are.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Fault;
use super::value::{Sql, get, get_opt};
use crate::domain::{MailboxId, TenantId};
use crate::history::seen::{Presence, compare};
use crate::history::{CompleteView, Seen, Sightings, ViewChange};

pub(super) fn note(
    db: &Connection,
    tenant: TenantId,
    mut seen: Vec<MailboxId>,
    at: DateTime<Utc>,
) -> Result<Sightings, Fault> {
    seen.sort_unstable();
    seen.dedup();
    let mut sightings = Sightings::default();
    for id in seen {
        let presence = match find(db, tenant, id)? {
            None => {
                sightings.new.push(id);
                Presence::new(at)
            }
            Some(presence) if presence.vanished_at.is_some() => {
                sightings.returned.push(id);
                presence.returned(at)
            }
            Some(_) => continue,
        };
        put(db, tenant, id, &presence)?;
    }
    Ok(sightings)
}

pub(super) fn note_complete_view(
    db: &Connection,
    tenant: TenantId,
    view: CompleteView,
) -> Result<ViewChange, Fault> {
    let previous = last_view(db, tenant)?;
    let at = view.at;
    let (change, writes) = {
        let mut statement = db.prepare_cached(
            "SELECT mailbox, first_seen, since, vanished_at, last_seen FROM mailbox
             WHERE tenant = ?1 ORDER BY mailbox",
        )?;
        let rows = statement.query_map(params![Sql(tenant)], |row| Ok((get(row, 0)?, presence(row, 1)?)))?;
        // The comparison takes no errors: it ends at the first, which is then looked at.
        let mut failed = None;
        let known = rows.map_while(|row| row.map_err(|error| failed = Some(error)).ok());
        let compared = compare(known, view, previous);
        if let Some(error) = failed {
            return Err(error.into());
        }
        compared
    };
    for (id, presence) in &writes {
        put(db, tenant, *id, presence)?;
    }
    db.prepare_cached("INSERT OR REPLACE INTO complete_view (tenant, at) VALUES (?1, ?2)")?
        .execute(params![Sql(tenant), Sql(at)])?;
    Ok(change)
}

pub(super) fn known(db: &Connection, tenant: TenantId) -> Result<Vec<MailboxId>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT mailbox FROM mailbox WHERE tenant = ?1 AND vanished_at IS NULL ORDER BY mailbox",
    )?;
    let rows = statement.query_map(params![Sql(tenant)], |row| get(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn first_seen_since(
    db: &Connection,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<Vec<(MailboxId, DateTime<Utc>)>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT mailbox, first_seen FROM mailbox WHERE tenant = ?1 AND first_seen >= ?2
         ORDER BY first_seen, mailbox",
    )?;
    let rows =
        statement.query_map(params![Sql(tenant), Sql(since)], |row| Ok((get(row, 0)?, get(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn seen(db: &Connection, tenant: TenantId, mailbox: MailboxId) -> Result<Option<Seen>, Fault> {
    let last_view = last_view(db, tenant)?;
    Ok(find(db, tenant, mailbox)?.map(|presence| presence.seen(last_view)))
}

fn last_view(db: &Connection, tenant: TenantId) -> Result<Option<DateTime<Utc>>, Fault> {
    let at = db
        .prepare_cached("SELECT at FROM complete_view WHERE tenant = ?1")?
        .query_row(params![Sql(tenant)], |row| get(row, 0))
        .optional()?;
    Ok(at)
}

fn find(db: &Connection, tenant: TenantId, id: MailboxId) -> Result<Option<Presence>, Fault> {
    let found = db
        .prepare_cached(
            "SELECT first_seen, since, vanished_at, last_seen FROM mailbox
             WHERE tenant = ?1 AND mailbox = ?2",
        )?
        .query_row(params![Sql(tenant), Sql(id)], |row| presence(row, 0))
        .optional()?;
    Ok(found)
}

fn put(db: &Connection, tenant: TenantId, id: MailboxId, presence: &Presence) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO mailbox (tenant, mailbox, first_seen, since, vanished_at, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        Sql(tenant),
        Sql(id),
        Sql(presence.first_seen),
        Sql(presence.since),
        presence.vanished_at.map(Sql),
        presence.last_seen.map(Sql)
    ])?;
    Ok(())
}

fn presence(row: &Row<'_>, from: usize) -> rusqlite::Result<Presence> {
    Ok(Presence {
        first_seen: get(row, from)?,
        since: get(row, from + 1)?,
        vanished_at: get_opt(row, from + 2)?,
        last_seen: get_opt(row, from + 3)?,
    })
}
