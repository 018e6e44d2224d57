//! `explain`: what policies want of one mailbox, what it is, and what would be written and why.

use clap::{Args, ValueEnum};

use crate::cli::context::{Remembering, Shared, TenantArgs};
use crate::cli::plan::{named, tell_faults};
use crate::cli::{Failure, Global, console, context};
use crate::domain::Lane;
use crate::engine::{LookError, Request, Target, decide};
use crate::report::{ExitCode, Explanation, explain_json, explain_text};

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A GUID, user principal name, SMTP address or alias
    mailbox: String,
    #[command(flatten)]
    tenant: TenantArgs,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) async fn run(global: &Global, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    context::log_for_people();
    let settings = context::settings(global)?;
    let policies = context::policies(&settings)?;
    let history = context::history(&settings, Remembering::Reading).await?;
    let shared = Shared::for_verb(&settings, history)?;
    for connected in &context::tenants(&settings, &args.tenant, &shared)? {
        let tenant = &connected.tenant;
        let target = Target::Identity(args.mailbox.clone());
        let cycle = match decide(tenant, &policies, &Request::new(Lane::Manual, target)).await {
            // With several tenants the mailbox is in one of them.
            Err(LookError::NotFound(_)) if settings.tenants.len() > 1 && args.tenant.tenant.is_none() => {
                continue;
            }
            decided => decided.map_err(|error| named(connected, error.into()))?,
        };
        tell_faults(connected, &cycle);
        let plan = &cycle.looked.plan;
        let (Some(mailbox), Some(finding)) = (cycle.looked.rows.first(), plan.findings.first()) else {
            continue;
        };
        let desired = cycle.looked.policies.desire(mailbox, &plan.defaults, plan.observed_at);
        let explanation = Explanation {
            tenant: &tenant.name,
            mailbox,
            desired: &desired,
            finding,
            organization: &plan.organization.observed,
            defaults: &plan.defaults,
        };
        console::data(&match args.format {
            Format::Text => explain_text(&explanation, console::colour_of_stdout()),
            Format::Json => explain_json(&explanation),
        })?;
        return Ok(ExitCode::Done);
    }
    Err(LookError::NotFound(args.mailbox.clone()).into())
}
