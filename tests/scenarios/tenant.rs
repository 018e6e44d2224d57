//! `tenant.yaml`: the simulated tenant of a scenario, mailbox by mailbox, and how the service behaves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use mailwarden::simulator::{
    AuditList, DefaultAuditSetWrite, Failure, Faults, Mailbox, MailboxKind, MailboxSpec, NoneReadsBack,
    Permissions, Population, Readings, Simulation, SimulationOptions, Stubborn, Switches,
};
use serde::Deserialize;

/// The whole file. Everything may be left out: then the tenant is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct TenantFile {
    /// Mailboxes made from the seed, beside those written out.
    mailboxes: usize,
    /// `fresh`, `settled` (default) or `drifted`.
    population: Option<String>,
    seed: Option<u64>,
    page_size: Option<usize>,
    people: Vec<Person>,
    /// More mailboxes that are alike: `m00`, `m01` and so on.
    crowd: Option<Crowd>,
    switches: Option<SwitchesFile>,
    faults: FaultsFile,
    readings: ReadingsFile,
    permissions: PermissionsFile,
    /// Laid over the generated `mailwarden.yaml`.
    pub(crate) settings: serde_yaml::Mapping,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Crowd {
    count: usize,
    like: Person,
}

/// A mailbox, or what an administrator makes of one: what is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Person {
    pub(crate) alias: String,
    kind: Option<String>,
    display_name: Option<String>,
    user_principal_name: Option<String>,
    premium: Option<bool>,
    /// `true`, `false` or `unset`.
    enabled: Option<Stored>,
    /// Whole days.
    age: Option<i64>,
    admin: Option<List>,
    delegate: Option<List>,
    owner: Option<List>,
    /// Days ago; 400 when absent.
    created: Option<i64>,
    attributes: BTreeMap<u8, String>,
    inactive: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Stored {
    Known(bool),
    Word(String),
}

/// `kept`, or actions; an empty list is `None`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum List {
    Word(String),
    Actions(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SwitchesFile {
    audit_disabled: bool,
    unified_audit_log_ingestion: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct FaultsFile {
    writes_vanish: bool,
    next_link_fails: bool,
    writes_per_second: Option<f64>,
    retry_after_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct ReadingsFile {
    default_audit_set_adds: bool,
    none_reads_back_as_word: bool,
    licensed_actions: Vec<String>,
    refuse_guid_with_audit_enabled: bool,
    overlay: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct PermissionsFile {
    /// All cmdlets when absent.
    cmdlets: Option<BTreeSet<String>>,
    withheld_parameters: BTreeSet<String>,
    no_role: bool,
}

impl TenantFile {
    pub(crate) fn build(&self) -> Simulation {
        let defaults = SimulationOptions::default();
        let options = SimulationOptions {
            seed: self.seed.unwrap_or(defaults.seed),
            mailboxes: self.mailboxes,
            population: match self.population.as_deref() {
                None | Some("settled") => Population::Settled,
                Some("fresh") => Population::Fresh,
                Some("drifted") => Population::Drifted,
                Some(other) => panic!("`{other}` is no population"),
            },
            page_size_max: self.page_size.unwrap_or(defaults.page_size_max),
            faults: self.faults.build(),
            permissions: self.permissions.build(),
            readings: self.readings.build(),
            ..defaults
        };
        let simulation = Simulation::new(options);
        if let Some(switches) = &self.switches {
            simulation.set_switches(switches.build());
        }
        if let Some(crowd) = &self.crowd {
            for number in 0..crowd.count {
                let alias = format!("m{number:02}");
                add(&simulation, &Person { alias, ..crowd.like.clone() });
            }
        }
        for person in &self.people {
            add(&simulation, person);
        }
        simulation
    }
}

impl SwitchesFile {
    pub(crate) fn build(&self) -> Switches {
        Switches {
            audit_disabled: self.audit_disabled,
            unified_audit_log_ingestion: self.unified_audit_log_ingestion,
        }
    }
}

impl FaultsFile {
    pub(crate) fn build(&self) -> Faults {
        Faults {
            writes_vanish: self.writes_vanish,
            next_link_fails: self.next_link_fails,
            writes_per_second: self.writes_per_second,
            retry_after: self.retry_after_seconds.map(Duration::from_secs),
            ..Faults::default()
        }
    }
}

impl ReadingsFile {
    fn build(&self) -> Readings {
        let mut readings =
            Readings { licensed_actions: self.licensed_actions.clone(), ..Readings::default() };
        if self.default_audit_set_adds {
            readings.default_audit_set = DefaultAuditSetWrite::Adds;
        }
        if self.none_reads_back_as_word {
            readings.none_reads_back = NoneReadsBack::Word;
        }
        readings.refuse_guid_with_audit_enabled = self.refuse_guid_with_audit_enabled;
        readings.overlay = self.overlay.unwrap_or(readings.overlay);
        readings
    }
}

impl PermissionsFile {
    pub(crate) fn build(&self) -> Permissions {
        Permissions {
            directory_role: !self.no_role,
            cmdlets: self.cmdlets.clone(),
            withheld_parameters: self.withheld_parameters.clone(),
            ..Permissions::default()
        }
    }
}

/// Adds a mailbox that is written out.
pub(crate) fn add(simulation: &Simulation, person: &Person) {
    let domain = &simulation.options().mail_domain;
    let name = person.user_principal_name.clone();
    simulation.add_mailbox(MailboxSpec {
        kind: person.kind.as_deref().map_or(MailboxKind::User, kind),
        alias: Some(person.alias.clone()),
        display_name: Some(person.display_name.clone().unwrap_or_else(|| person.alias.clone())),
        user_principal_name: Some(name.unwrap_or_else(|| format!("{}@{domain}", person.alias))),
        premium: person.premium.unwrap_or(false),
        audit_enabled: person.enabled.as_ref().and_then(Stored::value),
        audit_log_age: person.age.map(TimeDelta::days),
        admin: person.admin.as_ref().map_or(AuditList::Kept, List::build),
        delegate: person.delegate.as_ref().map_or(AuditList::Kept, List::build),
        owner: person.owner.as_ref().map_or(AuditList::Kept, List::build),
        custom_attributes: person.attributes.clone(),
        created: Some(Utc::now() - TimeDelta::days(person.created.unwrap_or(400))),
        inactive: person.inactive,
    });
}

/// What an administrator does to a mailbox.
pub(crate) fn edit(simulation: &Simulation, person: &Person) {
    let guid = find(simulation, &person.alias).guid;
    simulation.edit_mailbox(guid, |mailbox| {
        if let Some(stored) = &person.enabled {
            mailbox.audit_enabled = stored.value();
        }
        if let Some(days) = person.age {
            mailbox.audit_log_age = TimeDelta::days(days);
        }
        if let Some(premium) = person.premium {
            mailbox.premium = premium;
        }
        for (list, wanted) in [
            (&mut mailbox.admin, &person.admin),
            (&mut mailbox.delegate, &person.delegate),
            (&mut mailbox.owner, &person.owner),
        ] {
            if let Some(wanted) = wanted {
                *list = wanted.build();
            }
        }
    });
}

/// The mailbox of an alias.
pub(crate) fn find(simulation: &Simulation, alias: &str) -> Mailbox {
    let mut all = simulation.mailboxes().into_iter();
    all.find(|one| one.alias == alias).unwrap_or_else(|| panic!("no mailbox `{alias}`"))
}

/// A mailbox as it is stored, on one line.
pub(crate) fn show(mailbox: &Mailbox) -> String {
    let list = |list: &AuditList| match list {
        AuditList::Kept => "kept".to_owned(),
        AuditList::Custom(actions) if actions.is_empty() => "None".to_owned(),
        AuditList::Custom(actions) => actions.iter().cloned().collect::<Vec<_>>().join(" "),
    };
    format!(
        "{}: enabled {}, age {}d\n  admin: {}\n  delegate: {}\n  owner: {}\n",
        mailbox.alias,
        mailbox.audit_enabled.map_or("unset".to_owned(), |on| on.to_string()),
        mailbox.audit_log_age.num_days(),
        list(&mailbox.admin),
        list(&mailbox.delegate),
        list(&mailbox.owner),
    )
}

/// `429`, `503`, `lost`, `refused`: a failure by a word of the script.
pub(crate) fn failure(word: &str) -> Failure {
    match word {
        "429" => Failure::Throttled(Some(Duration::from_secs(1))),
        "lost" => Failure::LostAnswer,
        "refused" => Failure::Refused {
            exception: "Microsoft.Exchange.Configuration.Tasks.TaskException".into(),
            message: "The operation couldn't be performed.".into(),
        },
        status => Failure::Status(status.parse().unwrap_or_else(|_| panic!("`{status}` is no failure"))),
    }
}

/// `ignores`, `refuses` or `no`.
pub(crate) fn stubbornness(word: &str) -> Option<Stubborn> {
    match word {
        "ignores" => Some(Stubborn::Ignores),
        "refuses" => Some(Stubborn::Refuses {
            exception: "Microsoft.Exchange.Data.Directory.InvalidADObjectOperationException".into(),
            message: "The object is out of the current user's write scope.".into(),
        }),
        "no" => None,
        other => panic!("`{other}` is no way to be stubborn"),
    }
}

impl Stored {
    fn value(&self) -> Option<bool> {
        match self {
            Self::Known(on) => Some(*on),
            Self::Word(word) if word == "unset" => None,
            Self::Word(other) => panic!("`{other}` is no stored state"),
        }
    }
}

impl List {
    fn build(&self) -> AuditList {
        match self {
            Self::Word(word) if word == "kept" => AuditList::Kept,
            Self::Word(other) => panic!("`{other}` is no list: `kept`, or `[..]`"),
            Self::Actions(actions) => AuditList::custom(actions.iter().cloned()),
        }
    }
}

fn kind(word: &str) -> MailboxKind {
    match word {
        "user" => MailboxKind::User,
        "shared" => MailboxKind::Shared,
        "room" => MailboxKind::Room,
        "equipment" => MailboxKind::Equipment,
        "discovery" => MailboxKind::Discovery,
        "group" => MailboxKind::Group,
        "publicFolder" => MailboxKind::PublicFolder,
        other => panic!("`{other}` is no kind of mailbox"),
    }
}
