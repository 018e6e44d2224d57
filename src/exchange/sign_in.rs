//! Answers of the sign-in service: a token, or why there is none. When to ask is decided in `token`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Error, ErrorKind, Operation, fault, remedy};

/// How long a token is used whose life was not told.
const ASSUMED_LIFE: Duration = Duration::from_secs(300);
/// Codes by which the sign-in service says that it is busy.
const BUSY: [u32; 3] = [90_033, 90_055, 50_196];

/// A token as it came.
pub(super) struct Granted {
    pub(super) token: SecretString,
    pub(super) life: Duration,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: serde_json::Value,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    #[serde(default)]
    trace_id: Option<Box<str>>,
}

/// Reads a success. Source: Microsoft Learn, "OAuth 2.0 client credentials flow".
pub(super) fn granted(body: &[u8]) -> Result<Granted, Error> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| no_answer())?;
    // An older endpoint writes the number as text.
    let life = match &answer.expires_in {
        serde_json::Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    };
    if answer.access_token.is_empty() {
        return Err(no_answer());
    }
    Ok(Granted {
        token: SecretString::from(answer.access_token),
        life: life.map_or(ASSUMED_LIFE, Duration::from_secs),
    })
}

/// Makes the error of a refusal.
pub(super) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Error {
    let error = Error::new(Operation::Token, ErrorKind::Credential)
        .with_status(status)
        .with_request_id(fault::request_id(headers))
        .with_retry_after(fault::retry_after(headers, now));
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return match status.as_u16() {
            429 => error.with_kind(ErrorKind::Throttled),
            500..=599 => error.with_kind(ErrorKind::Transient),
            _ => error.with_kind(ErrorKind::Malformed).with_remedy(NO_SIGN_IN),
        };
    };
    let code = refusal.error_codes.first().copied().or_else(|| code_of(&refusal.error_description));
    let busy = code.is_some_and(|code| BUSY.contains(&code));
    let error = match status.as_u16() {
        429 => error.with_kind(ErrorKind::Throttled),
        500..=599 => error.with_kind(ErrorKind::Transient),
        _ if busy => error.with_kind(ErrorKind::Transient),
        _ => error,
    };
    // What follows are ids and a time, each with a line of its own in the description.
    let words = refusal.error_description.split("Trace ID:").next().unwrap_or_default();
    let error = match fault::one_line(words).or_else(|| fault::one_line(&refusal.error)) {
        Some(text) => error.with_text(text),
        None => error,
    };
    let error = match refusal.trace_id.as_deref().and_then(fault::one_line) {
        Some(id) => error.with_request_id(Some(id)),
        None => error,
    };
    match code.and_then(remedy::sign_in) {
        Some(advice) => error.with_remedy(advice),
        None => error,
    }
}

const NO_SIGN_IN: &str =
    "what answered is not the sign-in service: check `cloud`, `endpoints.authority` and HTTPS_PROXY";

fn no_answer() -> Error {
    Error::new(Operation::Token, ErrorKind::Malformed).with_remedy(NO_SIGN_IN)
}

/// `AADSTS7000215: …`
fn code_of(description: &str) -> Option<u32> {
    let digits = description.trim_start().strip_prefix("AADSTS")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Recovery;

    fn of(status: u16, body: &str) -> Error {
        let now = DateTime::default();
        refused(StatusCode::from_u16(status).expect("a status"), &HeaderMap::new(), body.as_bytes(), now)
    }

    #[test]
    fn a_code_becomes_plain_advice() {
        let error = of(401, include_str!("../../tests/wire/sign_in_wrong_secret.json"));
        assert_eq!((error.kind(), error.recovery()), (ErrorKind::Credential, Recovery::NeedsOperator));
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("the secret's value, not its id")));
        assert!(error.service_text().is_some_and(|text| text.starts_with("AADSTS7000215: Invalid client")));
        assert!(error.service_text().is_some_and(|text| !text.contains("Trace ID")));
        assert_eq!(error.request_id(), Some("0aa00000-0000-0000-0000-000000000001"));
        for (code, words) in [
            (700_016, "`clientId`"),
            (90_002, "`tenantId`"),
            (700_027, "upload its public part"),
            (7_000_222, "expired"),
            (700_024, "clock"),
        ] {
            let body = format!(r#"{{"error":"x","error_description":"AADSTS{code}: text"}}"#);
            let error = of(400, &body);
            assert!(error.remedy().is_some_and(|remedy| remedy.contains(words)), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_still_the_credentials_fault() {
        let error = of(400, r#"{"error":"invalid_request","error_description":"AADSTS1: new"}"#);
        assert_eq!((error.kind(), error.remedy()), (ErrorKind::Credential, None));
        assert_eq!(error.service_text(), Some("AADSTS1: new"));
    }

    #[test]
    fn busy_and_alien_are_no_fault_of_the_credential() {
        assert_eq!(of(503, "").recovery(), Recovery::Backoff);
        assert_eq!(of(400, r#"{"error_codes":[90033]}"#).recovery(), Recovery::Backoff);
        assert_eq!(of(429, "slow").kind(), ErrorKind::Throttled);
        let page = of(404, "<html></html>");
        assert_eq!(page.kind(), ErrorKind::Malformed);
        assert!(page.remedy().is_some_and(|remedy| remedy.contains("endpoints.authority")));
    }

    #[test]
    fn the_life_of_a_token_is_read_in_both_forms() {
        let life = |body: &str| granted(body.as_bytes()).map(|granted| granted.life.as_secs()).ok();
        assert_eq!(life(r#"{"access_token":"t","expires_in":3599}"#), Some(3599));
        assert_eq!(life(r#"{"access_token":"t","expires_in":"3599"}"#), Some(3599));
        assert_eq!(life(r#"{"access_token":"t"}"#), Some(300));
        assert_eq!(life(r#"{"access_token":""}"#), None);
        assert_eq!(life("<html>"), None);
    }
}
