//! Paths of the simulated service and how each reaches its handler. Case does not count in them, and any Host header is answered.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::{Method, Request};
use serde_json::json;
use uuid::Uuid;

use super::login::{self, Asked};
use super::options::Failure;
use super::wire::reply::Reply;
use super::wire::request::Head;
use super::{Simulation, batch, service};

/// Larger request bodies than this are refused.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Put on requests by a server that speaks plain HTTP, so that links in answers say so too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainHttp;

/// The service of several tenants behind one address; a request's path says which is meant.
pub fn router_for(simulations: Vec<Simulation>) -> Router {
    Router::new().fallback(dispatch).with_state(simulations)
}

async fn dispatch(State(simulations): State<Vec<Simulation>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Reply::plain(413, "Request Entity Too Large").into_response();
    };
    let host = parts
        .headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| parts.uri.authority().map(|a| a.as_str()))
        .unwrap_or("outlook.office365.com")
        .to_owned();
    let plain =
        parts.extensions.get::<PlainHttp>().is_some() || parts.uri.scheme() == Some(&http::uri::Scheme::HTTP);
    let head = Head {
        scheme: if plain { "http" } else { "https" },
        host,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
    };
    route(&simulations, &parts.method, &head, &body).await.into_response()
}

async fn route(simulations: &[Simulation], method: &Method, head: &Head, body: &[u8]) -> Reply {
    let lower = head.path.to_ascii_lowercase();
    let segments: Vec<&str> = lower.split('/').skip(1).collect();
    let tenant = |name: &str| simulations.iter().find(|one| one.is_named(name));
    let post = method == Method::POST;
    match segments.as_slice() {
        [name, "oauth2", "v2.0", "token"] if post => match tenant(name) {
            Some(simulation) => token(simulation, head, body).await,
            None => login::unknown_tenant(name),
        },
        ["adminapi", "beta", name, what] => {
            let Some(simulation) = tenant(name) else {
                return no_tenant(name);
            };
            match *what {
                "invokecommand" if post => service::invoke(simulation, head, body).await,
                "$batch" | "%24batch" if post => batch::answer(simulation, head, body).await,
                "invokecommand" | "$batch" | "%24batch" => Reply::empty(405),
                _ => Reply::empty(404),
            }
        }
        ["adminapi", "v1.0", name, "exomodulefile"] if method == Method::GET => match tenant(name) {
            Some(simulation) => module_file(simulation, head),
            None => no_tenant(name),
        },
        // Only beta answers InvokeCommand; so it was measured.
        ["adminapi", "v1.0", _, "invokecommand"] => Reply::empty(405),
        _ => Reply::empty(404),
    }
}

fn no_tenant(name: &str) -> Reply {
    Reply::json(
        404,
        &json!({"error": {"code": "NotFound", "message": format!("The tenant '{name}' could not be found.")}}),
    )
}

async fn token(simulation: &Simulation, head: &Head, body: &[u8]) -> Reply {
    // A statement of its own, so that the lock is not held while waiting.
    let failure = simulation.state().gate.pass_sign_in();
    match failure {
        Some(Failure::Status(status)) => return Reply::plain(status, ""),
        Some(Failure::Throttled(after)) => return Reply::throttled(after),
        Some(Failure::LostAnswer) => return Reply::plain(504, "Gateway Timeout"),
        Some(Failure::Refused { message, .. }) => return Reply::plain(400, &message),
        Some(Failure::Slow(delay)) => tokio::time::sleep(delay).await,
        None => {}
    }
    let id = Uuid::from_u128(simulation.state().gate.id());
    let tenant = head.path.split('/').nth(1).unwrap_or_default();
    simulation.login().answer(&Asked {
        options: simulation.options(),
        tenant,
        form: url::form_urlencoded::parse(body).into_owned().collect(),
        now: simulation.now(),
        id,
    })
}

/// What the PowerShell module downloads to learn its cmdlets.
fn module_file(simulation: &Simulation, head: &Head) -> Reply {
    if let Some(reply) = service::redirect(simulation, head) {
        return reply;
    }
    if let Err(reply) = service::signed_in(simulation, head) {
        return reply;
    }
    let exported = simulation.state().exported();
    Reply::json(
        200,
        &json!({
            "value": [{
                "exportedCmdlets@odata.type": "#Collection(String)",
                "exportedCmdlets": exported
            }]
        }),
    )
}
