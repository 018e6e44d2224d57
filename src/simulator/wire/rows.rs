//! Rows as the service prints them, with the annotations beside values. Here AuditEnabled is what is shown, not what is stored.
//!
//! Shapes follow recorded answers of Get-Mailbox (2024 and 2026): `X@data.type` beside Guids, dates and numbers, `X@odata.type`
//! beside collections.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::actions::LogonType;
use super::super::opath::Property;
use super::super::options::NoneReadsBack;
use super::super::record::{Life, exchange_guid};
use super::super::spec::MailboxKind;
use super::super::tenant::{ACCOUNTS, Moment, Seen, Tenant, moment_of};
use super::columns::{Column, Constant};

/// A row under construction: each kind of value with the annotation that the service puts beside it.
struct Row(Map<String, Value>);

impl Row {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn noted(&mut self, name: &str, note: &str, kind: &str, value: impl Into<Value>) {
        self.put(&format!("{name}@{note}.type"), kind);
        self.put(name, value);
    }

    fn guid(&mut self, name: &str, guid: Uuid) {
        self.noted(name, "data", "System.Guid", guid.to_string());
    }

    fn collection(&mut self, name: &str, values: Vec<&str>) {
        self.noted(name, "odata", "#Collection(String)", values);
    }

    fn date(&mut self, name: &str, seconds: i64) {
        let zone = if name.ends_with("UTC") { "Z" } else { "+00:00" };
        let text = moment_of(seconds).format("%Y-%m-%dT%H:%M:%S.0000000");
        self.noted(name, "data", "System.DateTime", format!("{text}{zone}"));
    }
}

pub(crate) fn mailbox(tenant: &Tenant, seen: Seen<'_>, columns: &[Column]) -> Value {
    let mut row = Row(Map::new());
    for Column { name, constant } in columns {
        match constant {
            Some(Constant::Text(text)) => row.put(name, *text),
            Some(Constant::Flag(flag)) => row.put(name, *flag),
            Some(Constant::Number(number)) => row.noted(name, "data", "System.Int32", *number),
            Some(Constant::Collection) => row.collection(name, Vec::new()),
            None if audit(&mut row, name, tenant, seen) || dates_and_ids(&mut row, name, seen) => {}
            None => rest(&mut row, name, tenant, seen),
        }
    }
    Value::Object(row.0)
}

fn audit(row: &mut Row, column: &str, tenant: &Tenant, seen: Seen<'_>) -> bool {
    match column {
        "AuditEnabled" => row.put(column, shown_enabled(tenant, seen)),
        "AuditLogAgeLimit" => row.put(column, time_span(seen.settings.age)),
        "AuditAdmin" => row.collection(column, list(tenant, seen, LogonType::Admin)),
        "AuditDelegate" => row.collection(column, list(tenant, seen, LogonType::Delegate)),
        "AuditOwner" => row.collection(column, list(tenant, seen, LogonType::Owner)),
        "DefaultAuditSet" => {
            let kept = |logon: &LogonType| {
                seen.record.kind == MailboxKind::Group || seen.settings.lists[*logon as usize].is_none()
            };
            let set = LogonType::ALL.iter().filter(|l| kept(l)).map(|l| l.name());
            row.collection(column, set.collect());
        }
        _ => return false,
    }
    true
}

/// The read trap: where auditing on by default covers a mailbox, it shows as on whatever is stored.
fn shown_enabled(tenant: &Tenant, seen: Seen<'_>) -> bool {
    let covered = tenant.readings.overlay
        && !tenant.organization.switches.audit_disabled
        && seen.record.life == Life::Active
        && seen.record.kind.is_covered_by_default();
    covered || seen.settings.enabled == Some(true)
}

fn list<'a>(tenant: &'a Tenant, seen: Seen<'_>, logon: LogonType) -> Vec<&'a str> {
    let set = tenant.list(seen, logon);
    if set.is_empty() && tenant.readings.none_reads_back == NoneReadsBack::Word {
        return vec!["None"];
    }
    tenant.catalog.names(set).collect()
}

/// `dd.hh:mm:ss`, the days left out at zero.
pub(crate) fn time_span(seconds: i64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let time = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    if days == 0 { time } else { format!("{days}.{time}") }
}

fn dates_and_ids(row: &mut Row, column: &str, seen: Seen<'_>) -> bool {
    let record = seen.record;
    match column {
        "Guid" | "ExchangeObjectId" => row.guid(column, record.guid),
        "ExchangeGuid" => row.guid(column, exchange_guid(record.guid)),
        "ExternalDirectoryObjectId" => row
            .put(column, record.external_directory_object_id().map(|id| id.to_string()).unwrap_or_default()),
        "WhenMailboxCreated" | "WhenCreated" | "WhenCreatedUTC" => {
            row.date(column, record.created);
        }
        "WhenChanged" | "WhenChangedUTC" => row.date(column, seen.settings.changed),
        _ => return false,
    }
    true
}

fn rest(row: &mut Row, column: &str, tenant: &Tenant, seen: Seen<'_>) {
    let record = seen.record;
    match column {
        "IsShared" => row.put(column, record.kind == MailboxKind::Shared),
        "IsResource" => row.put(column, record.kind.is_resource()),
        "IsInactiveMailbox" => row.put(column, record.life == Life::Inactive),
        "IsMailboxEnabled" | "IsValid" => row.put(column, true),
        "IsDirSynced" | "LitigationHoldEnabled" => row.put(column, false),
        "PersistedCapabilities" => {
            let values = super::super::opath::capabilities(record.capabilities);
            row.collection(column, values.collect());
        }
        "EmailAddresses" => {
            let address = format!("SMTP:{}", record.user_principal_name(&tenant.profile));
            row.collection(column, vec![&address]);
        }
        "OrganizationId" => row.put(column, organization_id(tenant)),
        "Identity" | "Id" => row.put(column, record.name(&tenant.profile).as_ref()),
        "WindowsEmailAddress" => {
            row.put(column, record.user_principal_name(&tenant.profile).as_ref());
        }
        name if name.starts_with("ExtensionCustomAttribute") => row.collection(name, Vec::new()),
        name => {
            let texts = Property::named(name)
                .map(|property| property.texts(seen, &tenant.profile))
                .unwrap_or_default();
            row.put(name, texts.first().map_or("", AsRef::as_ref));
        }
    }
}

fn organization_id(tenant: &Tenant) -> String {
    let domain = &tenant.profile.initial_domain;
    format!(
        "EURPR07A013.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{domain} - \
         EURPR07A013.PROD.OUTLOOK.COM/ConfigurationUnits/{domain}/Configuration"
    )
}

/// A row of Get-MailboxAuditBypassAssociation: one per account, with a mailbox or without.
pub(crate) fn bypass(tenant: &Tenant, item: u32, moment: Moment) -> Option<Value> {
    let (guid, name, bypassed, changed) = if item >= ACCOUNTS {
        let place = usize::try_from(item - ACCOUNTS).ok()?;
        let account = tenant.accounts.get(place)?;
        (account.guid, account.name.clone(), account.bypassed, tenant.organization.changed)
    } else {
        let seen = tenant.seen(item, moment)?;
        let name = seen.record.name(&tenant.profile).into_owned();
        (seen.record.guid, name, seen.record.bypassed, seen.settings.changed)
    };
    let mut row = Row(Map::new());
    row.put("ObjectId", tenant.profile.distinguished_name(&name));
    row.put("AuditBypassEnabled", bypassed);
    row.put("Name", name.as_str());
    row.put("Identity", name.as_str());
    row.put("Id", name.as_str());
    row.put("IsValid", true);
    row.put("DistinguishedName", tenant.profile.distinguished_name(&name));
    row.collection("ObjectClass", vec!["top", "person", "organizationalPerson", "user"]);
    row.date("WhenChangedUTC", changed);
    row.guid("Guid", guid);
    row.guid("ExchangeObjectId", guid);
    row.put("OrganizationId", organization_id(tenant));
    Some(Value::Object(row.0))
}

/// The one row of Get-OrganizationConfig.
pub(crate) fn organization(tenant: &Tenant) -> Value {
    let domain = tenant.profile.initial_domain.as_str();
    let mut row = Row(Map::new());
    row.put("AuditDisabled", tenant.organization.switches.audit_disabled);
    row.put("IsDehydrated", tenant.readings.dehydrated);
    for name in ["Identity", "Id", "Name", "DisplayName"] {
        row.put(name, domain);
    }
    row.guid("Guid", tenant.profile.guid(u32::MAX));
    row.date("WhenChangedUTC", tenant.organization.changed);
    Value::Object(row.0)
}

/// The one row of Get-AdminAuditLogConfig.
pub(crate) fn admin_audit_log(tenant: &Tenant, moment: Moment) -> Value {
    let organization = &tenant.organization;
    let ingestion = match organization.ingestion_shown {
        Some((shown, until)) if moment.now < until => shown,
        _ => organization.switches.unified_audit_log_ingestion,
    };
    json!({
        "AdminAuditLogEnabled": true,
        "LogLevel": "None",
        "AdminAuditLogAgeLimit": "90.00:00:00",
        "UnifiedAuditLogIngestionEnabled": ingestion,
        "UnifiedAuditLogFirstOptInDate@data.type": "System.DateTime",
        "UnifiedAuditLogFirstOptInDate": "2025-11-13T22:13:46.2485587Z",
        "Identity": "Admin Audit Log Settings",
        "Name": "Admin Audit Log Settings",
        "IsValid": true
    })
}

/// What `$select` leaves of a row that is not a mailbox; annotations of what stays, stay.
pub(crate) fn trimmed(row: Value, select: Option<&[String]>) -> Value {
    let (Some(names), Value::Object(map)) = (select, &row) else {
        return row;
    };
    let kept = map.iter().filter(|(key, _)| {
        let column = key.split('@').next().unwrap_or(key);
        names.iter().any(|name| name.eq_ignore_ascii_case(column))
    });
    Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect())
}
