//! The client of one tenant, put together from its settings. No request is sent before it is asked.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Utc};

use super::client::Client;
use super::governor::Governor;
use super::metrics::{Counters, Metrics};
use super::token::TokenClient;
use super::{Cloud, Credential, EndpointError, EndpointOverrides, Endpoints, Transport};
use crate::domain::TenantId;

/// What time it is, for the assertions of certificates and for dates to wait for.
pub type WallClock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How much is asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Writes a minute for the whole tenant, whose administrators share the service's own limit.
    pub writes_per_minute: u32,
    /// Requests at once.
    pub max_concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { writes_per_minute: 120, max_concurrency: 6 }
    }
}

/// A tenant's part of the settings.
#[derive(Debug, Clone)]
pub struct ExchangeOptions {
    /// The directory's GUID.
    pub tenant_id: TenantId,
    /// Which cloud.
    pub cloud: Cloud,
    /// Hosts named instead of the cloud's own.
    pub endpoints: EndpointOverrides,
    /// Who reads.
    pub read: Credential,
    /// Who writes; the reader where none is named.
    pub write: Option<Credential>,
    /// How much is asked of the service.
    pub limits: Limits,
}

/// The client of one tenant: [`super::Reader`] and [`super::Writer`] with one governor for both.
pub struct Exchange {
    pub(super) read: Client,
    pub(super) write: Client,
    pub(super) counters: Arc<Counters>,
    /// Whether the service once refused types in a filter.
    pub(super) types_refused: AtomicBool,
    governor: Arc<Governor>,
}

impl Exchange {
    /// Puts the client together. Fails only where a named endpoint cannot be used.
    pub fn connect(
        options: ExchangeOptions,
        transport: Arc<dyn Transport>,
        clock: WallClock,
    ) -> Result<Self, EndpointError> {
        let endpoints = Endpoints::new(options.cloud, &options.endpoints)?;
        let counters = Arc::new(Counters::default());
        let limits = options.limits;
        let governor = Arc::new(Governor::new(limits.writes_per_minute, limits.max_concurrency));
        let mut address = endpoints.authority().clone();
        address.set_path(&format!("/{}/oauth2/v2.0/token", options.tenant_id));
        let tokens = |credential: Credential| {
            Arc::new(TokenClient::new(
                Arc::clone(&transport),
                Arc::clone(&counters),
                Arc::clone(&clock),
                address.to_string(),
                options.cloud.scope(),
                credential,
            ))
        };
        let read = tokens(options.read);
        let write = options.write.map_or_else(|| Arc::clone(&read), tokens);
        let client = |tokens: Arc<TokenClient>| Client {
            transport: Arc::clone(&transport),
            tokens,
            governor: Arc::clone(&governor),
            counters: Arc::clone(&counters),
            endpoints: endpoints.clone(),
            tenant: options.tenant_id,
            clock: Arc::clone(&clock),
        };
        let (read, write) = (client(read), client(write));
        Ok(Self { read, write, counters, types_refused: AtomicBool::new(false), governor })
    }

    /// What was counted since the client was made.
    pub fn metrics(&self) -> Metrics {
        let (concurrency_limit, in_flight) = self.governor.concurrency();
        Metrics {
            throttled: self.governor.throttled(),
            concurrency_limit,
            in_flight,
            ..self.counters.snapshot()
        }
    }

    /// When the first of the certificates ends, as of the last sign-in; none for secrets, whose end only
    /// the directory knows.
    pub fn credential_expiry(&self) -> Option<DateTime<Utc>> {
        let of = |client: &Client| client.tokens.credential_expiry();
        of(&self.read).into_iter().chain(of(&self.write)).min()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("tenant", &self.read.tenant).finish_non_exhaustive()
    }
}
