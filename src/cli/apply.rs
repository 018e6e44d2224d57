//! `apply`: looks, shows, asks, writes and verifies, one tenant after another.

use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::consent::ConsentArgs;
use crate::cli::context::{Connected, Remembering, Shared};
use crate::cli::plan::{ScopeArgs, check_policy, named, plans, request, tell_faults};
use crate::cli::{Failure, Global, console, context};
use crate::domain::Mode;
use crate::engine::{
    Consent, Cycle, Drained, Executor, Queue, Request, decide, drain, holder, remember, resume,
};
use crate::history::History;
use crate::policy::PolicySet;
use crate::report::{ExitCode, ExitDetail, counted, exit_code, plan_text};

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    /// Does not ask; needed where nobody can be asked
    #[arg(long)]
    auto_approve: bool,
}

pub(super) async fn run(global: &Global, args: &ApplyArgs) -> Result<ExitCode, Failure> {
    context::log_for_people();
    let consent = args.consent.parse()?;
    if !args.auto_approve && !console::is_interactive() {
        let remedy = "look at `mailwarden plan` first, then add `--auto-approve`";
        return Err(Failure::with_remedy("nobody can be asked: this is not a terminal", remedy));
    }
    let settings = context::settings(global)?;
    let policies = context::policies(&settings)?;
    check_policy(&policies, &args.scope)?;
    let history = context::history(&settings, Remembering::Writing).await?;
    let shared = Shared::for_verb(&settings, history)?;
    let tenants = context::tenants(&settings, &args.scope.tenant, &shared)?;
    let mut code = ExitCode::Done;
    for connected in &tenants {
        let one = one_tenant(connected, &policies, args, consent.clone()).await;
        code = code.max(one.map_err(|failure| named(connected, failure))?);
    }
    Ok(code)
}

async fn one_tenant(
    connected: &Connected,
    policies: &PolicySet,
    args: &ApplyArgs,
    consent: Consent,
) -> Result<ExitCode, Failure> {
    let tenant = &connected.tenant;
    let Some(history) = &tenant.history else {
        return Err(Failure::new("without a history nothing is written"));
    };
    // Held until everything is written: a daemon on the same history must not write beside it.
    let _lease = history.acquire_writer(tenant.id, holder("apply")).await?;
    resume(tenant, history, policies, tenant.clock.now()).await?;
    let request = request(&args.scope, consent);
    let cycle = decide(tenant, policies, &request).await?;
    tell_faults(connected, &cycle);
    let shown = plans(std::slice::from_ref(connected), std::slice::from_ref(&cycle));
    console::data(&plan_text(&shown, console::colour_of_stdout(), None))?;
    let code = exit_code(&shown, ExitDetail::Plain);
    if cycle.work.is_empty() {
        remember(tenant, history, &cycle, &request).await?;
        if tenant.mode == Mode::Observe {
            console::error("nothing is written: this tenant is only observed\n");
        }
        return Ok(code);
    }
    let calls: usize = cycle.work.iter().map(|work| work.changes.len()).sum();
    let calls = counted(calls as u64, "change", "changes");
    let question = format!("\nWrite {calls} to tenant `{}`? Only `yes` is accepted: ", tenant.name);
    if !args.auto_approve && !console::confirm(&question) {
        return Err(Failure::new("not approved; nothing was written"));
    }
    let drained = write(connected, history, &cycle, &request).await?;
    console::error(&outcome(&drained));
    if drained.unproven {
        let remedy = "check that the application may write (a role with Set-Mailbox), and that no other program undoes it; then run again";
        return Err(Failure::with_remedy(
            "the first writes were accepted and do not show; nothing more was written",
            remedy,
        ));
    }
    let incomplete = drained.tally.failed + drained.tally.rejected + drained.verified.unverified > 0;
    Ok(if incomplete { code.max(ExitCode::Incomplete) } else { code })
}

async fn write(
    connected: &Connected,
    history: &Arc<dyn History>,
    cycle: &Cycle,
    request: &Request,
) -> Result<Drained, Failure> {
    let tenant = &connected.tenant;
    remember(tenant, history, cycle, request).await?;
    let executor = Arc::new(Executor::new(tenant.clone(), history.clone()).await?);
    let queue = Queue::default();
    for work in &cycle.work {
        queue.offer(work.clone());
    }
    let bar = ProgressBar::new(queue.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} mailboxes, {eta} left") {
        bar.set_style(style);
    }
    let mut progress = || bar.inc(1);
    let drained = tokio::select! {
        drained = drain(&executor, &queue, &mut progress) => drained?,
        _ = tokio::signal::ctrl_c() => {
            bar.abandon();
            let remedy = "run it again: what was written is in sync, what was under way is looked at";
            return Err(Failure::with_remedy("interrupted", remedy));
        }
    };
    bar.finish_and_clear();
    Ok(drained)
}

fn outcome(drained: &Drained) -> String {
    let (tally, verified) = (drained.tally, drained.verified);
    let mut text = format!("Applied: {} written, {} verified", tally.written, verified.verified);
    for (count, word) in [
        (verified.unverified, "not visible yet"),
        (tally.failed, "failed"),
        (tally.rejected, "rejected by the service"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    text.push_str(".\n");
    text
}
