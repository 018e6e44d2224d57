//! What the engine may ask of Exchange Online, as two ports, and the client that answers them over REST.
//! Decides nothing about a change: re-reading, skipping and deferring are the engine's.
//!
//! The client speaks the service's `InvokeCommand` (the surface of Microsoft's own module), which no
//! document describes; what is relied on is named at each place with its public source.

mod assertion;
mod body;
mod client;
mod cloud;
mod command;
mod connect;
mod credential;
mod enumeration;
mod envelope;
mod error;
mod fault;
mod governor;
mod http_transport;
mod metrics;
mod opath;
mod operation;
mod query;
mod reader;
mod remedy;
mod roots;
mod row;
mod session;
mod sign_in;
mod token;
mod transport;
mod writer;

pub use cloud::{Cloud, EndpointError, EndpointOverrides, Endpoints};
pub use connect::{Exchange, ExchangeOptions, Limits, WallClock};
pub use credential::{Credential, Proof};
pub use error::{Error, ErrorKind, Recovery};
pub use governor::Priority;
pub use http_transport::{HttpTransport, HttpTransportError};
pub use metrics::{Metrics, RequestResult};
pub use operation::Operation;
pub use query::{
    Columns, GROUP_LIMIT, OrganizationReading, Population, RowFilter, RowQuery, Scope, StoredOff, View,
};
pub use roots::RootsError;
pub use transport::{Body, RouterTransport, Stage, Transport, TransportError};

use futures_util::future::BoxFuture;

use crate::domain::{Mailbox, MailboxId};
use crate::plan::{Correction, Object};

/// What can be read of a tenant. Every future may be dropped at any point.
pub trait Reader: Send + Sync {
    /// Both switches of the organization, each with its own outcome.
    fn organization(&self) -> BoxFuture<'_, OrganizationReading>;

    /// Hands over each mailbox of a query as it arrives, page by page, each once.
    ///
    /// An error only where nothing was seen; an enumeration that broke off later is a [`View`] that says
    /// so. `stored` is [`crate::domain::StoredAuditing::Off`] for the stored-off filters and unknown for
    /// all others.
    fn mailboxes<'a>(
        &'a self,
        query: &'a RowQuery,
        rows: &'a mut (dyn FnMut(Mailbox) + Send),
    ) -> BoxFuture<'a, Result<View, Error>>;

    /// The identities of all mailboxes whose stored `AuditEnabled` is not true.
    ///
    /// Rows show true for every mailbox that the tenant's default covers; only this server-side filter
    /// sees what is stored. Where the service refuses it: [`ErrorKind::FilterRefused`].
    fn stored_off<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<StoredOff, Error>>;

    /// At most [`GROUP_LIMIT`] mailboxes by identity, in any order; those that do not exist are missing.
    /// A row that was not asked for is dropped and counted ([`Metrics::unasked_rows`]).
    fn read_group<'a>(
        &'a self,
        population: Population,
        ids: &'a [MailboxId],
        columns: &'a Columns,
    ) -> BoxFuture<'a, Result<Vec<Mailbox>, Error>>;

    /// Those of at most [`GROUP_LIMIT`] mailboxes whose stored `AuditEnabled` is not true, sorted.
    /// Where the service refuses the filter: [`ErrorKind::FilterRefused`].
    fn stored_off_in_group<'a>(
        &'a self,
        population: Population,
        ids: &'a [MailboxId],
    ) -> BoxFuture<'a, Result<Vec<MailboxId>, Error>>;

    /// The mailboxes that a GUID, UPN, SMTP address or alias names: none where there is none, several
    /// where it is ambiguous and the service shows them ([`ErrorKind::Ambiguous`] where it does not).
    fn find<'a>(
        &'a self,
        identity: &'a str,
        columns: &'a Columns,
    ) -> BoxFuture<'a, Result<Vec<Mailbox>, Error>>;
}

/// What can be written to a tenant: audit settings, and nothing else can be said.
pub trait Writer: Send + Sync {
    /// Exactly one Set call that makes the corrections true.
    ///
    /// Never sent again after a time-out or a broken connection: the error then asks for a re-read. A
    /// future that is dropped leaves open whether the write happened.
    fn correct<'a>(
        &'a self,
        object: Object,
        population: Population,
        corrections: &'a [Correction],
        priority: Priority,
    ) -> BoxFuture<'a, Result<Written, Error>>;
}

/// A write that the service accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The request id that Microsoft's support asks for.
    pub request_id: Option<Box<str>>,
    /// The service says that nothing was modified. It says so too where the stored value changed under
    /// the tenant's default, so it proves nothing.
    pub unchanged: bool,
}
