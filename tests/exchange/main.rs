//! The client of the service against a small service of this test's own, in process and in paused time.

mod fake;

mod bodies;
mod network;
mod paging;
mod reading;
mod tokens;
mod writing;
