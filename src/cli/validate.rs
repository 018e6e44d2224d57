//! `validate`: every fault and lint of a policy set, without settings, credentials or network.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{Failure, Global, console, context};
use crate::engine::Clock;
use crate::policy::render::{json, text};
use crate::policy::{Severity, compile};
use crate::report::{ExitCode, counted};
use crate::source::read;

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// A directory or a file [default: `policies.path` of the settings, else ./policies]
    path: Option<PathBuf>,
    /// Also the files of deeper directories
    #[arg(long)]
    recursive: bool,
    /// How the faults are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) async fn run(global: &Global, args: &ValidateArgs) -> Result<ExitCode, Failure> {
    let (path, recursive) = place(global, args)?;
    let files = read(&path, context::recursion(recursive))?;
    let compilation = compile(&files, Clock::system().now());
    match args.format {
        Format::Json => console::data(&format!("{:#}\n", json(&compilation.diagnostics)))?,
        // Faults are what was asked for: they are the data of this verb.
        Format::Text => console::data(&text(&compilation.diagnostics, console::colour_of_stdout()))?,
    }
    let count = |severity, one: &str, many: &str| {
        let found = compilation.diagnostics.iter().filter(|one| one.severity() == severity).count();
        counted(found as u64, one, many)
    };
    let errors = count(Severity::Error, "error", "errors");
    let warnings = count(Severity::Warning, "warning", "warnings");
    match compilation.policies {
        Some(set) => {
            let policies = counted(set.len() as u64, "policy", "policies");
            let files = counted(files.len() as u64, "file", "files");
            let are = if set.len() == 1 { "is" } else { "are" };
            console::error(&format!(
                "{policies} in {files} {are} valid, {warnings}; revision {}\n",
                set.revision().short()
            ));
            let outside: Vec<String> = set.types_outside().iter().map(ToString::to_string).collect();
            if !outside.is_empty() {
                console::error(&format!(
                    "note: no policy reaches mailboxes of type {}\n",
                    outside.join(", ")
                ));
            }
            Ok(ExitCode::Done)
        }
        None => {
            console::error(&format!("{errors}, {warnings}\n"));
            Ok(ExitCode::Error)
        }
    }
}

/// What is validated: the argument, the settings' place where there are settings, or `./policies`.
fn place(global: &Global, args: &ValidateArgs) -> Result<(PathBuf, bool), Failure> {
    if let Some(path) = &args.path {
        return Ok((path.clone(), args.recursive));
    }
    let default = PathBuf::from("policies");
    if global.config.is_none() && default.is_dir() {
        return Ok((default, args.recursive));
    }
    let settings = context::settings(global)?;
    Ok((settings.policies.path.value, args.recursive || settings.policies.recursive.value))
}
