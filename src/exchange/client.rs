//! One command, from its parameters to the answer it got: turn, token, request, redirects, and the same
//! again where that helps. What the rows of an answer mean is for those who ask.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use url::Url;
use uuid::Uuid;

use super::body::{self, BodyError, Excess};
use super::command::Command;
use super::connect::WallClock;
use super::envelope::{Envelope, NoEnvelope};
use super::governor::{Access, Governor};
use super::metrics::{Counters, RequestResult};
use super::session::{Anchor, Session};
use super::token::{Token, TokenClient};
use super::transport::{Stage, Transport, TransportError};
use super::{Endpoints, Error, ErrorKind, Operation, Priority, fault, remedy};
use crate::domain::TenantId;

const REDIRECTS: u32 = 5;
/// Repetitions where the service is busy; Microsoft's own module does as many, 2 s apart and doubling.
const BUSY_RETRIES: u32 = 5;
const BROKEN_RETRIES: u32 = 2;
const FIRST_DELAY: Duration = Duration::from_secs(2);
/// Who is asked to wait longer is told so instead.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What reading and writing have in common: one tenant, one application.
pub(super) struct Client {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) tokens: Arc<TokenClient>,
    pub(super) governor: Arc<Governor>,
    pub(super) counters: Arc<Counters>,
    pub(super) endpoints: Endpoints,
    pub(super) tenant: TenantId,
    pub(super) clock: WallClock,
}

/// A command and how it is sent.
pub(super) struct Call {
    pub(super) operation: Operation,
    pub(super) command: Command,
    /// The columns that the service should trim rows to.
    pub(super) select: Option<String>,
    pub(super) page_size: Option<u32>,
    pub(super) priority: Priority,
}

/// What a call got.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) envelope: Envelope,
    pub(super) request_id: Option<Box<str>>,
}

/// What calls cost.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) requests: u32,
    pub(super) bytes: u64,
}

/// An attempt that failed, with the claims that a 401 asked for.
struct Failure {
    error: Error,
    claims: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, claims: None }
    }
}

impl Client {
    pub(super) fn session(&self, anchor: Anchor) -> Session {
        Session::new(self.endpoints.exchange(), self.tenant, anchor)
    }

    /// The address of a call's first request.
    pub(super) fn address(&self, session: &Session, call: &Call) -> Url {
        let query = call.select.as_ref().map(|names| format!("$select={names}"));
        session.at(&format!("/adminapi/beta/{}/InvokeCommand", self.tenant), query.as_deref())
    }

    /// Sends a call to an address and repeats it as often as is safe and may help.
    ///
    /// 401 once with another token; 429, 503, 504 and the exceptions that pass at most five times; a
    /// read whose answer broke off twice. A write whose outcome is open is never repeated: its error
    /// says so.
    pub(super) async fn send(
        &self,
        session: &mut Session,
        call: &Call,
        address: Url,
        tally: &mut Tally,
    ) -> Result<Answer, Error> {
        let access = if call.operation.is_write() { Access::Write } else { Access::Read };
        let body = Bytes::from(call.command.body());
        // One id for all repetitions, as Microsoft's support expects it.
        let id = Uuid::new_v4().to_string();
        let (mut repeated, mut renewed) = (0, false);
        loop {
            let permit = self.governor.acquire(call.priority, access).await;
            let token = self.tokens.token().await?;
            tally.requests += 1;
            let attempt = self.attempt(session, call, &address, &body, &id, &token, tally);
            let outcome = match tokio::time::timeout(call.operation.time_limit(), attempt).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Error::new(call.operation, ErrorKind::TimedOut).into()),
            };
            drop(permit);
            let Failure { error, claims } = match outcome {
                Ok(answer) => {
                    self.counters.request(call.operation, RequestResult::Ok);
                    self.governor.answered();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let error = token.remove_from(error);
            self.counters.request(call.operation, RequestResult::of(error.kind()));
            let asked_to_wait = error.kind() == ErrorKind::Throttled
                || (error.kind() == ErrorKind::Transient && error.retry_after().is_some());
            if asked_to_wait {
                self.governor.complained(error.retry_after());
            }
            if error.kind() == ErrorKind::Unauthorized && !renewed {
                renewed = true;
                self.tokens.replace(&token, claims.as_deref()).await?;
                continue;
            }
            let too_long = error.retry_after().is_some_and(|wait| wait > LONGEST_WAIT);
            if repeated >= retries(&error) || too_long {
                return Err(judged(error));
            }
            // Where the service asked to wait, the governor keeps everybody waiting.
            if !asked_to_wait {
                tokio::time::sleep(delay(repeated)).await;
            }
            repeated += 1;
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one request, used once")]
    async fn attempt(
        &self,
        session: &mut Session,
        call: &Call,
        address: &Url,
        body: &Bytes,
        id: &str,
        token: &Token,
        tally: &mut Tally,
    ) -> Result<Answer, Failure> {
        let mut address = address.clone();
        for _ in 0..=REDIRECTS {
            let request = request(session, call, &address, body, id, token)
                .ok_or_else(|| Error::new(call.operation, ErrorKind::Misuse))?;
            let answer = self.transport.send(request).await.map_err(|error| broken(call, error))?;
            let (head, stream) = answer.into_parts();
            session.remember(&head.headers);
            if matches!(head.status.as_u16(), 301 | 302 | 307 | 308) {
                address = session.redirect(&address, &head.headers).ok_or_else(|| {
                    Error::new(call.operation, ErrorKind::RedirectRefused).with_status(head.status)
                })?;
                continue;
            }
            let success = head.status.is_success();
            let (bound, excess) = match success {
                true => (body::PAGE_BOUND, Excess::Refuse),
                false => (body::ERROR_BOUND, Excess::Drop),
            };
            let bytes = match (body::read(stream, bound, excess).await, success) {
                (Ok(bytes), _) => bytes,
                // The status says enough where the rest of a refusal is missing.
                (Err(_), false) => Bytes::new(),
                (Err(error), true) => return Err(incomplete(call, &head.headers, error).into()),
            };
            tally.bytes += bytes.len() as u64;
            if !success {
                let now = (self.clock)();
                let error = fault::of_answer(call.operation, head.status, &head.headers, &bytes, now);
                return Err(Failure { error, claims: claims(&head.headers) });
            }
            return self.success(call, head.status, &head.headers, &bytes).map_err(Failure::from);
        }
        Err(Error::new(call.operation, ErrorKind::RedirectRefused).with_text("too many redirects").into())
    }

    fn success(
        &self,
        call: &Call,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, Error> {
        let request_id = fault::request_id(headers);
        // A write answers with nothing or with no rows. A read that answers 200 with nothing at all was
        // cut off; 204 is the service's own word for no rows.
        if body.is_empty() && (call.operation.is_write() || status == StatusCode::NO_CONTENT) {
            return Ok(Answer { envelope: Envelope::default(), request_id });
        }
        let error = match Envelope::parse(body) {
            Ok(envelope) => return Ok(Answer { envelope, request_id }),
            Err(NoEnvelope::CutOff) => Error::new(call.operation, ErrorKind::BrokenOff),
            Err(NoEnvelope::Alien) => {
                Error::new(call.operation, ErrorKind::Malformed).with_remedy(remedy::PROXY_PAGE)
            }
            // An error in the clothes of a success is judged as the refusal that it is.
            Err(NoEnvelope::HoldsAnError) => {
                fault::of_answer(call.operation, StatusCode::BAD_REQUEST, headers, body, (self.clock)())
            }
        };
        Err(error.with_status(status).with_request_id(request_id))
    }
}

fn request(
    session: &Session,
    call: &Call,
    address: &Url,
    body: &Bytes,
    id: &str,
    token: &Token,
) -> Option<Request<Bytes>> {
    let mut request = Request::post(address.as_str()).body(body.clone()).ok()?;
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, token.header()?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    // Warnings are told apart by their words.
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en-US"));
    headers.insert("x-anchormailbox", HeaderValue::try_from(session.anchor()).ok()?);
    headers.insert("x-cmdletname", HeaderValue::from_static(call.command.cmdlet));
    headers.insert("client-request-id", HeaderValue::try_from(id).ok()?);
    if let Some(size) = call.page_size {
        headers.insert("prefer", HeaderValue::try_from(format!("odata.maxpagesize={size}")).ok()?);
    }
    session.add_cookies(headers);
    Some(request)
}

/// How often a failed attempt may be repeated.
fn retries(error: &Error) -> u32 {
    let write = error.operation().is_write();
    match error.kind() {
        ErrorKind::Throttled | ErrorKind::Transient => BUSY_RETRIES,
        // Nothing was sent, so that a write may be repeated too.
        ErrorKind::Unreachable => BROKEN_RETRIES,
        ErrorKind::BrokenOff | ErrorKind::Failed if !write => BROKEN_RETRIES,
        ErrorKind::TimedOut if matches!(error.operation(), Operation::Rows | Operation::StoredOff) => 1,
        _ => 0,
    }
}

/// Marks a write that may have happened.
fn judged(error: Error) -> Error {
    let open = matches!(
        error.kind(),
        ErrorKind::TimedOut
            | ErrorKind::BrokenOff
            | ErrorKind::Malformed
            | ErrorKind::TooLarge
            | ErrorKind::Failed
            | ErrorKind::Transient
    );
    if error.operation().is_write() && open { error.uncertain() } else { error }
}

/// 2 s, doubling, with a fifth of jitter, so that those who failed together do not return together.
fn delay(repeated: u32) -> Duration {
    (FIRST_DELAY * 2u32.saturating_pow(repeated.min(4))).mul_f64(0.9 + 0.2 * fastrand::f64())
}

fn broken(call: &Call, error: TransportError) -> Failure {
    let kind = match error.stage() {
        Stage::Exchange => ErrorKind::BrokenOff,
        Stage::Resolve | Stage::Connect | Stage::Tls => ErrorKind::Unreachable,
    };
    let advice = remedy::unreachable(error.stage());
    Error::new(call.operation, kind).with_remedy(advice).with_transport(error).into()
}

fn incomplete(call: &Call, headers: &HeaderMap, error: BodyError) -> Error {
    let of = |kind| Error::new(call.operation, kind).with_request_id(fault::request_id(headers));
    match error {
        BodyError::Broken(error) => of(ErrorKind::BrokenOff).with_transport(error),
        BodyError::Damaged => of(ErrorKind::BrokenOff).with_text("the compressed answer is cut off"),
        BodyError::TooLarge => of(ErrorKind::TooLarge),
    }
}

/// The claims of a challenge, as JSON. Source: Microsoft Learn, "Claims challenges, claims requests, and
/// client capabilities".
fn claims(headers: &HeaderMap) -> Option<String> {
    headers.get_all(WWW_AUTHENTICATE).iter().find_map(|challenge| {
        let (_, rest) = challenge.to_str().ok()?.split_once("claims=\"")?;
        let text = rest.split('"').next()?;
        let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
        String::from_utf8(bytes).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_of_a_challenge_are_decoded() {
        let mut headers = HeaderMap::new();
        assert_eq!(claims(&headers), None);
        let challenge = format!(r#"Bearer realm="", claims="{}", error="x""#, STANDARD.encode("{\"a\":1}"));
        headers.insert(WWW_AUTHENTICATE, challenge.parse().expect("a header"));
        assert_eq!(claims(&headers).as_deref(), Some("{\"a\":1}"));
    }

    #[test]
    fn an_open_write_is_not_repeated_and_a_busy_service_is_asked_again() {
        for kind in [ErrorKind::TimedOut, ErrorKind::BrokenOff, ErrorKind::Failed, ErrorKind::Malformed] {
            let error = Error::new(Operation::SetMailbox, kind);
            assert_eq!(retries(&error), 0, "{kind:?}");
            assert!(judged(error).is_uncertain(), "{kind:?}");
        }
        for kind in [ErrorKind::Throttled, ErrorKind::Transient] {
            assert_eq!(retries(&Error::new(Operation::SetMailbox, kind)), 5, "{kind:?}");
        }
        assert!(!judged(Error::new(Operation::SetMailbox, ErrorKind::Throttled)).is_uncertain());
        assert!(!judged(Error::new(Operation::Rows, ErrorKind::TimedOut)).is_uncertain());
    }
}
