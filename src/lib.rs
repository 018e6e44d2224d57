//! mailwarden: a policy-as-code reconciler for mailbox auditing in Exchange Online.

pub mod domain;
pub mod policy;
pub mod source;
