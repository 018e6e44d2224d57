//! Reads back what was written, in groups, until it shows or the settle window is over.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::executor::{Executor, KNOWN_DRIFTS, SETTLE_WINDOW, Stop};
use super::queue::Work;
use super::{events, levels};
use crate::domain::{Mailbox, MailboxId, StoredAuditing};
use crate::exchange::{Columns, Error, GROUP_LIMIT, Population, Recovery};
use crate::history::{Attempt, ClosedHow, DriftKey, Outcome, Patience, WriteOutcome};
use crate::plan::{Change, Correction, Object};

/// After the settle window: next try after 1 h, doubling to 24 h.
const PATIENCE: Patience = Patience { first: TimeDelta::hours(1), most: TimeDelta::hours(24) };

/// How long a written mailbox waits for others to be looked at with.
const PATIENT_FOR: TimeDelta = TimeDelta::seconds(5);

/// How often unverified writes are looked at while there are any.
pub(super) const VERIFY_PACE: Duration = Duration::from_secs(3);

/// A write whose effect was not seen yet.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    work: Work,
    change: Change,
    intent: u64,
    written_at: DateTime<Utc>,
    looks: u32,
    next_look_at: DateTime<Utc>,
}

impl Pending {
    pub(super) fn new(work: Work, change: Change, intent: u64, written_at: DateTime<Utc>) -> Self {
        Self { work, change, intent, written_at, looks: 0, next_look_at: written_at }
    }

    fn is_over(&self, now: DateTime<Utc>) -> bool {
        now - self.written_at >= SETTLE_WINDOW
    }
}

/// What verification came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Writes that show.
    pub verified: u64,
    /// Writes that did not show within the settle window.
    pub unverified: u64,
}

/// Looks until nothing is pending any more: at most the settle window, and what a look takes.
pub(crate) async fn settle(executor: &Executor) -> Result<(), Stop> {
    loop {
        look(executor).await?;
        if !has_pending(executor) {
            return Ok(());
        }
        tokio::time::sleep(VERIFY_PACE).await;
    }
}

/// Looks until nothing of one object is pending any more.
pub(super) async fn settle_object(executor: &Executor, object: Object) -> Result<(), Stop> {
    loop {
        look(executor).await?;
        let waits = |one: &Pending| one.change.object == object;
        if !executor.pending.lock().unwrap_or_else(PoisonError::into_inner).iter().any(waits) {
            return Ok(());
        }
        tokio::time::sleep(VERIFY_PACE).await;
    }
}

/// Whether any write still waits to be seen.
pub(super) fn has_pending(executor: &Executor) -> bool {
    !executor.pending.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// Whether a mailbox shows a change now. No where the look fails, and for the organization, whose switches
/// take long to show.
pub(super) async fn shows(executor: &Executor, work: &Work, change: &Change) -> bool {
    let now = executor.tenant.clock.now();
    let one = Pending::new(work.clone(), change.clone(), 0, now);
    let Object::Mailbox(id) = change.object else { return false };
    match read_back(executor, work.population, &[one]).await {
        Ok(rows) => rows.get(&id).is_some_and(|row| is_visible(change, row)),
        Err(_) => false,
    }
}

/// Looks where it is worth a request: a group is full, or something waits for longer than a moment.
pub(super) async fn look_in_groups(executor: &Executor) -> Result<(), Stop> {
    let now = executor.tenant.clock.now();
    let is_worth_it = {
        let pending = executor.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let due = || pending.iter().filter(|one| one.next_look_at <= now);
        due().count() >= GROUP_LIMIT || due().any(|one| now - one.next_look_at >= PATIENT_FOR)
    };
    if is_worth_it { look(executor).await } else { Ok(()) }
}

/// Looks once at every pending write whose turn it is. A write that is neither seen nor given up stays
/// pending; where the look itself fails, that look counts for nothing.
pub(super) async fn look(executor: &Executor) -> Result<(), Stop> {
    let now = executor.tenant.clock.now();
    let due: Vec<Pending> = {
        let mut pending = executor.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let (due, later) = std::mem::take(&mut *pending).into_iter().partition(|one| one.next_look_at <= now);
        *pending = later;
        due
    };
    let mut by_population: HashMap<Population, Vec<Pending>> = HashMap::new();
    for one in due {
        by_population.entry(one.work.population).or_default().push(one);
    }
    for (population, mut waiting) in by_population {
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(GROUP_LIMIT));
            let group = std::mem::replace(&mut waiting, rest);
            judge_group(executor, population, group).await?;
        }
    }
    Ok(())
}

async fn judge_group(executor: &Executor, population: Population, group: Vec<Pending>) -> Result<(), Stop> {
    let rows = read_back(executor, population, &group).await;
    let organization = match group.iter().any(|one| one.change.object == Object::Organization) {
        true => Some(executor.tenant.reader.organization().await.organization()),
        false => None,
    };
    let now = executor.tenant.clock.now();
    for mut one in group {
        let visible = match (one.change.object, &rows) {
            (Object::Organization, _) => organization.is_some_and(|read| {
                one.change.corrections.iter().all(|planned| match planned.correction {
                    Correction::SwitchOn(switch) => read.get(switch) == crate::domain::SwitchState::On,
                    _ => true,
                })
            }),
            (Object::Mailbox(id), Ok(rows)) => rows.get(&id).is_some_and(|row| is_visible(&one.change, row)),
            (Object::Mailbox(_), Err(_)) => false,
        };
        if visible {
            verified(executor, one, now).await?;
        } else if one.is_over(now) {
            unverified(executor, one, now).await?;
        } else {
            one.looks += 1;
            // 3 s, 6 s, 12 s, 24 s: most writes show at once, and late ones are not asked about often.
            let wait = TimeDelta::seconds(3 << one.looks.min(4).saturating_sub(1));
            one.next_look_at = (now + wait).min(one.written_at + SETTLE_WINDOW);
            executor.pending.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        }
    }
    Ok(())
}

fn is_visible(change: &Change, row: &Mailbox) -> bool {
    change.corrections.iter().all(|planned| planned.correction.is_visible_in(row) == Some(true))
}

/// The rows of a group, with stored state where a correction concerns it.
async fn read_back(
    executor: &Executor,
    population: Population,
    group: &[Pending],
) -> Result<HashMap<MailboxId, Mailbox>, Error> {
    let mut ids: Vec<MailboxId> = group
        .iter()
        .filter_map(|one| match one.change.object {
            Object::Mailbox(id) => Some(id),
            Object::Organization => None,
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let reader = &*executor.tenant.reader;
    let mut rows = HashMap::new();
    if ids.is_empty() {
        return Ok(rows);
    }
    let columns = Columns::default();
    for row in reader.read_group(population, &ids, &columns).await? {
        rows.insert(row.id, row);
    }
    let concerns_stored = group
        .iter()
        .flat_map(|one| &one.change.corrections)
        .any(|planned| matches!(planned.correction, Correction::Enable | Correction::Disable));
    if concerns_stored {
        for (id, stored) in stored_of(executor, population, &ids, &rows).await? {
            if let Some(row) = rows.get_mut(&id) {
                row.stored = stored;
            }
        }
    }
    Ok(rows)
}

async fn stored_of(
    executor: &Executor,
    population: Population,
    ids: &[MailboxId],
    rows: &HashMap<MailboxId, Mailbox>,
) -> Result<Vec<(MailboxId, StoredAuditing)>, Error> {
    let reader = &*executor.tenant.reader;
    let off = match reader.stored_off_in_group(population, ids).await {
        Ok(off) => off,
        Err(error) if error.recovery() == Recovery::FilterRefused => {
            let scope = crate::exchange::Scope { population, types: Vec::new() };
            let off = reader.stored_off(&scope).await?;
            if !off.view.is_complete() {
                return Ok(Vec::new());
            }
            off.ids
        }
        Err(error) => return Err(error),
    };
    let state = |id: &MailboxId| match off.binary_search(id) {
        Ok(_) => StoredAuditing::Off,
        Err(_) => StoredAuditing::On,
    };
    Ok(ids.iter().filter(|id| rows.contains_key(id)).map(|id| (*id, state(id))).collect())
}

async fn verified(executor: &Executor, one: Pending, now: DateTime<Utc>) -> Result<(), Stop> {
    executor.verified.lock().unwrap_or_else(PoisonError::into_inner).verified += 1;
    note(executor, &one, now, WriteOutcome::Verified).await?;
    let keys: Vec<DriftKey> =
        one.change.corrections.iter().map(|planned| (one.change.object, planned.field)).collect();
    // The attempt stays on record for the settle window: a look elsewhere may still show the old value.
    if one.change.object == Object::Organization {
        // Nothing dates a change of a switch: what shows off from now on is somebody else's doing.
        executor.history.forget_attempts(executor.tenant.id, keys.clone()).await?;
    }
    let keys = executor.without_incomplete(keys);
    let edges = executor.history.close_drift(executor.tenant.id, keys, now, ClosedHow::Corrected).await?;
    events::corrected(&executor.tenant, &one.work, &one.change, &edges, now);
    levels::corrected(&executor.tenant, &one.work, &one.change);
    Ok(())
}

async fn unverified(executor: &Executor, one: Pending, now: DateTime<Utc>) -> Result<(), Stop> {
    executor.verified.lock().unwrap_or_else(PoisonError::into_inner).unverified += 1;
    note(executor, &one, now, WriteOutcome::Unverified).await?;
    let attempts = one
        .change
        .corrections
        .iter()
        .filter_map(|planned| executor.attempt(one.change.object, planned.field))
        .map(|attempt| attempt.unverified(PATIENCE))
        .collect::<Vec<_>>();
    let next_try_at = attempts.iter().map(|attempt: &Attempt| attempt.next_try_at).max().unwrap_or(now);
    executor.put_attempts(attempts).await?;
    let known = executor.history.drift_of(executor.tenant.id, one.change.object, KNOWN_DRIFTS).await?;
    events::unverified(&executor.tenant, &one.work, &one.change, next_try_at, &known);
    Ok(())
}

async fn note(
    executor: &Executor,
    one: &Pending,
    at: DateTime<Utc>,
    outcome: WriteOutcome,
) -> Result<(), Stop> {
    let entry = Outcome {
        tenant: executor.tenant.id,
        at,
        intent: one.intent,
        outcome,
        request_id: None,
        error: None,
    };
    Ok(executor.history.append_outcomes(vec![entry]).await?)
}
