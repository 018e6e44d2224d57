//! Looks at a tenant: the stored-off set first, then rows, and the two joined. What rows mean is for
//! `plan`; how pages are asked for is for `exchange`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::Clock;
use crate::domain::{Mailbox, MailboxId, RecipientType, StoredAuditing};
use crate::exchange::{
    Columns, Error, GROUP_LIMIT, Population, Reader, Recovery, RowFilter, RowQuery, Scope, StoredOff,
};
use crate::plan::ViewSummary;
use crate::policy::TenantPolicies;

/// A mailbox younger than this when the stored-off query began may be missing from its answer although it
/// is stored off: directories of the service lag behind each other.
const SETTLED_AGE: TimeDelta = TimeDelta::minutes(5);

/// So many unsettled rows are asked about in groups; more are settled with one more stored-off query.
const GROUPED_AT_MOST: usize = 10 * GROUP_LIMIT;

/// What an observation is to see.
#[derive(Debug, Clone)]
pub(super) struct Want {
    /// The columns that selectors need beside the core ones.
    pub columns: Columns,
    /// The populations: plain mailboxes, and those that a selector names and a plain read leaves out.
    pub populations: Vec<Population>,
}

impl Want {
    /// What a tenant's policies need.
    pub(super) fn of(policies: &TenantPolicies) -> Self {
        let required = policies.required_columns();
        let named = policies.named_types();
        let mut populations = vec![Population::Plain];
        for (kind, population) in [
            (RecipientType::GroupMailbox, Population::Groups),
            (RecipientType::PublicFolderMailbox, Population::PublicFolders),
            (RecipientType::InactiveMailbox, Population::Inactive),
        ] {
            if named.contains(&kind) {
                populations.push(population);
            }
        }
        let columns = Columns { attributes: required.attributes, email_addresses: required.email_addresses };
        Self { columns, populations }
    }
}

/// What a look saw, beside its rows.
#[derive(Debug, Default)]
pub struct Seen {
    /// How much of it.
    pub view: ViewSummary,
    /// Every mailbox whose row came.
    pub ids: Vec<MailboxId>,
    /// Why something is missing.
    pub faults: Vec<Error>,
}

/// Rows of every population, each joined with its stored state.
///
/// Fails only where nothing at all was seen; what is cut off later is a view that is not complete.
pub(super) async fn everything(
    reader: &dyn Reader,
    clock: &Clock,
    want: &Want,
    rows: &mut (dyn FnMut(Mailbox) + Send),
) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for population in &want.populations {
        let scope = Scope { population: *population, types: Vec::new() };
        one_population(reader, clock, want, &scope, rows, &mut seen).await?;
    }
    Ok(seen)
}

async fn one_population(
    reader: &dyn Reader,
    clock: &Clock,
    want: &Want,
    scope: &Scope,
    rows: &mut (dyn FnMut(Mailbox) + Send),
    seen: &mut Seen,
) -> Result<(), Error> {
    let asked_at = clock.now();
    let off = stored_off(reader, scope, seen).await;
    let query = RowQuery { scope: scope.clone(), columns: want.columns.clone(), filter: RowFilter::All };
    let mut unsettled = Vec::new();
    let mut pass_on = |mut mailbox: Mailbox| {
        seen.ids.push(mailbox.id);
        if scope.population == Population::Inactive {
            mailbox.recipient_type = RecipientType::InactiveMailbox;
        }
        match joined(&mailbox, off.as_ref(), asked_at) {
            Some(stored) => rows(Mailbox { stored, ..mailbox }),
            None => unsettled.push(mailbox),
        }
    };
    let view = reader.mailboxes(&query, &mut pass_on).await?;
    seen.view.unknown += view.unreadable;
    seen.view.examined += view.examined;
    if let Some(error) = view.truncated {
        seen.view.truncated = true;
        seen.faults.push(error);
    }
    settle(reader, scope, &want.columns, unsettled, rows, &mut seen.faults).await;
    Ok(())
}

/// The sorted ids of the stored-off mailboxes, where the answer was whole.
async fn stored_off(reader: &dyn Reader, scope: &Scope, seen: &mut Seen) -> Option<StoredOff> {
    // Neither groups nor inactive mailboxes can be set, so nobody asks what is stored for them.
    if matches!(scope.population, Population::Groups | Population::Inactive) {
        return None;
    }
    match reader.stored_off(scope).await {
        Ok(off) if off.view.is_complete() => Some(off),
        Ok(off) => {
            seen.faults.extend(off.view.truncated);
            None
        }
        Err(error) => {
            seen.faults.push(error);
            None
        }
    }
}

fn joined(mailbox: &Mailbox, off: Option<&StoredOff>, asked_at: DateTime<Utc>) -> Option<StoredAuditing> {
    if !mailbox.recipient_type.is_settable() {
        return Some(StoredAuditing::Unknown);
    }
    let off = off?;
    if off.contains(mailbox.id) {
        return Some(StoredAuditing::Off);
    }
    let old = mailbox.created_at.is_some_and(|created| created < asked_at - SETTLED_AGE);
    old.then_some(StoredAuditing::On)
}

/// Finds out the stored state of rows that the join left open, and passes them on; what stays unknown is
/// passed on as unknown.
pub(super) async fn settle(
    reader: &dyn Reader,
    scope: &Scope,
    columns: &Columns,
    unsettled: Vec<Mailbox>,
    rows: &mut (dyn FnMut(Mailbox) + Send),
    faults: &mut Vec<Error>,
) {
    if unsettled.is_empty() {
        return;
    }
    let ids: Vec<MailboxId> = unsettled.iter().map(|mailbox| mailbox.id).collect();
    let mut by_groups = ids.len() <= GROUPED_AT_MOST;
    let mut known = Vec::with_capacity(ids.len());
    if by_groups {
        match settle_in_groups(reader, scope.population, columns, &ids).await {
            Ok(states) => known = states,
            Err(error) if error.recovery() == Recovery::FilterRefused => by_groups = false,
            Err(error) => faults.push(error),
        }
    }
    if !by_groups {
        match reader.stored_off(scope).await {
            Ok(off) if off.view.is_complete() => {
                let stored =
                    |id: &MailboxId| if off.contains(*id) { StoredAuditing::Off } else { StoredAuditing::On };
                known = ids.iter().map(|id| (*id, stored(id))).collect();
            }
            Ok(off) => faults.extend(off.view.truncated),
            Err(error) => faults.push(error),
        }
    }
    known.sort_unstable_by_key(|(id, _)| *id);
    for mailbox in unsettled {
        let position = known.binary_search_by_key(&mailbox.id, |(id, _)| *id).ok();
        let stored = position.map_or(StoredAuditing::Unknown, |position| known[position].1);
        rows(Mailbox { stored, ..mailbox });
    }
}

/// Stored state by the two group queries: present in the first and absent from the second is stored-on. A
/// mailbox that is absent from the first is not known, since its directory may lag.
pub(super) async fn settle_in_groups(
    reader: &dyn Reader,
    population: Population,
    columns: &Columns,
    ids: &[MailboxId],
) -> Result<Vec<(MailboxId, StoredAuditing)>, Error> {
    let mut states = Vec::with_capacity(ids.len());
    for group in ids.chunks(GROUP_LIMIT) {
        let present: BTreeSet<MailboxId> =
            reader.read_group(population, group, columns).await?.iter().map(|mailbox| mailbox.id).collect();
        let off: BTreeSet<MailboxId> =
            reader.stored_off_in_group(population, group).await?.into_iter().collect();
        states.extend(group.iter().filter_map(|id| {
            if off.contains(id) {
                Some((*id, StoredAuditing::Off))
            } else {
                present.contains(id).then_some((*id, StoredAuditing::On))
            }
        }));
    }
    Ok(states)
}

/// These mailboxes, with their stored state; those that are gone are missing.
pub(super) async fn these(
    reader: &dyn Reader,
    columns: &Columns,
    ids: &[MailboxId],
    rows: &mut (dyn FnMut(Mailbox) + Send),
) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    let scope = Scope { population: Population::Plain, types: Vec::new() };
    let mut found = Vec::with_capacity(ids.len());
    for group in ids.chunks(GROUP_LIMIT) {
        found.extend(reader.read_group(scope.population, group, columns).await?);
    }
    seen.ids = found.iter().map(|mailbox| mailbox.id).collect();
    seen.view.examined = seen.ids.len() as u64;
    settle(reader, &scope, columns, found, rows, &mut seen.faults).await;
    Ok(seen)
}

/// The mailboxes that an identity names, with their stored state.
pub(super) async fn named(
    reader: &dyn Reader,
    columns: &Columns,
    identity: &str,
) -> Result<(Vec<Mailbox>, Vec<Error>), Error> {
    let found = reader.find(identity, columns).await?;
    let scope = Scope { population: Population::Plain, types: Vec::new() };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    settle(reader, &scope, columns, found, &mut |mailbox| rows.push(mailbox), &mut faults).await;
    Ok((rows, faults))
}
