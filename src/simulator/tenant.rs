//! The tenant's state and how objects in it are found. What a request may do to it is `cmdlets`.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use uuid::Uuid;

use super::actions::{ActionSet, Catalog, LogonType};
use super::names::Profile;
use super::options::{Readings, SimulationOptions, Stubborn};
use super::population::Settlers;
use super::record::{self, Before, Life, Record, Settings};
use super::spec::{AuditList, Mailbox, MailboxKind, MailboxSpec, Switches};

/// A system account, as the bypass list is full of: it has no mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) guid: Uuid,
    pub(crate) name: String,
    pub(crate) bypassed: bool,
}

/// Serial numbers from here on are accounts without a mailbox.
pub(crate) const ACCOUNTS: u32 = 1 << 31;

#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) switches: Switches,
    pub(crate) changed: i64,
    /// The ingestion value that is still shown, and until when.
    pub(crate) ingestion_shown: Option<(bool, i64)>,
}

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) profile: Profile,
    pub(crate) catalog: Catalog,
    pub(crate) mailboxes: BTreeMap<u32, Record>,
    by_guid: HashMap<Uuid, u32>,
    next: u32,
    pub(crate) organization: Organization,
    pub(crate) accounts: Vec<Account>,
    pub(crate) readings: Readings,
    pub(crate) stale_for: Duration,
    pub(crate) writes_vanish: bool,
    /// Mailboxes that resist writes, by serial number.
    pub(crate) stubborn: HashMap<u32, Stubborn>,
    /// How often an age of zero was written: each time a mailbox's log is gone.
    pub(crate) purges: u64,
}

/// Where in the service a request landed, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: i64,
    pub(crate) backend: u8,
}

/// A mailbox as one backend sees it at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) record: &'a Record,
    pub(crate) settings: &'a Settings,
}

impl Tenant {
    pub(crate) fn settled(options: &SimulationOptions, now: i64) -> Self {
        let profile = Profile {
            seed: options.seed,
            initial_domain: options.initial_domain.clone(),
            mail_domain: options.mail_domain.clone(),
        };
        let catalog = Catalog::current();
        let records = Settlers {
            profile: &profile,
            catalog: &catalog,
            population: options.population,
            now,
            rng: fastrand::Rng::with_seed(options.seed),
        }
        .settle(options.mailboxes);
        let by_guid = records.iter().map(|r| (r.guid, r.serial)).collect();
        let accounts = ["HealthMailbox", "MigrationService", "BackupConnector"]
            .iter()
            .zip(ACCOUNTS..)
            .map(|(name, serial)| Account {
                guid: profile.guid(serial),
                name: (*name).to_owned(),
                bypassed: false,
            })
            .collect();
        Self {
            next: u32::try_from(records.len()).unwrap_or(ACCOUNTS),
            mailboxes: records.into_iter().map(|r| (r.serial, r)).collect(),
            by_guid,
            profile,
            catalog,
            organization: Organization {
                switches: Switches { audit_disabled: false, unified_audit_log_ingestion: true },
                changed: now - 86_400,
                ingestion_shown: None,
            },
            accounts,
            readings: options.readings.clone(),
            stale_for: options.faults.stale_for,
            writes_vanish: options.faults.writes_vanish,
            stubborn: HashMap::new(),
            purges: 0,
        }
    }

    pub(crate) fn serial_of(&self, guid: Uuid) -> Option<u32> {
        self.by_guid.get(&guid).copied()
    }

    /// The mailbox as this backend knows it; none while it has not heard of it.
    pub(crate) fn seen(&self, serial: u32, moment: Moment) -> Option<Seen<'_>> {
        let record = self.mailboxes.get(&serial)?;
        Self::view(record, moment)
    }

    pub(crate) fn view(record: &Record, moment: Moment) -> Option<Seen<'_>> {
        let settings = match &record.before {
            Some(before) if moment.now < before.until && before.written_on != moment.backend => {
                before.settings.as_ref()?
            }
            _ => &record.settings,
        };
        Some(Seen { record, settings })
    }

    /// Every mailbox this identity names. Names may name several; the Guids never do.
    pub(crate) fn find(&self, identity: &str) -> Vec<u32> {
        if let Ok(guid) = Uuid::parse_str(identity) {
            let named = [guid, record::exchange_guid(guid), record::external_id(guid)];
            // Both derivations are their own inverse, so that the same function maps back.
            if let Some(serial) = named.iter().find_map(|one| self.serial_of(*one)) {
                return vec![serial];
            }
        }
        let profile = &self.profile;
        let names = |record: &Record| {
            let same = |text: &str| text.eq_ignore_ascii_case(identity);
            same(&record.user_principal_name(profile))
                || same(&record.alias(profile))
                || same(&record.name(profile))
                || same(&record.display_name(profile))
                || (identity.starts_with("CN=") && same(&record.distinguished_name(profile)))
        };
        self.mailboxes.values().filter(|record| names(record)).map(|record| record.serial).collect()
    }

    /// Stores new settings; backends other than the writing one keep the old ones for a while.
    pub(crate) fn store(&mut self, serial: u32, settings: Settings, moment: Moment) {
        let lag = i64::try_from(self.stale_for.as_secs()).unwrap_or(i64::MAX);
        let Some(record) = self.mailboxes.get_mut(&serial) else {
            return;
        };
        if lag > 0 {
            // While an earlier write is still on its way, others go on showing what was before that one.
            let old = match &record.before {
                Some(before) if moment.now < before.until => before.settings,
                _ => Some(record.settings),
            };
            record.before = Some(Box::new(Before {
                settings: old,
                until: moment.now.saturating_add(lag),
                written_on: moment.backend,
            }));
        }
        if settings.age == 0 && record.settings.age != 0 {
            self.purges += 1;
        }
        record.settings = settings;
    }

    pub(crate) fn add(&mut self, spec: MailboxSpec, moment: Moment) -> Uuid {
        let serial = self.next;
        self.next += 1;
        let guid = self.profile.guid(serial);
        let created = spec.created.map_or(moment.now, |at| at.timestamp());
        let mut record = Record::new(serial, guid, spec.kind, created);
        record.settings = Settings {
            enabled: spec.audit_enabled,
            age: spec.audit_log_age.map_or(record::DEFAULT_AGE, |age| age.num_seconds()),
            lists: [&spec.admin, &spec.delegate, &spec.owner].map(|list| self.stored_list(list)),
            changed: created,
        };
        record.life = if spec.inactive { Life::Inactive } else { Life::Active };
        if spec.premium {
            record.capabilities = record::ENTERPRISE | record::PREMIUM;
        }
        if spec.alias.is_some()
            || spec.display_name.is_some()
            || spec.user_principal_name.is_some()
            || !spec.custom_attributes.is_empty()
        {
            record.chosen = Some(Box::new(record::Chosen {
                alias: spec.alias,
                display_name: spec.display_name,
                user_principal_name: spec.user_principal_name,
                custom_attributes: spec.custom_attributes,
            }));
        }
        let lag = i64::try_from(self.stale_for.as_secs()).unwrap_or(i64::MAX);
        if lag > 0 {
            record.before = Some(Box::new(Before {
                settings: None,
                until: moment.now.saturating_add(lag),
                written_on: moment.backend,
            }));
        }
        self.by_guid.insert(guid, serial);
        self.mailboxes.insert(serial, record);
        guid
    }

    pub(crate) fn remove(&mut self, guid: Uuid) -> bool {
        let Some(serial) = self.by_guid.remove(&guid) else {
            return false;
        };
        self.mailboxes.remove(&serial).is_some()
    }

    /// An administrator's edit of what is stored; identity and dates stay as they are.
    pub(crate) fn edit(&mut self, guid: Uuid, change: impl FnOnce(&mut Mailbox), moment: Moment) -> bool {
        let Some(serial) = self.serial_of(guid) else {
            return false;
        };
        let Some(old) = self.mailboxes.get(&serial).map(|r| self.snapshot(r)) else {
            return false;
        };
        let mut mailbox = old.clone();
        change(&mut mailbox);
        let settings = Settings {
            enabled: mailbox.audit_enabled,
            age: mailbox.audit_log_age.num_seconds(),
            lists: [&mailbox.admin, &mailbox.delegate, &mailbox.owner].map(|list| self.stored_list(list)),
            changed: moment.now,
        };
        self.store(serial, settings, moment);
        if let Some(record) = self.mailboxes.get_mut(&serial) {
            record.bypassed = mailbox.bypassed;
            record.kind = mailbox.kind;
            record.capabilities = if mailbox.premium {
                record.capabilities | record::PREMIUM
            } else {
                record.capabilities & !record::PREMIUM
            };
            record.life = match (mailbox.inactive, record.life) {
                (true, _) => Life::Inactive,
                (false, Life::Inactive) => Life::Active,
                (false, life) => life,
            };
            rename(record, &old, mailbox);
        }
        true
    }

    pub(crate) fn snapshot(&self, record: &Record) -> Mailbox {
        let list = |logon: LogonType| match record.settings.lists[logon as usize] {
            None => AuditList::Kept,
            Some(set) => AuditList::custom(self.catalog.names(set)),
        };
        let custom_attributes = (1..=15)
            .map(|number| (number, record.custom_attribute(number, &self.profile)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(number, value)| (number, value.into_owned()))
            .collect();
        Mailbox {
            guid: record.guid,
            exchange_guid: record::exchange_guid(record.guid),
            external_directory_object_id: record.external_directory_object_id(),
            kind: record.kind,
            alias: record.alias(&self.profile).into_owned(),
            display_name: record.display_name(&self.profile).into_owned(),
            user_principal_name: record.user_principal_name(&self.profile).into_owned(),
            premium: record.capabilities & record::PREMIUM != 0,
            audit_enabled: record.settings.enabled,
            audit_log_age: chrono::TimeDelta::seconds(record.settings.age),
            admin: list(LogonType::Admin),
            delegate: list(LogonType::Delegate),
            owner: list(LogonType::Owner),
            bypassed: record.bypassed,
            custom_attributes,
            inactive: record.life == Life::Inactive,
            created: moment_of(record.created),
            changed: moment_of(record.settings.changed),
        }
    }

    /// The actions in force for a logon type: what Microsoft keeps follows the current default.
    pub(crate) fn list(&self, seen: Seen<'_>, logon: LogonType) -> ActionSet {
        if seen.record.kind == MailboxKind::Group {
            return self.catalog.group_list(logon);
        }
        seen.settings.lists[logon as usize]
            .unwrap_or_else(|| self.catalog.default_of(logon, seen.record.tier()))
    }

    fn stored_list(&self, list: &AuditList) -> Option<ActionSet> {
        match list {
            AuditList::Kept => None,
            AuditList::Custom(names) => {
                let names: Vec<&String> = names.iter().collect();
                Some(self.catalog.set(&names))
            }
        }
    }
}

/// Keeps what an edit chose; names that were not touched stay generated and cost nothing.
fn rename(record: &mut Record, old: &Mailbox, new: Mailbox) {
    let same_names = old.alias == new.alias
        && old.display_name == new.display_name
        && old.user_principal_name == new.user_principal_name;
    if same_names && old.custom_attributes == new.custom_attributes {
        return;
    }
    let chosen = record.chosen.get_or_insert_default();
    if old.alias != new.alias {
        chosen.alias = Some(new.alias);
    }
    if old.display_name != new.display_name {
        chosen.display_name = Some(new.display_name);
    }
    if old.user_principal_name != new.user_principal_name {
        chosen.user_principal_name = Some(new.user_principal_name);
    }
    chosen.custom_attributes = new.custom_attributes;
}

pub(crate) fn moment_of(seconds: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
