//! Entry point: arguments, logging, exit code.

fn main() {}
