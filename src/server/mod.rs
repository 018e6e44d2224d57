//! temporary
use axum::{Router, routing::get};
use chrono::{DateTime, Utc};
use std::sync::Arc;
/// h
pub enum Health {
    /// a
    Alive,
    /// s
    Stuck,
}
/// r
pub struct Ready {
    /// r
    pub reasons: Vec<String>,
}
/// p
#[allow(missing_docs)]
#[derive(Default)]
pub struct PolicyFacts {
    pub revision: Option<String>,
    pub count: u64,
    pub rejected: Option<String>,
}
/// p
#[allow(missing_docs)]
pub struct PageFacts {
    pub version: String,
    pub now: DateTime<Utc>,
    pub policies: PolicyFacts,
    pub history_error: Option<String>,
    pub tenants: Vec<TenantFacts>,
}
#[allow(missing_docs)]
pub struct TenantFacts {
    pub name: String,
    pub states: Vec<(String, u64)>,
    pub view: ViewFacts,
    pub switches: Vec<SwitchFacts>,
    pub lanes: Vec<LaneFacts>,
    pub held: Vec<String>,
}
#[allow(missing_docs)]
pub struct ViewFacts {
    pub examined: u64,
    pub unknown: u64,
    pub truncated: bool,
    pub complete: bool,
}
#[allow(missing_docs)]
pub struct SwitchFacts {
    pub name: String,
    pub state: String,
}
#[allow(missing_docs)]
pub struct LaneFacts {
    pub lane: String,
    pub last_success: Option<DateTime<Utc>>,
    pub failing: Option<String>,
}
/// f
pub trait Facts: Send + Sync {
    /// h
    fn health(&self) -> Health;
    /// r
    fn ready(&self) -> Ready;
    /// m
    fn metrics(&self) -> String;
    /// p
    fn page(&self) -> PageFacts;
}
/// r
pub fn router(facts: Arc<dyn Facts>) -> Router {
    let (a, b, c) = (facts.clone(), facts.clone(), facts);
    Router::new()
        .route(
            "/healthz",
            get(move || async move {
                match a.health() {
                    Health::Alive => (axum::http::StatusCode::OK, "ok"),
                    Health::Stuck => (axum::http::StatusCode::SERVICE_UNAVAILABLE, "stuck"),
                }
            }),
        )
        .route(
            "/readyz",
            get(move || async move {
                let r = b.ready();
                if r.reasons.is_empty() {
                    (axum::http::StatusCode::OK, "ok".to_owned())
                } else {
                    (axum::http::StatusCode::SERVICE_UNAVAILABLE, r.reasons.join("\n"))
                }
            }),
        )
        .route("/metrics", get(move || async move { c.metrics() }))
}
/// s
pub async fn serve(
    l: tokio::net::TcpListener,
    r: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(l, r).with_graceful_shutdown(stop).await
}
