//! `init`: starter files, never over existing ones.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{Failure, console};
use crate::policy::baseline;
use crate::report::ExitCode;
use crate::settings::example;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where to
    #[arg(default_value = ".")]
    directory: PathBuf,
}

pub(super) fn run(args: &InitArgs) -> Result<ExitCode, Failure> {
    let mut files = vec![(args.directory.join("mailwarden.yaml"), example().as_bytes().to_vec())];
    for file in baseline() {
        files.push((args.directory.join(&file.path), file.bytes));
    }
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let remedy = "name another directory; nothing was written";
        return Err(Failure::with_remedy(format!("`{}` is there already", path.display()), remedy));
    }
    for (path, bytes) in &files {
        write_new(path, bytes)
            .map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", path.display())))?;
        console::data(&format!("{}\n", path.display()))?;
    }
    console::error(
        "next: put tenant and credential into mailwarden.yaml, then `mailwarden validate` and `mailwarden plan`\n",
    );
    Ok(ExitCode::Done)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}
