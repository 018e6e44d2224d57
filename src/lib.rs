//! mailwarden: a policy-as-code reconciler for mailbox auditing in Exchange Online.

pub mod cli;
pub mod domain;
pub mod engine;
pub mod exchange;
pub mod history;
pub mod plan;
pub mod policy;
pub mod report;
pub mod server;
pub mod settings;
pub mod simulator;
pub mod source;
pub mod telemetry;
