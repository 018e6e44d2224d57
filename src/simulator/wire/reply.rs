//! Answers as status, headers and bytes, and those of them that are no JSON envelope.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// The content type of every JSON answer of the admin endpoints.
const ODATA: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..Self::empty(status) }.with("content-type", ODATA)
    }

    pub(crate) fn plain(status: u16, text: &str) -> Self {
        Self { body: text.as_bytes().to_vec(), ..Self::empty(status) }
            .with("content-type", "text/plain; charset=utf-8")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// No cmdlet of that name for this identity: a run of NUL bytes that claims to be gzip and is not.
    pub(crate) fn cmdlet_denied(cmdlet: &str) -> Self {
        Self {
            body: vec![0; 64],
            ..Self::empty(403)
        }
        .with("content-type", "application/json; charset=utf-8")
        .with("content-encoding", "gzip")
        .with("x-exceptiontype", "CmdletAccessDeniedException")
        .with(
            "x-ms-diagnostics",
            format!(
                "2000008;reason=\"The role assigned to the application does not allow {}.\";error_category=\"insufficient_permissions\"",
                cmdlet.chars().filter(|c| c.is_ascii_graphic()).take(80).collect::<String>()
            ),
        )
    }

    /// The same refusal in the JSON form that was also seen.
    pub(crate) fn cmdlet_denied_as_json(cmdlet: &str) -> Self {
        let message = format!("User is not allowed to call {cmdlet}");
        let body = serde_json::json!({"code": "Forbidden", "message": message});
        Self::json(403, &body).with("x-exceptiontype", "CmdletAccessDeniedException")
    }

    pub(crate) fn unauthorized(challenge: &str) -> Self {
        Self::empty(401).with("www-authenticate", challenge)
    }

    pub(crate) fn throttled(retry_after: Option<std::time::Duration>) -> Self {
        let reply = Self::plain(
            429,
            "You have reached the maximum number of concurrent requests per tenant. Please wait and try again",
        );
        reply.retry_after(retry_after)
    }

    pub(crate) fn unavailable(retry_after: Option<std::time::Duration>) -> Self {
        Self::plain(503, "Service Unavailable").retry_after(retry_after)
    }

    fn retry_after(self, after: Option<std::time::Duration>) -> Self {
        match after {
            // Whole seconds are what the header can say; less than one still means wait.
            Some(after) => self.with("retry-after", after.as_secs().max(1).to_string()),
            None => self,
        }
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
