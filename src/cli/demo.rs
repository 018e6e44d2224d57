//! `demo`.
use crate::cli::Failure;
use crate::report::ExitCode;
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {}
pub(super) async fn run(_: DemoArgs) -> Result<ExitCode, Failure> {
    Ok(ExitCode::Done)
}
