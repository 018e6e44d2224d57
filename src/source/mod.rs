//! Where policy files come from. What they mean is `policy`'s; here is only getting at their bytes.

mod directory;

pub use directory::{Error, Problem, Recursion, read};
