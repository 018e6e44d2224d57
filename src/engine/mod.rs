//! The loop that keeps tenants as their policies say. So far it holds when full looks are due.

pub mod schedule;
