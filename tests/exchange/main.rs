//! The client of the service against a small service of this test's own, in process and in paused time.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says so when it cannot go on")]

mod fake;

mod bodies;
mod network;
mod paging;
mod reading;
mod tokens;
mod writing;
