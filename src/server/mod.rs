//! HTTP for whoever watches a daemon: health, readiness, metrics, and one page. Reads facts through a port
//! and decides nothing; counts only, never an identity. There is no login, and nothing can be changed here.

mod connection;
mod facts;
mod html;
mod page;
mod words;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use connection::BoundedListener;

pub use facts::{
    Facts, Health, LaneFacts, PageFacts, PolicyFacts, Ready, SwitchFacts, TenantFacts, ViewFacts,
};

/// How long a connection may take to end after shutdown began.
const FAREWELL: Duration = Duration::from_secs(2);

type Shared = Arc<dyn Facts>;

/// The routes: `/healthz`, `/readyz`, `/metrics` and the page at `/`.
pub fn router(facts: Arc<dyn Facts>) -> Router {
    Router::new()
        .route("/", get(show_page))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n"))
        .layer(middleware::from_fn(guard))
        .with_state(facts)
}

/// Serves until `shutdown` is done, then lets requests under way finish for a moment.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let stopping = CancellationToken::new();
    let stop = stopping.clone();
    let signal = async move {
        shutdown.await;
        stop.cancel();
    };
    let serving = axum::serve(BoundedListener::new(listener), router).with_graceful_shutdown(signal);
    let farewell = async {
        stopping.cancelled().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        ended = async { serving.await } => ended,
        () = farewell => Ok(()),
    }
}

async fn healthz(State(facts): State<Shared>) -> Response {
    match facts.health() {
        Health::Alive => "ok\n".into_response(),
        Health::Stuck { reason } => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

async fn readyz(State(facts): State<Shared>) -> Response {
    let Ready { reasons } = facts.ready();
    if reasons.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{}\n", reasons.join("\n"))).into_response()
}

async fn metrics(State(facts): State<Shared>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], facts.metrics()).into_response()
}

async fn show_page(State(facts): State<Shared>) -> Response {
    let kind = "text/html; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], page::render(&facts.page())).into_response()
}

/// What every answer says to a browser: nothing is loaded, run, framed, guessed or kept.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts [`HEADERS`] on every answer, refusals included. No route reads a body, so none needs a limit.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
