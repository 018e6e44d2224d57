//! The cmdlets of this tenant: which there are, and what each may be given. One file each for what they do.

mod bypass;
mod get_mailbox;
mod organization;
mod set_mailbox;

use serde_json::Value;

use super::spec::MailboxKind;
use super::tenant::{Moment, Tenant};
use super::wire::errors::ServiceError;
use super::wire::request::{Call, Parameters};

/// A cmdlet that exists here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cmdlet {
    GetMailbox,
    SetMailbox,
    GetOrganizationConfig,
    SetOrganizationConfig,
    GetAdminAuditLogConfig,
    SetAdminAuditLogConfig,
    GetBypass,
    SetBypass,
}

/// Parameters that every cmdlet takes and that change nothing here; Confirm and WhatIf are looked at on writes.
const COMMON: [&str; 8] =
    ["ErrorAction", "WarningAction", "InformationAction", "Verbose", "Debug", "Confirm", "WhatIf", "Force"];

impl Cmdlet {
    pub(crate) const ALL: [Cmdlet; 8] = [
        Cmdlet::GetMailbox,
        Cmdlet::SetMailbox,
        Cmdlet::GetOrganizationConfig,
        Cmdlet::SetOrganizationConfig,
        Cmdlet::GetAdminAuditLogConfig,
        Cmdlet::SetAdminAuditLogConfig,
        Cmdlet::GetBypass,
        Cmdlet::SetBypass,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Cmdlet::GetMailbox => "Get-Mailbox",
            Cmdlet::SetMailbox => "Set-Mailbox",
            Cmdlet::GetOrganizationConfig => "Get-OrganizationConfig",
            Cmdlet::SetOrganizationConfig => "Set-OrganizationConfig",
            Cmdlet::GetAdminAuditLogConfig => "Get-AdminAuditLogConfig",
            Cmdlet::SetAdminAuditLogConfig => "Set-AdminAuditLogConfig",
            Cmdlet::GetBypass => "Get-MailboxAuditBypassAssociation",
            Cmdlet::SetBypass => "Set-MailboxAuditBypassAssociation",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn is_write(self) -> bool {
        self.name().starts_with("Set-")
    }

    fn parameters(self) -> &'static [&'static str] {
        match self {
            Cmdlet::GetMailbox => &get_mailbox::PARAMETERS,
            Cmdlet::SetMailbox => &set_mailbox::PARAMETERS,
            Cmdlet::GetOrganizationConfig | Cmdlet::GetAdminAuditLogConfig => &[],
            Cmdlet::SetOrganizationConfig => &["Identity", "AuditDisabled"],
            Cmdlet::SetAdminAuditLogConfig => &["Identity", "UnifiedAuditLogIngestionEnabled"],
            Cmdlet::GetBypass => &["Identity", "ResultSize"],
            Cmdlet::SetBypass => &["Identity", "AuditBypassEnabled"],
        }
    }

    /// Parameters are bound before anything runs, so a wrong name costs nothing but the call.
    pub(crate) fn check_parameters(
        self,
        parameters: &Parameters,
        withheld: impl Fn(&str) -> bool,
    ) -> Result<(), ServiceError> {
        let known = |name: &str| {
            let own = self.parameters().iter().chain(&COMMON);
            own.clone().any(|one| one.eq_ignore_ascii_case(name)) && !withheld(name)
        };
        match parameters.names().find(|name| !known(name)) {
            Some(unknown) => Err(ServiceError::unknown_parameter(unknown)),
            None => Ok(()),
        }
    }
}

/// What rows a result is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Mailboxes,
    Bypass,
    Organization,
    AdminAuditLog,
}

/// How many rows were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultSize {
    Unlimited,
    AtMost(usize),
}

/// Without a ResultSize the cmdlets return this many and a warning.
const DEFAULT_RESULT_SIZE: usize = 1_000;

impl ResultSize {
    fn of(parameters: &Parameters) -> Result<Self, ServiceError> {
        let wrong = |value| {
            ServiceError::unconvertible(
                "ResultSize",
                value,
                "Microsoft.Exchange.Data.Unlimited`1[System.UInt32]",
            )
        };
        match parameters.get("ResultSize") {
            None => Ok(Self::AtMost(DEFAULT_RESULT_SIZE)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("unlimited") => Ok(Self::Unlimited),
            Some(value @ Value::String(text)) => text.parse().map(Self::AtMost).map_err(|_| wrong(value)),
            Some(value) => value
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .map(Self::AtMost)
                .ok_or_else(|| wrong(value)),
        }
    }
}

/// What a cmdlet came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Rows {
        table: Table,
        items: Vec<u32>,
        size: ResultSize,
    },
    /// A write was carried out.
    Done,
    /// A write found nothing to change on the named object.
    Unchanged(String),
    /// `Confirm: true` asks back instead of doing anything.
    Confirmation(String),
}

pub(crate) fn run(
    cmdlet: Cmdlet,
    tenant: &mut Tenant,
    call: &Call,
    moment: Moment,
) -> Result<Outcome, ServiceError> {
    let parameters = &call.parameters;
    if cmdlet.is_write() {
        if parameters.switch("Confirm")? {
            return Ok(Outcome::Confirmation(format!(
                "Are you sure you want to perform this action? {} will be run.",
                cmdlet.name()
            )));
        }
        if parameters.switch("WhatIf")? {
            return Ok(Outcome::Done);
        }
    }
    match cmdlet {
        Cmdlet::GetMailbox => get_mailbox::run(tenant, parameters, moment),
        Cmdlet::SetMailbox => set_mailbox::run(tenant, parameters, moment),
        Cmdlet::GetOrganizationConfig => Ok(one_row(Table::Organization)),
        Cmdlet::GetAdminAuditLogConfig => Ok(one_row(Table::AdminAuditLog)),
        Cmdlet::SetOrganizationConfig => organization::set_config(tenant, parameters, moment),
        Cmdlet::SetAdminAuditLogConfig => organization::set_admin_audit_log(tenant, parameters, moment),
        Cmdlet::GetBypass => bypass::get(tenant, parameters, moment),
        Cmdlet::SetBypass => bypass::set(tenant, parameters, moment),
    }
}

fn one_row(table: Table) -> Outcome {
    Outcome::Rows { table, items: vec![0], size: ResultSize::Unlimited }
}

/// Which mailboxes a cmdlet speaks of: groups and public folders only by their switches.
fn in_scope(kind: MailboxKind, group: bool, public_folder: bool) -> bool {
    match kind {
        MailboxKind::Group => group,
        MailboxKind::PublicFolder => public_folder,
        _ => !group && !public_folder,
    }
}
