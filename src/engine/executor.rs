//! Writes approved changes: intent, call, outcome, and what a refusal means. When to write is the
//! writer's business, whether it took effect is `verify`'s.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Tenant;
use super::events;
use super::journal::{intent_of, outcome_of};
use super::queue::{Rank, Work};
use super::split::{halves, without_rejected};
use super::verify::{Pending, VERIFY_PACE, Verified};
use crate::domain::{ActionSet, AuditAction, AuditTier, Field, LogonType, MailboxId, RecipientType};
use crate::exchange::{Error, Population, Priority, Recovery};
use crate::history::{self, Attempt, AttemptStatus, DriftKey, History, Rejection, WriteOutcome};
use crate::plan::{Change, Correction, Object, Rejections};

/// How long a written value may take to show: reads may come from a directory that lags.
pub const SETTLE_WINDOW: TimeDelta = TimeDelta::seconds(90);

/// How often a write without an answer is made before it counts as failed.
const UNCLEAR_TRIES: u32 = 3;

/// How many looks a write without an answer gets before it is made again.
const UNCLEAR_LOOKS: u32 = 2;

/// More than the fields of an object can have open.
pub(super) const KNOWN_DRIFTS: usize = 16;

/// What the service said to one call, with the intent's number and when it was said.
enum Answer {
    Accepted {
        intent: u64,
        at: DateTime<Utc>,
    },
    /// It may have happened.
    Unclear {
        intent: u64,
        at: DateTime<Utc>,
        error: Error,
    },
    Refused(Error),
}

/// Why writing to a tenant stops for now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Stop {
    /// What cannot be recorded is not done.
    #[error("the history cannot be written")]
    History(#[source] Arc<history::Error>),
    /// The service, or the way to it, refuses everything.
    #[error("the service takes no writes")]
    Service(#[source] Error),
}

impl From<history::Error> for Stop {
    fn from(error: history::Error) -> Self {
        Self::History(Arc::new(error))
    }
}

/// What became of one object's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Calls that the service accepted, or may have.
    pub written: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Actions that the service rejected.
    pub rejected: u64,
}

/// The writing half of a tenant.
pub struct Executor {
    pub(super) tenant: Tenant,
    pub(super) history: Arc<dyn History>,
    rejections: Mutex<Rejections>,
    attempts: Mutex<HashMap<DriftKey, Attempt>>,
    pub(super) pending: Mutex<Vec<Pending>>,
    /// Fields of which the service refused a part: what was written of them does not end their drift.
    incomplete: Mutex<HashSet<DriftKey>>,
    /// What verification came to since the start.
    pub(super) verified: Mutex<Verified>,
}

impl Executor {
    /// Makes the writing half of a tenant from its history.
    pub async fn new(tenant: Tenant, history: Arc<dyn History>) -> Result<Self, history::Error> {
        let (memory, _) = super::recall::memory(&*history, tenant.id, tenant.clock.now()).await?;
        let attempts = history.attempts(tenant.id).await?;
        let attempts =
            attempts.into_iter().map(|attempt| ((attempt.object, attempt.field), attempt)).collect();
        Ok(Self {
            tenant,
            history,
            rejections: Mutex::new(memory.rejections),
            attempts: Mutex::new(attempts),
            pending: Mutex::default(),
            incomplete: Mutex::default(),
            verified: Mutex::default(),
        })
    }

    /// Writes the changes of one object, in their order.
    ///
    /// An error means that nothing more may be written for now; what was begun is in the journal.
    pub async fn execute(&self, work: &Work) -> Result<Tally, Stop> {
        let mut tally = Tally::default();
        for change in &work.changes {
            let rejected = |kind| self.rejected(work, kind);
            let Some(reduced) = without_rejected(change, self.tenant.id, rejected) else { continue };
            self.note_completeness(change, &reduced);
            let change = reduced;
            let returns = change.corrections.iter().any(|planned| is_return(&planned.correction));
            self.write(work, &change, &mut tally).await?;
            if returns && work.changes.len() > 1 {
                // What is added next is added to what the return brought: it has to be there first.
                super::verify::settle_object(self, work.object).await?;
            }
        }
        Ok(tally)
    }

    async fn write(&self, work: &Work, change: &Change, tally: &mut Tally) -> Result<(), Stop> {
        // Depth is bounded: each step halves the actions of a call, leaves one correction of several, or is
        // one of few tries.
        let mut waiting = vec![(change.clone(), 1)];
        while let Some((change, attempt)) = waiting.pop() {
            match self.call(work, &change).await? {
                Answer::Accepted { intent, at } => {
                    self.remember_attempt(&change, at).await?;
                    self.await_visibility(work, &change, intent, at);
                    tally.written += 1;
                }
                Answer::Unclear { intent, at, error } => {
                    if self.turned_out_written(work, &change).await {
                        self.remember_attempt(&change, at).await?;
                        self.await_visibility(work, &change, intent, at);
                        tally.written += 1;
                    } else if attempt < UNCLEAR_TRIES {
                        waiting.push((change, attempt + 1));
                    } else {
                        self.fail(work, &change, &error, tally).await?;
                    }
                }
                Answer::Refused(error) if error.recovery() == Recovery::RejectedArgument => {
                    match halves(&change, self.tenant.id) {
                        Some((one, other)) => waiting.extend([(other, 1), (one, 1)]),
                        None => self.refused(work, &change, &error, tally).await?,
                    }
                }
                Answer::Refused(error) => {
                    self.fail(work, &change, &error, tally).await?;
                    if matches!(error.recovery(), Recovery::AbortCycle | Recovery::NeedsOperator) {
                        return Err(Stop::Service(error));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a write without an answer happened after all. Every write says what is to be true, so that
    /// making it again is safe where no look shows it.
    async fn turned_out_written(&self, work: &Work, change: &Change) -> bool {
        for _ in 0..UNCLEAR_LOOKS {
            tokio::time::sleep(VERIFY_PACE).await;
            if super::verify::shows(self, work, change).await {
                return true;
            }
        }
        false
    }

    async fn fail(&self, work: &Work, change: &Change, error: &Error, tally: &mut Tally) -> Result<(), Stop> {
        tally.failed += 1;
        let known = self.history.drift_of(self.tenant.id, change.object, KNOWN_DRIFTS).await?;
        events::correction_failed(&self.tenant, work, change, error, &known);
        Ok(())
    }

    /// One call with its two entries in the journal.
    async fn call(&self, work: &Work, change: &Change) -> Result<Answer, Stop> {
        let at = self.tenant.clock.now();
        let intents = self.history.append_intents(vec![intent_of(&self.tenant, work, change, at)]).await?;
        let intent = intents.first().copied().unwrap_or_default();
        let corrections = change.to_write();
        let priority = match Rank::of(std::slice::from_ref(change)) {
            Rank::Organization | Rank::New => Priority::Urgent,
            Rank::Off => Priority::Normal,
            Rank::Lists => Priority::Bulk,
        };
        let answer = self.tenant.writer.correct(change.object, work.population, &corrections, priority).await;
        let at = self.tenant.clock.now();
        let outcome = match &answer {
            Ok(written) if written.unchanged => WriteOutcome::Unchanged,
            Ok(_) => WriteOutcome::Applied,
            Err(error) if error.is_uncertain() => WriteOutcome::Uncertain,
            Err(_) => WriteOutcome::Failed,
        };
        let entry = outcome_of(&self.tenant, intent, at, outcome, answer.as_ref());
        self.history.append_outcomes(vec![entry]).await?;
        let keys: Vec<DriftKey> =
            change.corrections.iter().map(|planned| (change.object, planned.field)).collect();
        self.history.note_attempted(self.tenant.id, keys, at, outcome).await?;
        Ok(match answer {
            Ok(_) => Answer::Accepted { intent, at },
            Err(error) if error.is_uncertain() => Answer::Unclear { intent, at, error },
            Err(error) => Answer::Refused(error),
        })
    }

    fn await_visibility(&self, work: &Work, change: &Change, intent: u64, written_at: DateTime<Utc>) {
        let pending = Pending::new(work.clone(), change.clone(), intent, written_at);
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
    }

    async fn remember_attempt(&self, change: &Change, now: DateTime<Utc>) -> Result<(), Stop> {
        let attempts: Vec<Attempt> = {
            let mut known = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let each = change.corrections.iter().map(|planned| {
                let key = (change.object, planned.field);
                // Only writes in a row that did not show make the next wait longer.
                let in_a_row = |attempt: &&Attempt| {
                    attempt.desired == planned.after && attempt.status == AttemptStatus::Unverified
                };
                let before = known.get(&key).filter(in_a_row);
                let attempt = Attempt {
                    object: change.object,
                    field: planned.field,
                    desired: planned.after.clone(),
                    first_attempt_at: before.map_or(now, |attempt| attempt.first_attempt_at),
                    last_attempt_at: now,
                    tries: before.map_or(1, |attempt| attempt.tries.saturating_add(1)),
                    status: AttemptStatus::Verifying,
                    next_try_at: now + SETTLE_WINDOW,
                };
                known.insert(key, attempt.clone());
                attempt
            });
            each.collect()
        };
        Ok(self.history.put_attempts(self.tenant.id, attempts).await?)
    }

    /// The attempt on a field, as last written.
    pub(super) fn attempt(&self, object: Object, field: Field) -> Option<Attempt> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).get(&(object, field)).cloned()
    }

    /// Replaces what is remembered of attempts, here and in the history.
    pub(super) async fn put_attempts(&self, attempts: Vec<Attempt>) -> Result<(), Stop> {
        {
            let mut known = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            for attempt in &attempts {
                known.insert((attempt.object, attempt.field), attempt.clone());
            }
        }
        Ok(self.history.put_attempts(self.tenant.id, attempts).await?)
    }

    fn rejected(&self, work: &Work, kind: LogonType) -> ActionSet {
        let Object::Mailbox(id) = work.object else { return ActionSet::EMPTY };
        self.rejections.lock().unwrap_or_else(PoisonError::into_inner).of(id, work.tier, kind)
    }

    /// A call that cannot be made smaller was refused: an action that this mailbox cannot audit, or a
    /// setting that it does not take.
    async fn refused(
        &self,
        work: &Work,
        change: &Change,
        error: &Error,
        tally: &mut Tally,
    ) -> Result<(), Stop> {
        let correction = change.corrections.first().map(|planned| &planned.correction);
        let (Object::Mailbox(mailbox), Some(Correction::Add { kind, actions })) = (change.object, correction)
        else {
            return self.fail(work, change, error, tally).await;
        };
        tally.rejected += 1;
        let key = (change.object, Field::from(*kind));
        self.incomplete.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        for action in actions.iter() {
            let rejection = Rejection {
                mailbox,
                kind: *kind,
                action: action.clone(),
                tier: work.tier,
                rejected_at: self.tenant.clock.now(),
                text: error.service_text().unwrap_or_default().to_owned(),
            };
            self.history.put_rejections(self.tenant.id, vec![rejection]).await?;
            let refusals = self.count_rejection(mailbox, work.tier, *kind, &action);
            events::action_unsupported(&self.tenant, work, *kind, &action, refusals, error);
        }
        Ok(())
    }

    /// A field whose correction lost a part to earlier rejections stays open; one that is written whole does not.
    fn note_completeness(&self, wanted: &Change, reduced: &Change) {
        let mut incomplete = self.incomplete.lock().unwrap_or_else(PoisonError::into_inner);
        for planned in &wanted.corrections {
            let key = (wanted.object, planned.field);
            let is_whole = reduced.corrections.iter().any(|kept| kept.correction == planned.correction);
            if is_whole && !planned.is_partial {
                incomplete.remove(&key);
            } else {
                incomplete.insert(key);
            }
        }
    }

    /// Those of the fields that were written whole.
    pub(super) fn without_incomplete(&self, mut keys: Vec<DriftKey>) -> Vec<DriftKey> {
        let incomplete = self.incomplete.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| !incomplete.contains(key));
        keys
    }

    /// Remembers a rejection; says how many mailboxes of the tier have refused the action.
    fn count_rejection(
        &self,
        mailbox: MailboxId,
        tier: AuditTier,
        kind: LogonType,
        action: &AuditAction,
    ) -> u64 {
        let mut rejections = self.rejections.lock().unwrap_or_else(PoisonError::into_inner);
        rejections.insert(mailbox, tier, kind, action.clone())
    }
}

const fn is_return(correction: &Correction) -> bool {
    matches!(correction, Correction::KeepByMicrosoft { .. })
}

/// Where a mailbox is written.
pub(super) const fn population_of(object: Object, kind: Option<&RecipientType>) -> Population {
    match (object, kind) {
        (Object::Mailbox(_), Some(kind)) => Population::of(kind),
        _ => Population::Plain,
    }
}
