//! The command line: one file a verb, each thin. What all verbs share is in `context` and `console`.

mod actions;
mod apply;
mod completions;
mod consent;
mod console;
mod context;
mod demo;
mod explain;
mod failure;
mod healthcheck;
mod init;
mod plan;
mod report;
mod run;
mod simulate;
mod validate;
mod version;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use failure::Failure;

use crate::report::ExitCode;

/// Keeps every mailbox of a tenant audited as policies in git say.
#[derive(Debug, Parser)]
#[command(name = "mailwarden", version, propagate_version = true, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Args)]
struct Global {
    /// The settings file [default: ./mailwarden.yaml, then /etc/mailwarden/mailwarden.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting that counts above file and environment, such as `limits.writesPerMinute=600`
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows every fault of a policy set; needs nothing else
    Validate(validate::ValidateArgs),
    /// Looks at the tenants and shows what would be corrected
    Plan(plan::PlanArgs),
    /// Looks, shows, asks, writes and verifies
    Apply(apply::ApplyArgs),
    /// The daemon: keeps the tenants as the policies say
    Run(run::RunArgs),
    /// Says what policies want of one mailbox, what it is, and what would be written
    Explain(explain::ExplainArgs),
    /// Lists mailboxes and their auditing
    Report(report::ReportArgs),
    /// Lists which action can be audited for which logon type
    Actions(actions::ActionsArgs),
    /// Writes starter files: settings and the baseline policies
    Init(init::InitArgs),
    /// Prints a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Asks a running daemon whether it is alive; for the image's health check
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Prints what this binary is
    Version(version::VersionArgs),
    /// Serves a simulated tenant
    Simulate(simulate::SimulateArgs),
    /// Shows everything at work: a simulated tenant, the daemon and its page
    Demo(demo::DemoArgs),
}

/// Runs the program.
pub fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; wrong usage is code 1, since 2 says that there is drift.
            let _ = error.print();
            return u8::from(error.use_stderr()).into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            console::error(&format!("error: the machine gives no threads: {error}\n"));
            return ExitCode::Error.number().into();
        }
    };
    let code = match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(failure) => {
            console::error(&failure.render(console::colour_of_stderr()));
            ExitCode::Error
        }
    };
    // Nothing that still runs may hold the exit up: whatever had to be finished was waited for.
    runtime.shutdown_background();
    code.number().into()
}

async fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    match cli.verb {
        Verb::Validate(args) => validate::run(global, &args).await,
        Verb::Plan(args) => plan::run(global, &args).await,
        Verb::Apply(args) => apply::run(global, &args).await,
        Verb::Run(args) => run::run(global, &args).await,
        Verb::Explain(args) => explain::run(global, &args).await,
        Verb::Report(args) => report::run(global, &args).await,
        Verb::Actions(args) => actions::run(&args),
        Verb::Init(args) => init::run(&args),
        Verb::Completions(args) => completions::run(&args),
        Verb::Healthcheck(args) => healthcheck::run(global, &args).await,
        Verb::Version(args) => version::run(&args),
        Verb::Simulate(args) => simulate::run(args).await,
        Verb::Demo(args) => demo::run(args).await,
    }
}
