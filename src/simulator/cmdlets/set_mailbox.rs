//! Set-Mailbox, its audit parameters: what each write does to a mailbox, and to `DefaultAuditSet` behind its back.
//!
//! Sources: Microsoft Learn, "Set-Mailbox" and "Manage mailbox auditing". The bookkeeping: a list that is written leaves
//! `DefaultAuditSet`; a logon type written to `DefaultAuditSet` gets Microsoft's list of the day and is kept by Microsoft again.

use serde_json::Value;

use super::get_mailbox::one;
use super::{Outcome, in_scope};
use crate::simulator::actions::{ActionSet, LogonType, Tier};
use crate::simulator::options::{DefaultAuditSetWrite, Stubborn};
use crate::simulator::record::{Life, Record, Settings};
use crate::simulator::spec::MailboxKind;
use crate::simulator::tenant::{Moment, Tenant};
use crate::simulator::wire::errors::ServiceError;
use crate::simulator::wire::request::{Parameters, texts};

pub(super) const PARAMETERS: [&str; 10] = [
    "Identity",
    "AuditEnabled",
    "AuditLogAgeLimit",
    "AuditAdmin",
    "AuditDelegate",
    "AuditOwner",
    "DefaultAuditSet",
    "GroupMailbox",
    "PublicFolder",
    "InactiveMailbox",
];

const OPERATIONS: &str = "Microsoft.Exchange.Data.Directory.MailboxAuditOperations";

/// The longest time span of the service, 2^31 - 1 seconds.
const LONGEST_AGE: i64 = 2_147_483_647;

pub(super) fn run(
    tenant: &mut Tenant,
    parameters: &Parameters,
    moment: Moment,
) -> Result<Outcome, ServiceError> {
    let identity = parameters
        .text("Identity")?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ServiceError::missing_parameter("Identity"))?;
    let group = parameters.switch("GroupMailbox")?;
    let public_folder = parameters.switch("PublicFolder")?;
    let life = if parameters.switch("InactiveMailbox")? { Life::Inactive } else { Life::Active };
    // Whether it exists is what this backend knows; what is changed are the newest settings, never the stale ones.
    let serial = one(tenant, identity, moment, |seen| {
        seen.record.life == life && in_scope(seen.record.kind, group, public_folder)
    })?;
    let Some(record) = tenant.mailboxes.get(&serial) else {
        return Err(ServiceError::not_found(identity, false));
    };
    if life == Life::Inactive {
        return Err(ServiceError::unknown_parameter(
            "InactiveMailbox can only be used with parameters of Litigation Hold.",
        ));
    }
    let mut settings = record.settings;
    Edit { tenant, record }.apply(parameters, &mut settings)?;
    if settings == record.settings {
        let name = record.name(&tenant.profile).into_owned();
        return Ok(Outcome::Unchanged(name));
    }
    match tenant.stubborn.get(&serial) {
        Some(Stubborn::Refuses { exception, message }) => {
            return Err(ServiceError::refused(exception, message));
        }
        Some(Stubborn::Ignores) => return Ok(Outcome::Done),
        None if tenant.writes_vanish => return Ok(Outcome::Done),
        None => {}
    }
    if tenant.readings.audit_write_bumps_when_changed {
        settings.changed = moment.now;
    }
    tenant.store(serial, settings, moment);
    Ok(Outcome::Done)
}

struct Edit<'a> {
    tenant: &'a Tenant,
    record: &'a Record,
}

impl Edit<'_> {
    /// One bad value fails the whole call: `settings` is thrown away then.
    fn apply(&self, parameters: &Parameters, settings: &mut Settings) -> Result<(), ServiceError> {
        if let Some(enabled) = parameters.boolean("AuditEnabled")? {
            let ignored = !enabled
                && self.tenant.readings.false_write_ignored
                && self.record.kind.is_covered_by_default()
                && !self.tenant.organization.switches.audit_disabled;
            if !ignored {
                settings.enabled = Some(enabled);
            }
        }
        if let Some(value) = parameters.get("AuditLogAgeLimit") {
            settings.age = time_span(value)?;
        }
        if let Some(value) = parameters.get("DefaultAuditSet") {
            self.restore(value, settings)?;
        }
        for logon in LogonType::ALL {
            let name = format!("Audit{}", logon.name());
            if let Some(value) = parameters.get(&name) {
                self.write_list(logon, &name, value, settings)?;
            }
        }
        Ok(())
    }

    fn restore(&self, value: &Value, settings: &mut Settings) -> Result<(), ServiceError> {
        const WANTED: &str = "Microsoft.Exchange.Data.Directory.MailboxAuditLogonTypes";
        if value.is_object() {
            return Err(ServiceError::untagged_object("DefaultAuditSet"));
        }
        let named = texts("DefaultAuditSet", value)?
            .iter()
            .map(|text| {
                LogonType::named(text).ok_or_else(|| {
                    let shown = Value::String(text.clone());
                    ServiceError::unconvertible("DefaultAuditSet", &shown, WANTED)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if named.is_empty() {
            // An empty list never clears a parameter of several values.
            return Ok(());
        }
        self.refuse_group("DefaultAuditSet")?;
        for logon in LogonType::ALL {
            let list = &mut settings.lists[logon as usize];
            if named.contains(&logon) {
                *list = None;
            } else if self.tenant.readings.default_audit_set == DefaultAuditSetWrite::Replaces {
                list.get_or_insert(self.default_of(logon));
            }
        }
        Ok(())
    }

    fn write_list(
        &self,
        logon: LogonType,
        name: &str,
        value: &Value,
        settings: &mut Settings,
    ) -> Result<(), ServiceError> {
        let default = self.default_of(logon);
        let current = settings.lists[logon as usize].unwrap_or(default);
        let (list, is_replacement) = match value {
            Value::Object(map) => (self.edited(logon, name, map, current)?, false),
            other => match self.actions(logon, name, other)? {
                Some(list) => (list, true),
                None => return Ok(()),
            },
        };
        self.refuse_group(name)?;
        // Adding what is there leaves the property as it was; writing the list out is a write, equal or not.
        let untouched =
            list == current && (!is_replacement || self.tenant.readings.verbatim_default_stays_kept);
        if untouched {
            return Ok(());
        }
        settings.lists[logon as usize] = Some(list);
        Ok(())
    }

    /// `{"@odata.type":"#Exchange.GenericHashTable","Add":[..],"Remove":[..]}` applied to the current list.
    fn edited(
        &self,
        logon: LogonType,
        name: &str,
        map: &serde_json::Map<String, Value>,
        current: ActionSet,
    ) -> Result<ActionSet, ServiceError> {
        let tagged = map.get("@odata.type").and_then(Value::as_str);
        if !matches!(tagged, Some("#Exchange.GenericHashTable" | "#Exchange.StringFieldDeltaUpdateData")) {
            return Err(ServiceError::untagged_object(name));
        }
        let parts = Parameters::of(map);
        if let Some(other) =
            parts.names().find(|key| !key.eq_ignore_ascii_case("Add") && !key.eq_ignore_ascii_case("Remove"))
        {
            return Err(ServiceError::transformation(format!(
                "Cannot process argument transformation on parameter '{name}'. The key \"{other}\" is not supported; use Add and Remove."
            )));
        }
        let part = |key: &str| match parts.get(key) {
            Some(value) => self.actions(logon, name, value).map(Option::unwrap_or_default),
            None => Ok(ActionSet::default()),
        };
        let (add, remove) = (part("Add")?, part("Remove")?);
        if self.tenant.readings.readding_is_error && !current.intersection(add).is_empty() {
            return Err(ServiceError::refused(
                "Microsoft.Exchange.Management.RecipientTasks.RecipientTaskException",
                "The input audit operation(s) is/are already being audited.",
            ));
        }
        Ok(current.union(add).without(remove))
    }

    /// Actions by name, each checked for this logon type; none for an empty list, the empty set for `None`.
    fn actions(
        &self,
        logon: LogonType,
        name: &str,
        value: &Value,
    ) -> Result<Option<ActionSet>, ServiceError> {
        let names = match value {
            Value::String(_) | Value::Array(_) => texts(name, value)?,
            other => return Err(ServiceError::unconvertible(name, other, OPERATIONS)),
        };
        if names.is_empty() {
            return Ok(None);
        }
        let mut set = ActionSet::default();
        for action in &names {
            if action.eq_ignore_ascii_case("None") {
                if names.len() > 1 {
                    return Err(self.refusal(&self.tenant.catalog.refusal(logon)));
                }
                continue;
            }
            set.insert(self.action(logon, name, action)?);
        }
        Ok(Some(set))
    }

    fn action(&self, logon: LogonType, name: &str, action: &str) -> Result<usize, ServiceError> {
        let catalog = &self.tenant.catalog;
        let premium = self.record.tier() == Tier::Premium;
        let Some(index) = catalog.index(action) else {
            return Err(ServiceError::transformation(catalog.unknown(name, action)));
        };
        if !catalog.allows(logon, index) {
            return Err(self.refusal(&catalog.refusal(logon)));
        }
        if premium && action.eq_ignore_ascii_case("MessageBind") {
            return Err(self.refusal(
                "MessageBind audit operation type is deprecated. Use MailItemsAccessed audit operation type instead.",
            ));
        }
        let needs_licence = |one: &String| one.eq_ignore_ascii_case(action);
        if !premium && self.tenant.readings.licensed_actions.iter().any(needs_licence) {
            return Err(self.refusal(&format!(
                "Auditing of {action} event is only available for users with appropriate license."
            )));
        }
        Ok(index)
    }

    fn refusal(&self, message: &str) -> ServiceError {
        ServiceError::refused(
            "Microsoft.Exchange.Data.Directory.InvalidMailboxAuditOperationException",
            message,
        )
    }

    fn refuse_group(&self, parameter: &str) -> Result<(), ServiceError> {
        if self.record.kind != MailboxKind::Group {
            return Ok(());
        }
        Err(ServiceError::refused(
            "Microsoft.Exchange.Management.RecipientTasks.RecipientTaskException",
            &format!(
                "The parameter {parameter} can't be used on a group mailbox: the audited actions are fixed."
            ),
        ))
    }

    fn default_of(&self, logon: LogonType) -> ActionSet {
        self.tenant.catalog.default_of(logon, self.record.tier())
    }
}

/// `d.hh:mm:ss`, `hh:mm:ss`, or a number of days.
fn time_span(value: &Value) -> Result<i64, ServiceError> {
    let wrong =
        || ServiceError::unconvertible("AuditLogAgeLimit", value, "Microsoft.Exchange.Data.EnhancedTimeSpan");
    let seconds = match value {
        Value::Number(days) => days.as_i64().and_then(|days| days.checked_mul(86_400)),
        Value::String(text) => parse_span(text),
        _ => None,
    };
    seconds.filter(|seconds| (0..=LONGEST_AGE).contains(seconds)).ok_or_else(wrong)
}

fn parse_span(text: &str) -> Option<i64> {
    let number = |text: &str, below: i64| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let value: i64 = digits.then(|| text.parse().ok()).flatten()?;
        (value < below).then_some(value)
    };
    let Some((days, time)) = text.split_once('.').or_else(|| {
        let is_time = text.contains(':');
        is_time.then_some(("0", text))
    }) else {
        return number(text, 100_000)?.checked_mul(86_400);
    };
    let mut parts = time.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let time = number(hours, 24)? * 3_600 + number(minutes, 60)? * 60 + number(seconds, 60)?;
    number(days, 100_000)?.checked_mul(86_400)?.checked_add(time)
}
