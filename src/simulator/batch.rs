//! `$batch`: up to ten requests in one, answered in any order, each with its own status.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::wire::errors::ServiceError;
use super::wire::reply::Reply;
use super::wire::request::Head;
use super::{Simulation, service};

/// What every known client sends at most; the service's own limit is not known.
const AT_MOST: usize = 10;

pub(crate) async fn answer(simulation: &Simulation, head: &Head, body: &[u8]) -> Reply {
    let json_wanted =
        head.header("accept").is_some_and(|accept| accept.to_ascii_lowercase().contains("application/json"));
    if !json_wanted {
        // The service answers multipart/mixed then, which no client of ours reads: say so instead of half building it.
        return Reply::plain(406, "multipart/mixed is not simulated; send Accept: application/json")
            .with("content-type", "multipart/mixed");
    }
    if let Err(reply) = service::signed_in(simulation, head) {
        return reply;
    }
    let requests = match read(body) {
        Ok(requests) => requests,
        Err(error) => {
            let form = simulation.options().readings.error_details;
            return Reply::json(error.status, &error.body(form));
        }
    };
    let mut responses = Vec::with_capacity(requests.len());
    for item in &requests {
        responses.push(one(simulation, head, item).await);
    }
    // Seeded disorder: nothing may rely on the order of answers.
    let mut rng = fastrand::Rng::with_seed(simulation.state().gate.id() as u64);
    rng.shuffle(&mut responses);
    Reply::json(200, &json!({ "responses": responses }))
}

fn read(body: &[u8]) -> Result<Vec<Value>, ServiceError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| ServiceError::malformed("The request body is not valid JSON."))?;
    let requests =
        body["requests"].as_array().ok_or_else(|| ServiceError::malformed("The batch has no 'requests'."))?;
    if requests.len() > AT_MOST {
        return Err(ServiceError::malformed(&format!(
            "The batch request exceeds the maximum of {AT_MOST} requests."
        )));
    }
    Ok(requests.clone())
}

async fn one(simulation: &Simulation, outer: &Head, item: &Value) -> Value {
    let id = item["id"].clone();
    let Some(head) = inner(simulation, outer, item) else {
        return json!({"id": id, "status": 404, "headers": {}, "body": {"error": {"code": "NotFound", "message": "Unknown url or method"}}});
    };
    let reply = service::invoke(simulation, &head, item["body"].to_string().as_bytes()).await;
    let headers: Map<String, Value> = reply
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
        .collect();
    let body = serde_json::from_slice(&reply.body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&reply.body).into_owned()));
    json!({"id": id, "status": reply.status, "headers": headers, "body": body})
}

/// The head of an item: its own headers and absolute url. It must be a POST to this tenant's InvokeCommand.
fn inner(simulation: &Simulation, outer: &Head, item: &Value) -> Option<Head> {
    let url = url::Url::parse(item["url"].as_str()?).ok()?;
    let mut segments = url.path_segments()?.rev();
    let is_cmdlet = segments.next()?.eq_ignore_ascii_case("InvokeCommand")
        && simulation.is_named(&segments.next()?.to_ascii_lowercase());
    if !is_cmdlet || !item["method"].as_str()?.eq_ignore_ascii_case("POST") {
        return None;
    }
    let mut headers = HeaderMap::new();
    for (name, value) in item["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        headers.append(name, HeaderValue::try_from(value.as_str()?).ok()?);
    }
    Some(Head {
        scheme: outer.scheme,
        host: outer.host.clone(),
        path: url.path().to_owned(),
        query: url.query().unwrap_or_default().to_owned(),
        headers,
    })
}
