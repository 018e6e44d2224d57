//! The seam to the network: one request out, one answer back. Tokens, paging, pacing and retries sit
//! above it; the client for production is in `http_transport`.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use tower::ServiceExt;

/// The body of an answer as it arrives.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// Sends one HTTP request and returns its answer, whatever the status. Does not follow redirects, does
/// not retry, does not decode.
pub trait Transport: Send + Sync {
    /// One request. Dropping the future abandons it.
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}

/// How far a request came before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The host's name was not found.
    Resolve,
    /// No connection was made.
    Connect,
    /// The two sides did not agree on an encrypted connection.
    Tls,
    /// The connection stood, so that the request may have arrived.
    Exchange,
}

/// A request that got no whole answer.
#[derive(Debug)]
pub struct TransportError {
    stage: Stage,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// A failure at a stage, with what is known of its reason.
    pub fn new(stage: Stage, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { stage, source: source.into() }
    }

    /// How far the request came.
    pub const fn stage(&self) -> Stage {
        self.stage
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.stage {
            Stage::Resolve => "the name of the host was not found",
            Stage::Connect => "no connection to the host",
            Stage::Tls => "no encrypted connection to the host",
            Stage::Exchange => "the connection failed during the exchange",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// Answers from a router in this process, without a socket: paused time stays honest, and any host name
/// reaches it. For tests and the demonstration.
#[derive(Debug, Clone)]
pub struct RouterTransport(axum::Router);

impl RouterTransport {
    /// A transport to this router.
    pub const fn new(router: axum::Router) -> Self {
        Self(router)
    }
}

impl Transport for RouterTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let router = self.0.clone();
        Box::pin(async move {
            let answer = match router.oneshot(request.map(axum::body::Body::from)).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            Ok(answer.map(|body| -> Body {
                Box::pin(
                    body.into_data_stream()
                        .map(|chunk| chunk.map_err(|error| TransportError::new(Stage::Exchange, error))),
                )
            }))
        })
    }
}
