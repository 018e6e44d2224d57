//! Refusals: what an answer that is no success says, whatever its form. What then is done about it is
//! decided by [`super::Error::recovery`] and by the retries of `client`.
//!
//! Forms seen in public: the OData error with its real words deep inside, three forms of its details, a
//! bare `{code, message}`, plain text, a web page of a proxy, a run of NUL bytes, and nothing at all.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::{Error, ErrorKind, Operation, remedy};

/// Exceptions after which the same request succeeds later. Source: Microsoft's own module.
const TRANSIENT: [&str; 5] = [
    "DCOverloadedException",
    "SuitabilityDirectoryException",
    "ServerInMMException",
    "ADServerSettingsChangedException",
    "StorageTransientException",
];
/// The one refusal that only its words tell apart. Source: recorded traffic of 2026.
const PAGING_EXPIRED: &str = "Expired or Invalid pagination request";
/// Headers that help Microsoft's support; none of them holds a secret.
const DIAGNOSTICS: [&str; 5] = [
    "client-request-id",
    "x-exceptiontype",
    "x-exceptiontargettype",
    "x-ms-diagnostics",
    "x-calculatedbetarget",
];
/// Longer than any text of the service that is worth showing.
const TEXT_BOUND: usize = 600;

/// Makes the error of an answer that is no success.
pub(super) fn of_answer(
    operation: Operation,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Error {
    let said = Said::read(headers, body);
    let kind = kind(operation, status, &said);
    let mut error = Error::new(operation, kind)
        .with_status(status)
        .with_exception(said.exception.clone())
        .with_request_id(request_id(headers))
        .with_diagnostics(diagnostics(headers))
        .with_retry_after(retry_after(headers, now));
    if let Some(advice) = advice(operation, kind, status, headers, &said) {
        error = error.with_remedy(advice);
    }
    match said.text {
        Some(text) => error.with_text(text),
        None => error,
    }
}

/// The service's id of a request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<Box<str>> {
    text_of(headers, "request-id").or_else(|| text_of(headers, "x-ms-request-id"))
}

/// How long the service asks to wait: seconds, or a moment of which the answer's own `Date` is the
/// best measure, since clocks differ.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = |text: &str| DateTime::parse_from_rfc2822(text).ok().map(|moment| moment.to_utc());
    let until = moment(text)?;
    let from = headers.get(header::DATE).and_then(|date| moment(date.to_str().ok()?)).unwrap_or(now);
    Some((until - from).to_std().unwrap_or_default())
}

fn kind(operation: Operation, status: StatusCode, said: &Said) -> ErrorKind {
    let text = said.text.as_deref().unwrap_or_default();
    let exception = said.exception.as_deref().unwrap_or_default();
    if TRANSIENT.iter().any(|name| exception.ends_with(name) || text.contains(name)) {
        return ErrorKind::Transient;
    }
    if text.contains(PAGING_EXPIRED) {
        return ErrorKind::PagingExpired;
    }
    if exception.ends_with("ManagementObjectNotFoundException") && operation.names_a_mailbox() {
        return ErrorKind::NotFound;
    }
    if exception.ends_with("ManagementObjectAmbiguousException") {
        return ErrorKind::Ambiguous;
    }
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 if said.structured && operation.names_a_mailbox() => ErrorKind::NotFound,
        408 | 409 | 503 | 504 => ErrorKind::Transient,
        429 => ErrorKind::Throttled,
        400 if operation.is_write() && said.structured => ErrorKind::RejectedArgument,
        500..=599 => ErrorKind::Failed,
        _ if said.web_page => ErrorKind::Malformed,
        _ => ErrorKind::Refused,
    }
}

fn advice(
    operation: Operation,
    kind: ErrorKind,
    status: StatusCode,
    headers: &HeaderMap,
    said: &Said,
) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthorized => Some(remedy::NO_APP_ROLE),
        ErrorKind::Forbidden if said.web_page => Some(remedy::PROXY_PAGE),
        ErrorKind::Forbidden => {
            let explained = said.text.is_some() || said.exception.is_some();
            let known = explained || headers.contains_key("x-ms-diagnostics") || said.nul_bytes;
            Some(if known { remedy::missing_role(operation) } else { remedy::STALE_ROLES })
        }
        ErrorKind::Refused if status == StatusCode::NOT_FOUND => Some(remedy::NO_SUCH_ADDRESS),
        _ if said.web_page => Some(remedy::PROXY_PAGE),
        _ => None,
    }
}

/// What an answer says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    text: Option<Box<str>>,
    exception: Option<Box<str>>,
    /// JSON of the service's own forms, not text that anyone could have sent.
    structured: bool,
    web_page: bool,
    nul_bytes: bool,
}

impl Said {
    fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut said = Self::of_body(headers, body);
        if said.exception.is_none() {
            said.exception = text_of(headers, "x-exceptiontype");
        }
        said
    }

    fn of_body(headers: &HeaderMap, body: &[u8]) -> Self {
        if !body.is_empty() && body.iter().all(|byte| *byte == 0) {
            return Self { nul_bytes: true, ..Self::default() };
        }
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return Self::of_json(&value);
        }
        let text = String::from_utf8_lossy(body);
        let html = text_of(headers, "content-type").is_some_and(|kind| kind.contains("html"));
        if html || text.trim_start().starts_with('<') {
            return Self { web_page: true, ..Self::default() };
        }
        Self { text: one_line(&text), ..Self::default() }
    }

    fn of_json(value: &Value) -> Self {
        let error = value.get("error").unwrap_or(value);
        let inner = error.pointer("/innererror/internalexception");
        let (detail, detail_type) =
            error.pointer("/details/0/message").and_then(Value::as_str).map_or((None, None), detail);
        let word = |value: Option<&Value>, key: &str| {
            value.and_then(|value| value.get(key)).and_then(Value::as_str).and_then(one_line)
        };
        Self {
            text: word(inner, "message").or(detail).or_else(|| word(Some(error), "message")),
            exception: word(inner, "type").or(detail_type),
            structured: error.is_object(),
            ..Self::default()
        }
    }
}

/// Text and exception of a detail: `Ex6F9304|Full.Type|text`, `|Full.Type|text`, a JSON object as text,
/// or just words.
fn detail(message: &str) -> (Option<Box<str>>, Option<Box<str>>) {
    if let Ok(value) = serde_json::from_str::<Value>(message) {
        let member = |keys: &[&str]| keys.iter().find_map(|key| value.get(*key)?.as_str());
        if let Some(text) = member(&["Message", "message"]) {
            return (one_line(text), member(&["TypeName", "ClassName"]).map(Into::into));
        }
    }
    let mut parts = message.splitn(3, '|');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), Some(exception), Some(text)) if !id.contains(' ') && !exception.contains(' ') => {
            (one_line(text), one_line(exception))
        }
        _ => (one_line(message), None),
    }
}

/// One bounded line without control characters; none where nothing is left.
pub(super) fn one_line(text: &str) -> Option<Box<str>> {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if line.len() + word.len() >= TEXT_BOUND {
            line.push_str(" …");
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    (!line.is_empty()).then(|| line.into())
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<Box<str>> {
    headers.get(name).and_then(|value| value.to_str().ok()).and_then(one_line)
}

fn diagnostics(headers: &HeaderMap) -> Vec<(&'static str, Box<str>)> {
    DIAGNOSTICS.iter().filter_map(|name| Some((*name, text_of(headers, name)?))).collect()
}

#[cfg(test)]
mod tests;
