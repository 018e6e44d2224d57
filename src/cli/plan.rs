//! `plan`: looks at the tenants and shows what would be corrected. Writes nothing anywhere.

use clap::{Args, ValueEnum};

use crate::cli::context::{Connected, Remembering, Shared, TenantArgs};
use crate::cli::failure::warning;
use crate::cli::{Failure, Global, console, context};
use crate::domain::Lane;
use crate::engine::{Consent, Cycle, Only, Request, Target, decide};
use crate::policy::PolicySet;
use crate::report::{ExitCode, ExitDetail, TenantPlan, exit_code, plan_json, plan_markdown, plan_text};

/// What `plan` and `apply` are about.
#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    #[command(flatten)]
    pub(super) tenant: TenantArgs,
    /// Only this mailbox: a GUID, user principal name, SMTP address or alias
    #[arg(long, value_name = "MAILBOX")]
    pub(super) mailbox: Option<String>,
    /// Only what this policy asks for
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    /// At most so many mailboxes with something to write
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 2 where there is drift to correct
    #[arg(long)]
    detailed_exitcode: bool,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Markdown,
}

pub(super) async fn run(global: &Global, args: &PlanArgs) -> Result<ExitCode, Failure> {
    context::log_for_people();
    let settings = context::settings(global)?;
    let policies = context::policies(&settings)?;
    check_policy(&policies, &args.scope)?;
    let history = context::history(&settings, Remembering::Reading).await?;
    let shared = Shared::for_verb(&settings, history)?;
    let tenants = context::tenants(&settings, &args.scope.tenant, &shared)?;
    let mut cycles = Vec::new();
    for connected in &tenants {
        let request = request(&args.scope, Consent::default());
        let cycle = decide(&connected.tenant, &policies, &request)
            .await
            .map_err(|error| named(connected, error.into()))?;
        tell_faults(connected, &cycle);
        cycles.push(cycle);
    }
    let plans = plans(&tenants, &cycles);
    console::data(&match args.format {
        Format::Text => plan_text(&plans, console::colour_of_stdout(), None),
        Format::Json => plan_json(&plans),
        Format::Markdown => plan_markdown(&plans),
    })?;
    let detail = if args.detailed_exitcode { ExitDetail::Detailed } else { ExitDetail::Plain };
    Ok(exit_code(&plans, detail))
}

/// What is looked at, as the flags say.
pub(super) fn request(scope: &ScopeArgs, consent: Consent) -> Request {
    let target = match &scope.mailbox {
        Some(identity) => Target::Identity(identity.clone()),
        None => Target::Everything,
    };
    let only = Only { policy: scope.policy.clone(), limit: scope.limit };
    Request { consent, only, ..Request::new(Lane::Manual, target) }
}

/// A policy that is named must exist: a mistyped name would look like a tenant in sync.
pub(super) fn check_policy(policies: &PolicySet, scope: &ScopeArgs) -> Result<(), Failure> {
    let Some(name) = &scope.policy else { return Ok(()) };
    let names: Vec<&str> = policies.policies().map(|policy| &*policy.name).collect();
    if names.contains(&name.as_str()) {
        return Ok(());
    }
    let remedy = format!("the policies are: {}", names.join(", "));
    Err(Failure::with_remedy(format!("no policy is called `{name}`"), remedy))
}

/// What could not be seen, said before the plan that rests on the rest.
pub(super) fn tell_faults(connected: &Connected, cycle: &Cycle) {
    for fault in &cycle.looked.faults {
        console::error(&warning(&connected.tenant.name, fault));
    }
}

/// An error with the tenant that it is about.
pub(super) fn named(connected: &Connected, failure: Failure) -> Failure {
    match failure {
        Failure::Said { what, traces, remedy } => {
            Failure::Said { what: format!("tenant `{}`: {what}", connected.tenant.name), traces, remedy }
        }
        other => other,
    }
}

/// The plans with their tenants, as the reports take them.
pub(super) fn plans<'a>(tenants: &[Connected], cycles: &'a [Cycle]) -> Vec<TenantPlan<'a>> {
    tenants
        .iter()
        .zip(cycles)
        .map(|(connected, cycle)| TenantPlan {
            name: connected.tenant.name.clone(),
            plan: &cycle.looked.plan,
            verdict: &cycle.verdict,
            writes_per_minute: connected.tenant.writes_per_minute,
        })
        .collect()
}
