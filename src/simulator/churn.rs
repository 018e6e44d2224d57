//! What happens in a tenant without us: mailboxes come and go, an administrator undoes settings. Caught up whenever somebody looks.
//!
//! There is no task: what is due is worked off, in its order and with its own times, before the next request or hand is served. So
//! the same seed gives the same history under paused time as under real time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::options::Churn;
use super::record::Life;
use super::spec::{AuditList, MailboxKind, MailboxSpec};
use super::tenant::{Moment, Tenant};

/// Something that happened in the tenant without a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// When.
    pub at: DateTime<Utc>,
    /// To which mailbox.
    pub mailbox: Uuid,
    /// What.
    pub what: What,
}

/// What happened to a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was created.
    Appeared,
    /// It was deleted.
    Vanished,
    /// Its stored `AuditEnabled` was turned off.
    TurnedOff,
    /// A list of actions was replaced by a short one.
    ListReplaced,
    /// Its log age was cut.
    AgeShortened,
    /// A list was given back to Microsoft, extras lost.
    ListRestored,
}

/// More happenings than this in one catching up are skipped: a laptop that slept must not wake to a flood.
const AT_MOST: usize = 10_000;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Appears,
    Undone,
    Vanishes,
}

#[derive(Debug)]
pub(crate) struct Weather {
    churn: Churn,
    rng: fastrand::Rng,
    due: [Option<DateTime<Utc>>; 3],
}

impl Weather {
    pub(crate) fn new(churn: Churn, seed: u64, now: DateTime<Utc>) -> Self {
        let mut weather = Self {
            churn: Churn::default(),
            rng: fastrand::Rng::with_seed(seed ^ 0xc0ff_ee00),
            due: [None; 3],
        };
        weather.change(churn, now);
        weather
    }

    pub(crate) fn change(&mut self, churn: Churn, now: DateTime<Utc>) {
        self.churn = churn;
        for kind in [Kind::Appears, Kind::Undone, Kind::Vanishes] {
            self.due[kind as usize] = self.after(kind, now);
        }
    }

    fn every(&self, kind: Kind) -> Option<Duration> {
        match kind {
            Kind::Appears => self.churn.appears_every,
            Kind::Undone => self.churn.undone_every,
            Kind::Vanishes => self.churn.vanishes_every,
        }
    }

    fn after(&mut self, kind: Kind, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let every = self.every(kind)?.as_secs_f64().max(0.001);
        let gap = every * (0.5 + self.rng.f64());
        at.checked_add_signed(TimeDelta::from_std(Duration::from_secs_f64(gap)).ok()?)
    }

    fn next(&self) -> Option<(Kind, DateTime<Utc>)> {
        [Kind::Appears, Kind::Undone, Kind::Vanishes]
            .into_iter()
            .filter_map(|kind| self.due[kind as usize].map(|at| (kind, at)))
            .min_by_key(|(_, at)| *at)
    }

    /// Lets everything happen that is due by now.
    pub(crate) fn catch_up(&mut self, tenant: &mut Tenant, now: DateTime<Utc>) -> Vec<Happening> {
        let mut happened = Vec::new();
        while let Some((kind, at)) = self.next().filter(|(_, at)| *at <= now) {
            let from = if happened.len() < AT_MOST { at } else { now };
            self.due[kind as usize] = self.after(kind, from);
            let moment = Moment { now: at.timestamp(), backend: self.rng.u8(..2) };
            let one = match kind {
                Kind::Appears => Some(self.appear(tenant, moment)),
                Kind::Undone => self.undo(tenant, moment),
                Kind::Vanishes => self.vanish(tenant),
            };
            happened.extend(one.map(|(mailbox, what)| Happening { at, mailbox, what }));
        }
        happened
    }

    fn appear(&mut self, tenant: &mut Tenant, moment: Moment) -> (Uuid, What) {
        let spec = MailboxSpec {
            kind: match self.rng.u32(..10) {
                0 => MailboxKind::Shared,
                1 => MailboxKind::Room,
                _ => MailboxKind::User,
            },
            ..MailboxSpec::default()
        };
        (tenant.add(spec, moment), What::Appeared)
    }

    fn pick(&mut self, tenant: &Tenant, wanted: impl Fn(&super::record::Record) -> bool) -> Option<Uuid> {
        let last = *tenant.mailboxes.keys().next_back()?;
        let from = self.rng.u32(..=last);
        tenant
            .mailboxes
            .range(from..)
            .chain(tenant.mailboxes.range(..from))
            .map(|(_, record)| record)
            .find(|record| {
                record.life == Life::Active
                    && matches!(record.kind, MailboxKind::User | MailboxKind::Shared)
                    && wanted(record)
            })
            .map(|record| record.guid)
    }

    fn vanish(&mut self, tenant: &mut Tenant) -> Option<(Uuid, What)> {
        let guid = self.pick(tenant, |_| true)?;
        tenant.remove(guid).then_some((guid, What::Vanished))
    }

    fn undo(&mut self, tenant: &mut Tenant, moment: Moment) -> Option<(Uuid, What)> {
        let on = |record: &super::record::Record| record.settings.enabled == Some(true);
        let (guid, what) = match self.rng.u32(..100) {
            0..50 => (self.pick(tenant, on)?, What::TurnedOff),
            50..75 => (self.pick(tenant, |_| true)?, What::ListReplaced),
            75..90 => (self.pick(tenant, |record| record.settings.age > 30 * 86_400)?, What::AgeShortened),
            _ => (self.pick(tenant, |record| record.settings.lists[2].is_some())?, What::ListRestored),
        };
        let edited = tenant.edit(
            guid,
            |mailbox| match what {
                What::TurnedOff => mailbox.audit_enabled = Some(false),
                What::ListReplaced => {
                    mailbox.owner = AuditList::custom(["MailboxLogin", "HardDelete"]);
                }
                What::AgeShortened => mailbox.audit_log_age = TimeDelta::days(30),
                What::ListRestored => mailbox.owner = AuditList::Kept,
                What::Appeared | What::Vanished => {}
            },
            moment,
        );
        edited.then_some((guid, what))
    }
}
