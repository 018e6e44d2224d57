//! mailwarden keeps every mailbox of an Exchange Online tenant audited as policies in git say: it observes,
//! plans the smallest corrections, guards them, writes them under the service's limits, reads them back,
//! records all of it, and logs drift to alert on.
//!
//! This page is the map of the code. What policies mean is in `policies/README.md`, how to run the program in
//! `README.md` and `docs/`.
//!
//! # How data flows
//!
//! ```text
//! source           --read-->     bytes of policy files               a directory, watched
//! policies/*.yaml  --parse-->    documents with their places         every fault is collected
//!                  --compile-->  PolicySet | Diagnostics             `validate` ends here
//! tenant           --observe-->  stored-off set first, then rows     paced, retried, bounded; partial is a value
//! each Mailbox     --desire-->   Desired with who asks for it        `explain` prints this and the next line
//!                  --diff-->     drift per field, minimal changes    pure; no drift is an empty list
//! fold             --plan-->     Plan: findings, counts, digest      `plan` ends here
//!                  --guard-->    approved | held, per class
//!                  --write-->    intent in the journal, call, outcome
//!                  --verify-->   read back in groups                 verifying -> verified | unverified
//! every step       --emit-->     one Event: one log line and its metric
//! ```
//!
//! The verbs and the daemon share this one path: `engine::decide` looks, plans and asks the guard,
//! `engine::remember` writes it down, `engine::drain` and the daemon's writer carry it out.
//!
//! # Floors
//!
//! Modules import downward only; siblings never each other. `tests/structure.rs` holds them to it.
//!
//! | floor | module | holds |
//! |---|---|---|
//! | 0 | [`domain`] | mailbox, logon types, actions and their dated matrix, default sets, the shared words |
//! | 1 | [`policy`] | YAML with places, diagnostics, selectors, the join: what policies want |
//! | 2 | [`plan`] | desired against observed: drift, changes, the guard; pure |
//! | 2 | [`telemetry`] | events: one log line and its metric together |
//! | 3 | [`source`] | the bytes of policy files, and signs that they changed |
//! | 3 | [`exchange`] | the ports to the service and their REST client |
//! | 3 | [`history`] | what is remembered: cycles, drift, attempts, the journal |
//! | 4 | [`engine`] | the loop: lanes, cycles, the writer, verification, the one clock |
//! | 5 | [`settings`], [`report`], [`server`] | configuration with sources; pure formatting; HTTP |
//! | 6 | [`cli`] | one thin file a verb |
//! | beside | [`simulator`] | a simulated tenant with the service's own rules; imports nothing of the crate |
//!
//! # Invariants
//!
//! - Below floor 3 nothing is async, reads a clock or does IO.
//! - `SystemTime::now` and `Utc::now` stand in one file, `engine/clock.rs` (the simulator has its own).
//! - Only [`exchange`] knows a name of a cmdlet or of the wire.
//! - Only [`plan::Plan::decide`] makes [`plan::Approved`], and only what is approved is queued.
//! - No write before its intent is in the journal; without a history nothing is written.
//! - The write port takes [`plan::Correction`]: nothing outside the audit settings can be said.
//! - Unknown is a third state: a failed or partial read is neither compliant nor drifted.
//! - Secrets cannot be formatted. Metric labels are closed words and tenant names, never a mailbox.

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
