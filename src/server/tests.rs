//! The server over real sockets and in process: routes, headers, shutdown, and what the page says.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode};
use chrono::TimeDelta;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use super::*;

#[derive(Clone)]
struct Fixed {
    health: Health,
    ready: Ready,
    page: PageFacts,
}

impl Facts for Fixed {
    fn health(&self) -> Health {
        self.health.clone()
    }
    fn ready(&self) -> Ready {
        self.ready.clone()
    }
    fn metrics(&self) -> String {
        "# EOF\n".into()
    }
    fn page(&self) -> PageFacts {
        self.page.clone()
    }
}

fn switch(name: &str, state: &str) -> SwitchFacts {
    SwitchFacts { name: name.into(), state: state.into() }
}

fn calm() -> Fixed {
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let lane = |lane: &str, seconds: i64| LaneFacts {
        lane: lane.into(),
        last_success: Some(now - TimeDelta::seconds(seconds)),
        failing: None,
    };
    let tenant = TenantFacts {
        name: "contoso".into(),
        mode: "enforce".into(),
        states: [("to_correct", 12), ("not_applicable", 8), ("in_sync", 2480)]
            .map(|(s, n)| (s.into(), n))
            .into(),
        view: Some(ViewFacts { examined: 2500, unknown: 0, truncated: false, complete: true }),
        switches: vec![switch("Mailbox auditing", "on"), switch("Unified audit log ingestion", "on")],
        lanes: vec![lane("new", 14), lane("changed", 190), lane("full", 9_400)],
        held: vec![],
    };
    Fixed {
        health: Health::Alive,
        ready: Ready::default(),
        page: PageFacts {
            version: "0.1.0".into(),
            now,
            policies: PolicyFacts { revision: Some("3fae12c09b1a".into()), count: 2, rejected: vec![] },
            history_error: None,
            tenants: vec![tenant],
        },
    }
}

fn troubled() -> Fixed {
    let mut fixed = calm();
    let mut other = fixed.page.tenants[0].clone();
    other.name = "fabrikam".into();
    other.mode = "observe".into();
    other.states = [("unknown", 1), ("held", 340), ("conflict", 3), ("observed", 20), ("in_sync", 1100)]
        .map(|(state, count)| (state.into(), count))
        .into();
    other.view = Some(ViewFacts { examined: 1464, unknown: 6, truncated: false, complete: false });
    other.switches[0].state = "off".into();
    other.lanes[1].failing = Some("the service answers 503".into());
    other.lanes[2].last_success = None;
    other.held = vec![
        "intentional: 340 mailboxes to change, at most 50 allowed; `mailwarden apply --accept intentional=340 --reason …`"
            .into(),
    ];
    fixed.page.tenants.push(other);
    fixed.page.policies.rejected = vec![
        "policies/executives.yaml:12:32: `FolderBind` is not an audit action of logon type `owner`".into(),
    ];
    fixed
}

async fn ask(facts: &Fixed, method: Method, path: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    router(Arc::new(facts.clone())).oneshot(request).await.unwrap()
}

async fn body(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn health_and_readiness_say_why_not() {
    let mut facts = calm();
    assert_eq!(ask(&facts, Method::GET, "/healthz").await.status(), StatusCode::OK);
    assert_eq!(body(ask(&facts, Method::GET, "/readyz").await).await, "ready\n");
    facts.health = Health::Stuck { reason: "the supervisor stands still for 45 s".into() };
    facts.ready.reasons = vec!["no policy set".into(), "history is read-only".into()];
    let response = ask(&facts, Method::GET, "/healthz").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(body(response).await.contains("45 s"));
    let response = ask(&facts, Method::GET, "/readyz").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body(response).await, "not ready\nno policy set\nhistory is read-only\n");
}

#[tokio::test]
async fn every_answer_is_guarded_and_strangers_get_plain_text() {
    let facts = calm();
    for (method, path, status) in [
        (Method::GET, "/", StatusCode::OK),
        (Method::HEAD, "/", StatusCode::OK),
        (Method::GET, "/metrics", StatusCode::OK),
        (Method::POST, "/metrics", StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, "/", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
    ] {
        let response = ask(&facts, method.clone(), path).await;
        assert_eq!(response.status(), status, "{method} {path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        if status != StatusCode::OK {
            assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        }
    }
    let response = ask(&facts, Method::GET, "/metrics").await;
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
}

#[test]
fn a_calm_page_shows_counts_ages_and_the_revision() {
    let page = page::render(&calm().page);
    for expected in
        ["Nothing needs attention", "3fae12c09b1a", "2,480", "14 s ago", "2 h ago", "complete", "contoso"]
    {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
}

#[test]
fn trouble_comes_first_and_nothing_unknown_is_healthy() {
    let page = page::render(&troubled().page);
    for expected in [
        "A newer policy set has faults",
        "fabrikam: Mailbox auditing is off",
        "fabrikam: the last full look was incomplete",
        "fabrikam: the changed lane is failing",
        "fabrikam: 1 mailbox unknown",
        "fabrikam: 3 mailboxes in conflict",
        "fabrikam: the guard holds a plan",
        "incomplete: 6 not read",
        "failing: the service answers 503",
        "never",
        "policies/executives.yaml:12:32: `FolderBind`",
        "--accept intentional=340",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert!(!page.contains("Nothing needs attention"));
    let mut empty = calm().page;
    empty.tenants[0].view = None;
    empty.tenants[0].states = vec![];
    assert!(page::render(&empty).contains("contoso: not yet looked at whole"));
    empty.tenants = vec![];
    assert!(page::render(&empty).contains("No tenant is watched"));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    const EVIL: &str = "<script>alert(\"1\")</script>'&";
    let mut facts = troubled().page;
    facts.version = EVIL.into();
    facts.history_error = Some(EVIL.into());
    facts.policies.rejected = vec![EVIL.into()];
    facts.policies.revision = Some(EVIL.into());
    let tenant = &mut facts.tenants[0];
    tenant.name = EVIL.into();
    tenant.mode = EVIL.into();
    tenant.states = vec![(EVIL.into(), 1)];
    tenant.switches = vec![switch(EVIL, EVIL)];
    tenant.lanes[0].lane = EVIL.into();
    tenant.lanes[0].failing = Some(EVIL.into());
    tenant.held = vec![EVIL.into()];
    let page = page::render(&facts);
    assert!(!page.contains("<script") && !page.contains("alert(\""), "{page}");
    assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;"));
}

#[tokio::test]
async fn it_serves_over_a_socket_and_stops_although_a_client_stalls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, router(Arc::new(calm())), stop.clone().cancelled_owned()));
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");
    let mut stalling = tokio::net::TcpStream::connect(address).await.unwrap();
    stalling.write_all(b"GET /healthz HT").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    tokio::time::timeout(FAREWELL * 3, serving).await.unwrap().unwrap().unwrap();
}

/// Writes both pages for a person to look at: `MAILWARDEN_PAGES=DIR cargo test pages_to_look_at`.
#[test]
fn pages_to_look_at() {
    let Some(directory) = std::env::var_os("MAILWARDEN_PAGES") else { return };
    let directory = std::path::PathBuf::from(directory);
    std::fs::write(directory.join("calm.html"), page::render(&calm().page)).unwrap();
    std::fs::write(directory.join("troubled.html"), page::render(&troubled().page)).unwrap();
}
