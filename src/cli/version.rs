//! `version`: what this binary is.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::context::VERSION;
use crate::cli::{Failure, console};
use crate::domain::MATRIX_DATE;
use crate::report::ExitCode;

#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &VersionArgs) -> Result<ExitCode, Failure> {
    // Set where an image is built; a build from a checkout has none.
    let revision = option_env!("MAILWARDEN_REVISION").filter(|revision| !revision.is_empty());
    let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    console::data(&match args.format {
        Format::Text => format!(
            "mailwarden {VERSION}{}\nplatform: {os}/{architecture}\npolicy language: mailwarden/v1\naction matrix: {MATRIX_DATE}\n",
            revision.map(|revision| format!(" ({revision})")).unwrap_or_default()
        ),
        Format::Json => format!(
            "{:#}\n",
            json!({
                "version": VERSION,
                "revision": revision,
                "os": os,
                "architecture": architecture,
                "policy_api_version": "mailwarden/v1",
                "action_matrix": MATRIX_DATE,
            })
        ),
    })?;
    Ok(ExitCode::Done)
}
