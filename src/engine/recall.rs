//! What the history knows of a tenant, in the form in which the planner and the guard want it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::Tenant;
use crate::domain::{
    ActionSet, Class, DefaultSetChange, DefaultSets, Lane, LogonType, MailboxId, Mode, PerLogonType, TenantId,
};
use crate::history::{AttemptStatus as Kept, Error, History};
use crate::plan::{Attempt, AttemptStatus, Basis, GuardInputs, LastComplete, Memory, Object};

/// A rejected action is tried again after this long: licences and the service change.
const REJECTION_LASTS: TimeDelta = TimeDelta::days(30);

/// The caps count over this long.
const CAPS_WINDOW: TimeDelta = TimeDelta::hours(24);

/// A complete view older than two periods of the full lane no longer says how large the tenant is.
const POPULATION_LASTS: TimeDelta = TimeDelta::hours(12);

/// The planner's memory, and the default sets as remembered.
pub(super) async fn memory(
    history: &dyn History,
    tenant: TenantId,
    as_of: DateTime<Utc>,
) -> Result<(Memory, DefaultSets), Error> {
    let last = history.last_complete(tenant, Lane::Full).await?;
    let mut memory = Memory {
        basis: Basis::History {
            last_complete: last.map(|last| LastComplete {
                at: last.at,
                population: last.population,
                policy_revision: last.policy_revision,
            }),
            known: history.known(tenant).await?,
            recent: recent(history, tenant, as_of).await?,
        },
        ..Memory::default()
    };
    for attempt in history.attempts(tenant).await? {
        let status = match attempt.status {
            Kept::Verifying => AttemptStatus::Verifying,
            Kept::Unverified => AttemptStatus::Unverified,
        };
        let kept = Attempt {
            desired: attempt.desired,
            status,
            written_at: attempt.last_attempt_at,
            quiet_until: attempt.next_try_at,
        };
        match attempt.object {
            Object::Mailbox(id) => memory.attempts.insert((id, attempt.field), kept),
            Object::Organization => memory.switch_attempts.insert(attempt.field, kept),
        };
    }
    for drift in history.open_drift(tenant).await? {
        // What policies only observe says nothing of why something else is to be written to the same field.
        let (Object::Mailbox(id), Mode::Enforce) = (drift.row.object, drift.row.mode) else { continue };
        let weakens = drift.row.missing.is_empty() && drift.row.class >= Some(Class::Weakening);
        let open = if weakens { &mut memory.open_weakening } else { &mut memory.open };
        open.insert((id, drift.row.field), drift.row.cause);
    }
    for rejection in history.rejections(tenant).await? {
        if as_of - rejection.rejected_at < REJECTION_LASTS {
            memory.rejections.insert(rejection.mailbox, rejection.tier, rejection.kind, rejection.action);
        }
    }
    memory.grown = grown(history.value(tenant, GROWN).await?.as_deref().unwrap_or_default());
    for failed in history.failed_returns(tenant).await? {
        memory.failed_returns.insert((failed.mailbox, failed.kind), failed.default_set);
    }
    Ok((memory, history.default_sets(tenant).await?))
}

/// The history's note of when the tenant was first seen whole.
pub(super) const FIRST_WHOLE: &str = "first_complete_view";

/// The history's note of what Microsoft last added to its default sets, in any tier.
pub(super) const GROWN: &str = "default_sets_grown";

/// The note's text: `admin=Copy,Move;owner=Send`.
pub(super) fn describe_grown(changes: &[DefaultSetChange]) -> Option<String> {
    let mut grown = PerLogonType::<ActionSet>::default();
    for change in changes {
        let set = grown.get_mut(change.kind);
        *set = set.union(&change.grown);
    }
    let parts = grown.iter().filter(|(_, set)| !set.is_empty());
    let text: Vec<String> = parts.map(|(kind, set)| format!("{kind}={set}")).collect();
    (!text.is_empty()).then(|| text.join(";"))
}

fn grown(text: &str) -> PerLogonType<ActionSet> {
    let mut grown = PerLogonType::default();
    for (kind, names) in text.split(';').filter_map(|part| part.split_once('=')) {
        if let Some(kind) = LogonType::parse(kind) {
            *grown.get_mut(kind) = ActionSet::parse(names.split(','));
        }
    }
    grown
}

/// Mailboxes that came lately: not those that the first whole view brought.
async fn recent(
    history: &dyn History,
    tenant: TenantId,
    as_of: DateTime<Utc>,
) -> Result<HashMap<MailboxId, DateTime<Utc>>, Error> {
    let first = history.value(tenant, FIRST_WHOLE).await?;
    let Some(first) = first.and_then(|text| DateTime::parse_from_rfc3339(&text).ok()) else {
        return Ok(HashMap::new());
    };
    let since = (as_of - TimeDelta::hours(24)).max(first.with_timezone(&Utc) + TimeDelta::microseconds(1));
    Ok(history.first_seen_since(tenant, since).await?.into_iter().collect())
}

/// What the guard weighs beside a plan; the acceptances are the caller's to add.
pub(super) async fn guard_inputs(tenant: &Tenant, as_of: DateTime<Utc>) -> Result<GuardInputs, Error> {
    let mut inputs = GuardInputs { limits: tenant.limits, ..GuardInputs::default() };
    let Some(history) = &tenant.history else { return Ok(inputs) };
    let since = as_of - CAPS_WINDOW;
    inputs.changed = changed(&**history, tenant.id, vec![Class::Intentional, Class::Freezing], since).await?;
    inputs.weakened =
        changed(&**history, tenant.id, vec![Class::Weakening, Class::Destructive], since).await?;
    let last = history.last_complete(tenant.id, Lane::Full).await?;
    inputs.population = last.filter(|last| as_of - last.at < POPULATION_LASTS).map(|last| last.population);
    Ok(inputs)
}

async fn changed(
    history: &dyn History,
    tenant: TenantId,
    classes: Vec<Class>,
    since: DateTime<Utc>,
) -> Result<BTreeSet<Object>, Error> {
    history.objects_changed(tenant, classes, since).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AuditTier;

    #[test]
    fn what_grew_is_noted_and_read_back() {
        let change = |kind, names: &str| DefaultSetChange {
            tier: AuditTier::Standard,
            kind,
            grown: ActionSet::parse(names.split(',')),
            shrunk: ActionSet::EMPTY,
            sample: 9,
        };
        let text = describe_grown(&[change(LogonType::Owner, "Send,BrandNew"), change(LogonType::Admin, "")]);
        assert_eq!(text.as_deref(), Some("owner=Send,BrandNew"));
        assert_eq!(grown("owner=Send,BrandNew").get(LogonType::Owner).to_string(), "Send,BrandNew");
        assert_eq!(describe_grown(&[]), None);
        assert_eq!(grown(""), PerLogonType::default());
    }
}
