//! `run --once`: one full cycle of every tenant, as a scheduler wants it. Logs like the daemon.

use std::sync::Arc;

use super::{Process, RunArgs, tell_start};
use crate::cli::context::{self, Connected, Remembering, Shared};
use crate::cli::plan::plans;
use crate::cli::{Failure, console};
use crate::domain::{Lane, Mode};
use crate::engine::{
    Executor, Queue, Request, Target, decide, drain, holder, remember, resume, tell_failed_look, tell_started,
};
use crate::policy::PolicySet;
use crate::report::{ExitCode, ExitDetail, exit_code};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: &RunArgs, process: &Process) -> Result<ExitCode, Failure> {
    let policies = context::policies(settings)?;
    let shared = Shared {
        transport: context::network()?,
        history: context::history(settings, Remembering::Writing).await?,
        telemetry: process.telemetry.clone(),
        status: process.status.clone(),
        clock: process.clock,
    };
    let mut connected = context::tenants(settings, &args.tenant, &shared)?;
    if args.observe {
        context::observe_only(&mut connected);
    }
    tell_start(args, process, &connected);
    let mut code = ExitCode::Done;
    for one in &connected {
        // One tenant that fails does not keep the others from their cycle.
        match one_tenant(one, &policies).await {
            Ok(ended) => code = code.max(ended),
            Err(failure) => {
                console::error(&crate::cli::plan::named(one, failure).render(console::colour_of_stderr()));
                code = ExitCode::Error;
            }
        }
    }
    Ok(code)
}

async fn one_tenant(connected: &Connected, policies: &PolicySet) -> Result<ExitCode, Failure> {
    let tenant = &connected.tenant;
    let Some(history) = &tenant.history else {
        return Err(Failure::new("without a history nothing is written"));
    };
    let _lease = match tenant.mode {
        Mode::Enforce => {
            let lease = history.acquire_writer(tenant.id, holder("run --once")).await?;
            resume(tenant, history, policies, tenant.clock.now()).await?;
            Some(lease)
        }
        Mode::Observe => None,
    };
    let request = Request::new(Lane::Full, Target::Everything);
    tell_started(tenant, &request);
    let cycle = match decide(tenant, policies, &request).await {
        Ok(cycle) => cycle,
        Err(error) => {
            tell_failed_look(tenant, &request, &error);
            return Err(error.into());
        }
    };
    remember(tenant, history, &cycle, &request).await?;
    let code =
        exit_code(&plans(std::slice::from_ref(connected), std::slice::from_ref(&cycle)), ExitDetail::Plain);
    if cycle.work.is_empty() {
        return Ok(code);
    }
    let executor = Arc::new(Executor::new(tenant.clone(), history.clone()).await?);
    let queue = Queue::default();
    cycle.work.iter().for_each(|work| {
        queue.offer(work.clone());
    });
    let drained = drain(&executor, &queue, &mut || {}).await?;
    let incomplete =
        drained.unproven || drained.tally.failed + drained.tally.rejected + drained.verified.unverified > 0;
    Ok(if incomplete { code.max(ExitCode::Incomplete) } else { code })
}
