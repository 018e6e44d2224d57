//! The mailboxes a tenant starts with: a believable history of old recipes, benchmarks and licences, drawn from the seed.

use super::actions::{ActionSet, Catalog};
use super::names::Profile;
use super::options::Population;
use super::record::{ENTERPRISE, Life, PREMIUM, Record};
use super::spec::MailboxKind;

const YEAR: i64 = 365 * 86_400;
const DAY: i64 = 86_400;

/// The lists of Microsoft's 2018 page, which scripts of that time wrote into mailboxes for ever.
const ADMIN_2018: [&str; 11] = [
    "Update",
    "Move",
    "MoveToDeletedItems",
    "SoftDelete",
    "HardDelete",
    "FolderBind",
    "SendAs",
    "SendOnBehalf",
    "Create",
    "UpdateFolderPermissions",
    "UpdateInboxRules",
];
const DELEGATE_2018: [&str; 8] = [
    "Update",
    "SoftDelete",
    "HardDelete",
    "SendAs",
    "Create",
    "FolderBind",
    "UpdateFolderPermissions",
    "UpdateInboxRules",
];
const OWNER_2018: [&str; 1] = ["UpdateFolderPermissions"];

/// What CIS Microsoft 365 Foundations adds to the defaults, by logon type.
const CIS_ADMIN: [&str; 3] = ["Copy", "FolderBind", "Move"];
const CIS_DELEGATE: [&str; 2] = ["FolderBind", "Move"];
const CIS_OWNER: [&str; 3] = ["Create", "MailboxLogin", "Move"];

/// Makes the starting mailboxes one by one, in the order of their serial numbers.
pub(crate) struct Settlers<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) catalog: &'a Catalog,
    pub(crate) population: Population,
    pub(crate) now: i64,
    pub(crate) rng: fastrand::Rng,
}

impl Settlers<'_> {
    /// `count` mailboxes of a plain listing, then the kinds and lives that need a switch to be seen.
    pub(crate) fn settle(mut self, count: usize) -> Vec<Record> {
        let mut records = Vec::with_capacity(count + count / 20 + 2);
        for place in 0..count {
            let kind = self.kind(place, count);
            let record = self.mailbox(records.len(), kind);
            records.push(record);
        }
        for _ in 0..count / 40 {
            let record = self.mailbox(records.len(), MailboxKind::Group);
            records.push(record);
        }
        for _ in 0..count / 100 {
            let mut record = self.mailbox(records.len(), MailboxKind::User);
            record.life = Life::Inactive;
            records.push(record);
        }
        if count >= 50 {
            let record = self.mailbox(records.len(), MailboxKind::PublicFolder);
            records.push(record);
        }
        records
    }

    fn kind(&mut self, place: usize, count: usize) -> MailboxKind {
        // One discovery mailbox in any tenant that is not made for a handful of tests.
        if place + 1 == count && count >= 20 {
            return MailboxKind::Discovery;
        }
        match self.rng.u32(..100) {
            0..82 => MailboxKind::User,
            82..94 => MailboxKind::Shared,
            94..98 => MailboxKind::Room,
            98 => MailboxKind::Equipment,
            _ => MailboxKind::Scheduling,
        }
    }

    fn mailbox(&mut self, place: usize, kind: MailboxKind) -> Record {
        let serial = u32::try_from(place).unwrap_or(u32::MAX);
        let created = self.now - DAY - self.rng.i64(0..8 * YEAR);
        let mut record = Record::new(serial, self.profile.guid(serial), kind, created);
        if kind == MailboxKind::User {
            record.capabilities = ENTERPRISE;
            if self.rng.u32(..100) < 35 {
                record.capabilities |= PREMIUM;
            }
        }
        match self.population {
            Population::Fresh => {}
            Population::Settled => record.settings.enabled = Some(true),
            Population::Drifted => self.drift(&mut record),
        }
        record
    }

    fn drift(&mut self, record: &mut Record) {
        record.settings.enabled = match self.rng.u32(..100) {
            0..30 => Some(true),
            30..50 => Some(false),
            _ => None,
        };
        if record.kind == MailboxKind::Discovery {
            record.settings.enabled = Some(false);
        }
        record.settings.age = match self.rng.u32(..1_000) {
            0..5 => 0,
            5..25 => 30 * DAY,
            25..65 => 180 * DAY,
            65..75 => 365 * DAY,
            _ => 90 * DAY,
        };
        if record.kind != MailboxKind::Group {
            record.settings.lists = self.lists(record);
        }
        let age = self.now - record.created;
        record.settings.changed = record.created + self.rng.i64(0..age.max(1));
        record.bypassed = record.kind == MailboxKind::User && self.rng.u32(..400) == 0;
    }

    fn lists(&mut self, record: &Record) -> [Option<ActionSet>; 3] {
        let catalog = self.catalog;
        let tier = record.tier();
        let with = |logon, extra: &[&str]| Some(catalog.default_of(logon, tier).union(catalog.set(extra)));
        let [admin, delegate, owner] = super::actions::LogonType::ALL;
        match self.rng.u32(..100) {
            0..8 => [
                Some(catalog.set(&ADMIN_2018)),
                Some(catalog.set(&DELEGATE_2018)),
                Some(catalog.set(&OWNER_2018)),
            ],
            8..14 => [with(admin, &CIS_ADMIN), with(delegate, &CIS_DELEGATE), with(owner, &CIS_OWNER)],
            14..17 => [None, None, with(owner, &["MailboxLogin"])],
            17 => [None, None, Some(catalog.set(&["MailboxLogin"]))],
            _ => [None; 3],
        }
    }
}
