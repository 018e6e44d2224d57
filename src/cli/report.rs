//! `report`: the table of mailboxes and their auditing. Needs no policies.

use clap::{Args, ValueEnum};

use crate::cli::context::{Connected, Shared, TenantArgs};
use crate::cli::failure::warning;
use crate::cli::plan::named;
use crate::cli::{Failure, Global, console, context};
use crate::domain::{Auditing, Mailbox};
use crate::engine::{Seen, Target, observe};
use crate::report::{ExitCode, mailbox_rows, mailboxes_csv, mailboxes_json, mailboxes_text};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    tenant: TenantArgs,
    /// Only mailboxes whose stored state is this
    #[arg(long, value_enum)]
    auditing: Option<Stored>,
    /// Only this mailbox: a GUID, user principal name, SMTP address or alias
    #[arg(long, value_name = "MAILBOX")]
    mailbox: Option<String>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stored {
    /// Stored as on
    Explicit,
    /// Stored as off or not at all, and covered by the tenant's default
    ByTenantDefault,
    /// Stored as off or not at all, and covered by nothing
    Off,
    /// Not read
    Unknown,
}

impl From<Stored> for Auditing {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Explicit => Self::Explicit,
            Stored::ByTenantDefault => Self::ByTenantDefault,
            Stored::Off => Self::Off,
            Stored::Unknown => Self::Unknown,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    #[value(alias = "text")]
    Table,
    Csv,
    Json,
}

pub(super) async fn run(global: &Global, args: &ReportArgs) -> Result<ExitCode, Failure> {
    context::log_for_people();
    let settings = context::settings(global)?;
    let shared = Shared::for_verb(&settings, None)?;
    let mut listed = Vec::new();
    let mut code = ExitCode::Done;
    for connected in &context::tenants(&settings, &args.tenant, &shared)? {
        let target = args.mailbox.clone().map_or(Target::Everything, Target::Identity);
        let mut mailboxes: Vec<Mailbox> = Vec::new();
        let (organization, seen) = observe(&connected.tenant, &target, &mut |row| mailboxes.push(row))
            .await
            .map_err(|error| named(connected, error.into()))?;
        let incomplete = tell(connected, &seen);
        let any_unknown = mailboxes.iter().any(|mailbox| {
            Auditing::of(mailbox, &organization) == Auditing::Unknown && mailbox.recipient_type.is_settable()
        });
        if incomplete || any_unknown {
            code = ExitCode::Incomplete;
        }
        listed.extend(mailbox_rows(&mailboxes, &organization, args.auditing.map(Auditing::from)));
    }
    console::data(&match args.format {
        Format::Table => mailboxes_text(&listed),
        Format::Csv => mailboxes_csv(&listed),
        Format::Json => mailboxes_json(&listed),
    })?;
    Ok(code)
}

fn tell(connected: &Connected, seen: &Seen) -> bool {
    for fault in &seen.faults {
        console::error(&warning(&connected.tenant.name, fault));
    }
    !seen.view.is_complete() || !seen.faults.is_empty()
}
