//! A service that answers as a test tells it to, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use chrono::{DateTime, Utc};
use mailwarden::domain::{MailboxId, TenantId};
use mailwarden::exchange::{
    Cloud, Credential, EndpointOverrides, Error, Exchange, ExchangeOptions, Limits, Proof, RouterTransport,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) const TENANT: &str = "aaaaaaaa-0000-0000-0000-0000000000aa";
pub(crate) const SECRET: &str = "s3cret~value/+";
pub(crate) const COMMAND_PATH: &str = "/adminapi/beta/aaaaaaaa-0000-0000-0000-0000000000aa/InvokeCommand";

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(crate) fn cmdlet(&self) -> String {
        self.json()["CmdletInput"]["CmdletName"].as_str().expect("a name").to_owned()
    }

    pub(crate) fn parameters(&self) -> Value {
        self.json()["CmdletInput"]["Parameters"].clone()
    }

    /// The field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.body.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// An answer, after a while perhaps.
pub(crate) struct Reply {
    pub(crate) response: Response,
    pub(crate) after: Duration,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { response, after: Duration::ZERO }
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        status(200, &[("content-type", "application/json"), ("request-id", "r-1")], &value.to_string()).into()
    }
}

pub(crate) fn slow(after: Duration, reply: impl Into<Reply>) -> Reply {
    Reply { after, ..reply.into() }
}

pub(crate) fn status(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Response {
    let builder = headers.iter().fold(Response::builder().status(status), |b, (n, v)| b.header(*n, *v));
    builder.body(Body::from(body.as_ref().to_vec())).expect("a response")
}

type Answer = Arc<dyn Fn(usize, &Seen) -> Reply + Send + Sync>;

/// The service: one closure for commands, one for tokens; each gets the number of the request.
pub(crate) struct Fake {
    pub(crate) commands: Arc<Mutex<Vec<Seen>>>,
    pub(crate) sign_ins: Arc<Mutex<Vec<Seen>>>,
    on_command: Answer,
    on_sign_in: Answer,
}

impl Fake {
    pub(crate) fn new<R: Into<Reply>>(answer: impl Fn(usize, &Seen) -> R + Send + Sync + 'static) -> Self {
        Self {
            commands: Arc::default(),
            sign_ins: Arc::default(),
            on_command: Arc::new(move |number, seen| answer(number, seen).into()),
            on_sign_in: Arc::new(|number, _| {
                json!({"token_type": "Bearer", "expires_in": 3600, "access_token": format!("token-{number}")})
                    .into()
            }),
        }
    }

    pub(crate) fn signing_in<R: Into<Reply>>(
        mut self,
        answer: impl Fn(usize, &Seen) -> R + Send + Sync + 'static,
    ) -> Self {
        self.on_sign_in = Arc::new(move |number, seen| answer(number, seen).into());
        self
    }

    pub(crate) fn router(&self) -> Router {
        let (commands, sign_ins) = (Arc::clone(&self.commands), Arc::clone(&self.sign_ins));
        let (on_command, on_sign_in) = (Arc::clone(&self.on_command), Arc::clone(&self.on_sign_in));
        Router::new().fallback(move |request: Request| {
            let signs_in = request.uri().path().ends_with("/oauth2/v2.0/token");
            let (log, answer) = match signs_in {
                true => (Arc::clone(&sign_ins), Arc::clone(&on_sign_in)),
                false => (Arc::clone(&commands), Arc::clone(&on_command)),
            };
            async move {
                let (head, body) = request.into_parts();
                let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
                let seen = Seen {
                    at: Instant::now(),
                    host: head
                        .uri
                        .host()
                        .or_else(|| head.headers.get("host")?.to_str().ok())
                        .unwrap_or_default()
                        .to_owned(),
                    path: head.uri.path().to_owned(),
                    query: head.uri.query().unwrap_or_default().to_owned(),
                    headers: head.headers,
                    body: String::from_utf8(bytes.to_vec()).expect("text"),
                };
                let number = {
                    let mut log = log.lock().expect("unpoisoned");
                    log.push(seen.clone());
                    log.len() - 1
                };
                let reply = answer(number, &seen);
                tokio::time::sleep(reply.after).await;
                reply.response
            }
        })
    }

    pub(crate) fn connect(&self) -> Exchange {
        self.connect_with(secret(), Limits::default())
    }

    pub(crate) fn connect_with(&self, read: Credential, limits: Limits) -> Exchange {
        let options = ExchangeOptions { read, limits, ..options() };
        Exchange::connect(options, Arc::new(RouterTransport::new(self.router())), Arc::new(now))
            .expect("the cloud's own endpoints")
    }

    pub(crate) fn asked(&self) -> Vec<Seen> {
        self.commands.lock().expect("unpoisoned").clone()
    }

    pub(crate) fn signed_in(&self) -> Vec<Seen> {
        self.sign_ins.lock().expect("unpoisoned").clone()
    }
}

pub(crate) fn options() -> ExchangeOptions {
    ExchangeOptions {
        tenant_id: TenantId(Uuid::parse_str(TENANT).expect("a GUID")),
        cloud: Cloud::Global,
        endpoints: EndpointOverrides::default(),
        read: secret(),
        write: None,
        limits: Limits::default(),
    }
}

pub(crate) fn secret() -> Credential {
    Credential { client_id: "app-1".to_owned(), proof: Proof::Secret(SECRET.to_owned().into()) }
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().expect("a moment")
}

pub(crate) fn id(number: u128) -> MailboxId {
    MailboxId(Uuid::from_u128(number))
}

/// A row as the service writes it.
pub(crate) fn row(number: u128) -> Value {
    json!({"Guid": id(number).to_string(), "RecipientTypeDetails": "UserMailbox", "AuditEnabled": true})
}

pub(crate) fn rows(numbers: impl IntoIterator<Item = u128>) -> Value {
    json!({"@adminapi.warnings": [], "value": numbers.into_iter().map(row).collect::<Vec<_>>()})
}

/// Rows and a next page, whose link names the service's own host as it likes to.
pub(crate) fn page(numbers: impl IntoIterator<Item = u128>, token: &str) -> Value {
    let mut page = rows(numbers);
    page["@odata.nextLink"] =
        json!(format!("https://outlook.office365.com{COMMAND_PATH}?%24skiptoken={token}"));
    page
}

/// An error in the service's own form.
pub(crate) fn fault(code: u16, exception: &str, text: &str) -> Reply {
    let body = json!({"error": {"code": "BadRequest", "message": "Error executing cmdlet",
        "innererror": {"internalexception": {"type": exception, "message": text}}}});
    status(code, &[("content-type", "application/json"), ("request-id", "r-9")], body.to_string()).into()
}

/// Everything that an error can show of itself.
pub(crate) fn everything_of(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?} {:?}", error.remedy(), error.diagnostics());
    text.push_str(&format!(" {:?} {:?} {:?}", error.service_text(), error.exception(), error.request_id()));
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        text.push_str(&format!(" {current} {current:?}"));
        cause = current.source();
    }
    text
}
