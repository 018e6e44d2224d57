//! Entry point: arguments in, exit code out.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// Pages of a thousand rows are mostly small allocations.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    mailwarden::cli::main()
}
