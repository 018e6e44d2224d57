//! The simulated tenant, driven by raw requests: what a client must be able to rely on, traps included.

// Helpers outside of test functions may fail a test too; clippy's exemption reaches only into those functions.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod batch;
mod faults;
mod harness;
mod login;
mod paging;
mod population;
mod reads;
mod serving;
mod writes;
