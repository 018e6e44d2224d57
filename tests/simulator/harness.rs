//! Raw requests to the router in process. It knows nothing of the client, so that both can be wrong only apart.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request};
use mailwarden::simulator::{MailboxSpec, Population, Simulation, SimulationOptions};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["value"].as_array().expect("rows").clone()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let json = self.json();
        let warnings = json["@adminapi.warnings"].as_array().expect("warnings");
        warnings.iter().map(|one| one.as_str().expect("a text").to_owned()).collect()
    }

    pub(crate) fn next_link(&self) -> Option<String> {
        self.json()["@odata.nextLink"].as_str().map(str::to_owned)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// The innermost message of the error envelope.
    pub(crate) fn message(&self) -> String {
        let json = self.json();
        json["error"]["innererror"]["internalexception"]["message"]
            .as_str()
            .unwrap_or_else(|| panic!("no envelope: {json}"))
            .to_owned()
    }
}

/// Signed in to one simulation.
pub(crate) struct Client {
    pub(crate) simulation: Simulation,
    pub(crate) token: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// A tenant without mailboxes but those a test adds.
pub(crate) fn empty() -> SimulationOptions {
    SimulationOptions { mailboxes: 0, population: Population::Fresh, ..SimulationOptions::default() }
}

pub(crate) async fn send(simulation: &Simulation, request: Request<Body>) -> Answer {
    let response = simulation.router().oneshot(request).await.expect("the router does not fail");
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        bytes: to_bytes(body, usize::MAX).await.expect("a body").to_vec(),
    }
}

pub(crate) async fn ask_token(simulation: &Simulation, form: &[(&str, &str)]) -> Answer {
    let tenant = simulation.options().tenant_id;
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::post(format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request");
    send(simulation, request).await
}

impl Client {
    pub(crate) async fn of(options: SimulationOptions) -> Self {
        Self::to(Simulation::new(options)).await
    }

    pub(crate) async fn to(simulation: Simulation) -> Self {
        let credentials = simulation.options().credentials.clone();
        let answer = ask_token(
            &simulation,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &credentials.client_id),
                ("client_secret", &credentials.client_secret),
                ("scope", "https://outlook.office365.com/.default"),
            ],
        )
        .await;
        let token =
            answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
        Self { simulation, token, headers: Vec::new() }
    }

    pub(crate) fn url(&self) -> String {
        format!(
            "https://outlook.office365.com/adminapi/beta/{}/InvokeCommand",
            self.simulation.options().tenant_id
        )
    }

    pub(crate) async fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut request = Request::post(url)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_string())).expect("a request");
        send(&self.simulation, request).await
    }

    pub(crate) async fn run(&self, cmdlet: &str, parameters: Value) -> Answer {
        self.post(&self.url(), &[], &input(cmdlet, parameters)).await
    }

    pub(crate) async fn filtered(&self, filter: &str) -> Answer {
        self.run("Get-Mailbox", json!({"Filter": filter, "ResultSize": "Unlimited"})).await
    }

    /// The one row of a mailbox.
    pub(crate) async fn row(&self, guid: uuid::Uuid) -> Value {
        let answer = self.run("Get-Mailbox", json!({"Identity": guid.to_string()})).await;
        let rows = answer.rows();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    }

    pub(crate) async fn set(&self, guid: uuid::Uuid, mut parameters: Value) -> Answer {
        parameters["Identity"] = guid.to_string().into();
        self.run("Set-Mailbox", parameters).await
    }
}

pub(crate) fn input(cmdlet: &str, parameters: Value) -> Value {
    json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}})
}

pub(crate) fn named(alias: &str) -> MailboxSpec {
    MailboxSpec { alias: Some(alias.to_owned()), ..MailboxSpec::default() }
}

/// A list of texts as a sorted vector.
pub(crate) fn sorted(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> = value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
        .iter()
        .map(|one| one.as_str().expect("a text").to_owned())
        .collect();
    texts.sort();
    texts
}
