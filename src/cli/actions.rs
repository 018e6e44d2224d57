//! `actions`: which action can be audited for which logon type.

use clap::{Args, ValueEnum};

use crate::cli::{Failure, console};
use crate::report::{ExitCode, actions_csv, actions_json, actions_text};

#[derive(Debug, Args)]
pub(super) struct ActionsArgs {
    /// How the matrix is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Csv,
    Json,
}

pub(super) fn run(args: &ActionsArgs) -> Result<ExitCode, Failure> {
    console::data(&match args.format {
        Format::Text => actions_text(),
        Format::Csv => actions_csv(),
        Format::Json => actions_json(),
    })?;
    Ok(ExitCode::Done)
}
