//! The chain of a tenant's journal: every entry's hash covers the one before it, so that changing,
//! removing, adding or reordering entries breaks it at a place that can be named.
//!
//! What that proves: who has noted a head can tell whether the journal up to it is still the same. It
//! does not prove that nobody with write access rewrote the whole chain; for that the heads are kept
//! elsewhere, in the shipped logs.

use crate::domain::{ContentHash, TenantId};

use super::journal::{EntryBody, Head};

/// Whether a tenant's journal is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainCheck {
    /// It is, with so many entries.
    Whole(u64),
    /// It is not.
    Broken {
        /// The first entry that is not as it was written, or is missing.
        seq: u64,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// An entry as a store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    /// JSON, exactly as hashed: it is never written out again from its parts.
    pub(super) body: String,
    pub(super) hash: ContentHash,
}

/// The head of an empty journal: bound to the tenant, so that journals cannot be exchanged.
pub(super) fn origin(tenant: TenantId) -> Head {
    let parts = [b"mailwarden journal 1".as_slice(), tenant.0.as_bytes()];
    Head { seq: 0, hash: ContentHash::of_parts(parts) }
}

/// The link that follows a head.
pub(super) fn link(head: &Head, body: &EntryBody) -> Result<Link, serde_json::Error> {
    let body = serde_json::to_string(body)?;
    Ok(Link { seq: head.seq + 1, hash: seal(head, &body), body })
}

fn seal(head: &Head, body: &str) -> ContentHash {
    let seq = (head.seq + 1).to_be_bytes();
    ContentHash::of_parts([head.hash.as_bytes().as_slice(), &seq, body.as_bytes()])
}

/// Follows a journal from its beginning, link by link, without holding it.
#[derive(Debug)]
pub(super) struct Verifier {
    head: Head,
    broken: Option<ChainCheck>,
}

impl Verifier {
    pub(super) fn new(tenant: TenantId) -> Self {
        Self { head: origin(tenant), broken: None }
    }

    /// Takes the next link; false once the chain is broken.
    pub(super) fn push(&mut self, link: &Link) -> bool {
        let seq = self.head.seq + 1;
        if link.seq != seq {
            self.broken = Some(ChainCheck::Broken { seq, why: "it is missing" });
        } else if link.hash != seal(&self.head, &link.body) {
            self.broken = Some(ChainCheck::Broken { seq, why: "its hash does not fit its content" });
        }
        self.head = Head { seq: link.seq, hash: link.hash };
        self.broken.is_none()
    }

    /// Ends the chain at the link that was pushed last, for a reason that only the store can see.
    pub(super) fn refuse(&mut self, why: &'static str) {
        self.broken.get_or_insert(ChainCheck::Broken { seq: self.head.seq, why });
    }

    /// `head` is what the store believes to be the end.
    pub(super) fn finish(self, head: &Head) -> ChainCheck {
        let seq = self.head.seq;
        match self.broken {
            Some(broken) => broken,
            None if seq < head.seq => ChainCheck::Broken { seq: seq + 1, why: "it is missing" },
            None if *head != self.head => ChainCheck::Broken { seq, why: "it is not the recorded head" },
            None => ChainCheck::Whole(seq),
        }
    }
}
