//! The organization's two switches: Set-OrganizationConfig and Set-AdminAuditLogConfig. Reading them is a row of `wire::rows`.

use super::Outcome;
use crate::simulator::tenant::{Moment, Tenant};
use crate::simulator::wire::errors::ServiceError;
use crate::simulator::wire::request::Parameters;

pub(super) fn set_config(
    tenant: &mut Tenant,
    parameters: &Parameters,
    moment: Moment,
) -> Result<Outcome, ServiceError> {
    hydrated(tenant)?;
    let wanted = parameters.boolean("AuditDisabled")?;
    let organization = &mut tenant.organization;
    match wanted {
        Some(disabled) if disabled != organization.switches.audit_disabled => {
            organization.switches.audit_disabled = disabled;
            organization.changed = moment.now;
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Unchanged(tenant.profile.initial_domain.clone())),
    }
}

pub(super) fn set_admin_audit_log(
    tenant: &mut Tenant,
    parameters: &Parameters,
    moment: Moment,
) -> Result<Outcome, ServiceError> {
    hydrated(tenant)?;
    let lag = i64::try_from(tenant.readings.ingestion_lag.as_secs()).unwrap_or(i64::MAX);
    let wanted = parameters.boolean("UnifiedAuditLogIngestionEnabled")?;
    let organization = &mut tenant.organization;
    let old = organization.switches.unified_audit_log_ingestion;
    match wanted {
        Some(enabled) if enabled != old => {
            organization.switches.unified_audit_log_ingestion = enabled;
            organization.ingestion_shown = Some((old, moment.now.saturating_add(lag)));
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Unchanged("Admin Audit Log Settings".to_owned())),
    }
}

/// A tenant that was never customised must be opened for it once, by a person.
fn hydrated(tenant: &Tenant) -> Result<(), ServiceError> {
    if !tenant.readings.dehydrated {
        return Ok(());
    }
    Err(ServiceError::refused(
        "Microsoft.Exchange.Configuration.Tasks.InvalidOperationInDehydratedContextException",
        "The command you tried to run isn't currently allowed in your organization. To run this command, you first need to run the \
         command: Enable-OrganizationCustomization.",
    ))
}
