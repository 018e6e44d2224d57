//! Get- and Set-MailboxAuditBypassAssociation, with the trap that an identity nobody has returns everybody.
//!
//! Source: Microsoft Learn, Get-MailboxAuditBypassAssociation. There is no filter, and one row for every account.

use super::{Outcome, ResultSize, Table};
use crate::simulator::tenant::{ACCOUNTS, Moment, Tenant};
use crate::simulator::wire::errors::ServiceError;
use crate::simulator::wire::request::Parameters;

pub(super) fn get(tenant: &Tenant, parameters: &Parameters, moment: Moment) -> Result<Outcome, ServiceError> {
    let size = ResultSize::of(parameters)?;
    let found = match parameters.text("Identity")? {
        Some(identity) => find(tenant, identity),
        None => Vec::new(),
    };
    let items = if found.is_empty() {
        let mailboxes = tenant.mailboxes.keys().filter(|serial| tenant.seen(**serial, moment).is_some());
        mailboxes.copied().chain(accounts(tenant)).collect()
    } else {
        found
    };
    Ok(Outcome::Rows { table: Table::Bypass, items, size })
}

pub(super) fn set(
    tenant: &mut Tenant,
    parameters: &Parameters,
    moment: Moment,
) -> Result<Outcome, ServiceError> {
    let Some(identity) = parameters.text("Identity")?.filter(|one| !one.is_empty()) else {
        return Err(ServiceError::missing_parameter("Identity"));
    };
    let Some(wanted) = parameters.boolean("AuditBypassEnabled")? else {
        return Err(ServiceError::missing_parameter("AuditBypassEnabled"));
    };
    let item = match find(tenant, identity).as_slice() {
        [item] => *item,
        [] => {
            return Err(ServiceError::not_found(identity, tenant.readings.not_found_is_400));
        }
        _ => return Err(ServiceError::ambiguous(identity)),
    };
    let flag = match usize::try_from(item.wrapping_sub(ACCOUNTS)) {
        Ok(place) if item >= ACCOUNTS => tenant.accounts.get_mut(place).map(|a| &mut a.bypassed),
        _ => tenant.mailboxes.get_mut(&item).map(|r| &mut r.bypassed),
    };
    match flag {
        Some(flag) if *flag != wanted => *flag = wanted,
        _ => return Ok(Outcome::Unchanged(identity.to_owned())),
    }
    if let Some(record) = tenant.mailboxes.get_mut(&item) {
        record.settings.changed = moment.now;
    }
    Ok(Outcome::Done)
}

fn accounts(tenant: &Tenant) -> impl Iterator<Item = u32> {
    (ACCOUNTS..).take(tenant.accounts.len())
}

fn find(tenant: &Tenant, identity: &str) -> Vec<u32> {
    let account = tenant.accounts.iter().position(|account| {
        account.name.eq_ignore_ascii_case(identity) || account.guid.to_string().eq_ignore_ascii_case(identity)
    });
    match account.and_then(|place| u32::try_from(place).ok()) {
        Some(place) => vec![ACCOUNTS + place],
        None => tenant.find(identity),
    }
}
