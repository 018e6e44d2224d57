//! Where policy files come from. What they mean is `policy`'s; here is only getting at their bytes.

mod directory;
mod watch;

pub use directory::{Error, Problem, Recursion, read};
pub use watch::{Watch, watch};
