//! Get-Mailbox: which mailboxes an identity, a filter and the switches choose, in which order. What is shown of them is `wire::rows`.
//!
//! Source: Microsoft Learn, Get-Mailbox.

use serde_json::Value;

use super::{Outcome, ResultSize, Table, in_scope};
use crate::simulator::opath::{self, Expression, Property};
use crate::simulator::record::Life;
use crate::simulator::spec::MailboxKind;
use crate::simulator::tenant::{Moment, Seen, Tenant};
use crate::simulator::wire::errors::ServiceError;
use crate::simulator::wire::request::Parameters;

pub(super) const PARAMETERS: [&str; 11] = [
    "Identity",
    "Filter",
    "RecipientTypeDetails",
    "SortBy",
    "ResultSize",
    "GroupMailbox",
    "PublicFolder",
    "InactiveMailboxOnly",
    "IncludeInactiveMailbox",
    "SoftDeletedMailbox",
    "Archive",
];

/// What the parameter RecipientTypeDetails accepts, beside the kinds that exist here.
const OTHER_TYPES: [&str; 4] = ["LegacyMailbox", "LinkedMailbox", "LinkedRoomMailbox", "TeamMailbox"];

struct Query {
    filter: Option<Expression>,
    types: Option<Vec<String>>,
    group: bool,
    public_folder: bool,
    lives: Vec<Life>,
}

pub(super) fn run(tenant: &Tenant, parameters: &Parameters, moment: Moment) -> Result<Outcome, ServiceError> {
    let size = ResultSize::of(parameters)?;
    let query = Query::of(tenant, parameters)?;
    let identity = match parameters.get("Identity") {
        None => None,
        Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
        Some(other) => {
            return Err(ServiceError::unconvertible(
                "Identity",
                other,
                "Microsoft.Exchange.Configuration.Tasks.MailboxIdParameter",
            ));
        }
    };
    if let Some(identity) = identity {
        if query.filter.is_some() {
            return Err(ServiceError::unknown_parameter("Identity, Filter"));
        }
        let serial = one(tenant, identity, moment, |seen| query.chooses(tenant, seen))?;
        return Ok(Outcome::Rows { table: Table::Mailboxes, items: vec![serial], size });
    }
    let mut chosen: Vec<Seen<'_>> = tenant
        .mailboxes
        .values()
        .filter_map(|record| Tenant::view(record, moment))
        .filter(|seen| query.chooses(tenant, *seen))
        .collect();
    if let Some(property) = sort_by(parameters)? {
        chosen.sort_by_cached_key(|seen| {
            let texts = property.texts(*seen, &tenant.profile);
            texts.first().map(|text| text.to_lowercase())
        });
    }
    Ok(Outcome::Rows {
        table: Table::Mailboxes,
        items: chosen.iter().map(|seen| seen.record.serial).collect(),
        size,
    })
}

/// The one visible mailbox that an identity names.
pub(super) fn one(
    tenant: &Tenant,
    identity: &str,
    moment: Moment,
    visible: impl Fn(Seen<'_>) -> bool,
) -> Result<u32, ServiceError> {
    let found: Vec<u32> = tenant
        .find(identity)
        .into_iter()
        .filter(|serial| tenant.seen(*serial, moment).is_some_and(&visible))
        .collect();
    match found.as_slice() {
        [serial] => Ok(*serial),
        [] => Err(ServiceError::not_found(identity, tenant.readings.not_found_is_400)),
        _ => Err(ServiceError::ambiguous(identity)),
    }
}

fn sort_by(parameters: &Parameters) -> Result<Option<Property>, ServiceError> {
    let Some(name) = parameters.text("SortBy")? else {
        return Ok(None);
    };
    match Property::named(name) {
        Some(property @ Property::Text(_)) => Ok(Some(property)),
        _ => Err(ServiceError::filter(format!(
            "Cannot bind parameter 'SortBy' to the target. The property \"{name}\" can't be used for sorting."
        ))),
    }
}

impl Query {
    fn of(tenant: &Tenant, parameters: &Parameters) -> Result<Self, ServiceError> {
        let filter = parameters
            .text("Filter")?
            .map(opath::read)
            .transpose()
            .map_err(|refused| ServiceError::filter(refused.0))?;
        if let Some(filter) = &filter
            && tenant.readings.refuse_guid_with_audit_enabled
            && filter.mentions(&|one| matches!(one, Expression::Id(..)))
            && filter.mentions(&|one| matches!(one, Expression::AuditEnabled(..)))
        {
            return Err(ServiceError::filter(
                "The filter can't combine the property \"Guid\" with the property \"AuditEnabled\"."
                    .to_owned(),
            ));
        }
        let types = parameters.texts("RecipientTypeDetails")?;
        if let Some(unknown) = types.iter().flatten().find(|name| !is_type(name)) {
            return Err(ServiceError::unconvertible(
                "RecipientTypeDetails",
                &Value::String(unknown.clone()),
                "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails",
            ));
        }
        let lives = if parameters.switch("SoftDeletedMailbox")? {
            vec![Life::SoftDeleted]
        } else if parameters.switch("InactiveMailboxOnly")? {
            vec![Life::Inactive]
        } else if parameters.switch("IncludeInactiveMailbox")? {
            vec![Life::Active, Life::Inactive]
        } else {
            vec![Life::Active]
        };
        Ok(Self {
            filter,
            group: parameters.switch("GroupMailbox")?,
            public_folder: parameters.switch("PublicFolder")?,
            types,
            lives,
        })
    }

    fn chooses(&self, tenant: &Tenant, seen: Seen<'_>) -> bool {
        let kind = seen.record.kind;
        let name = kind.recipient_type_details();
        let type_named = |types: &Vec<String>| types.iter().any(|t| t.eq_ignore_ascii_case(name));
        let group = self.group || kind == MailboxKind::Group && self.types.is_some();
        self.lives.contains(&seen.record.life)
            && in_scope(kind, group, self.public_folder)
            && self.types.as_ref().is_none_or(type_named)
            && self.filter.as_ref().is_none_or(|filter| filter.holds(seen, &tenant.profile))
    }
}

fn is_type(name: &str) -> bool {
    MailboxKind::ALL
        .iter()
        .filter(|kind| **kind != MailboxKind::PublicFolder)
        .map(|kind| kind.recipient_type_details())
        .chain(OTHER_TYPES)
        .any(|one| one.eq_ignore_ascii_case(name))
}
