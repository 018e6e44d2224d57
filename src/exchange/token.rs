//! The token of one application: asked for once however many need it, renewed before it ends, replaced
//! where the service refuses it. What the sign-in service's answers mean is in `sign_in`.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded;

use super::assertion::Signer;
use super::body::{self, Excess};
use super::connect::WallClock;
use super::credential::{self, Credential, Material, Proof};
use super::metrics::{Counters, RequestResult};
use super::sign_in::{self, Granted};
use super::transport::Transport;
use super::{Error, ErrorKind, Operation, remedy};

/// The kind of assertion that a certificate signs.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A token is renewed when this part of its life is over, less up to [`JITTER`] of it, so that many
/// tenants do not renew together.
const USED_LIFE: f64 = 0.8;
const JITTER: f64 = 0.05;
/// Without success, an old token that is still good is used this long before the next try.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);
/// Those who waited for the same failed sign-in share its outcome instead of repeating it.
const SHARED_FAILURE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A token, cheap to clone, never printable.
#[derive(Clone)]
pub(super) struct Token {
    secret: Arc<SecretString>,
    generation: u64,
}

impl Token {
    /// The value of the `Authorization` header, marked as sensitive.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.secret.expose_secret())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Takes the token out of an error, where a server echoed it.
    pub(super) fn remove_from(&self, error: Error) -> Error {
        error.without(self.secret.expose_secret())
    }
}

/// Gets and keeps the token of one application.
pub(super) struct TokenClient {
    transport: Arc<dyn Transport>,
    counters: Arc<Counters>,
    clock: WallClock,
    endpoint: String,
    scope: String,
    credential: Credential,
    // Held while a token is asked for: that is what makes one request of many wishes.
    state: Mutex<State>,
    expiry: SyncMutex<Option<DateTime<Utc>>>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failure: Option<(Instant, Error)>,
    generation: u64,
}

struct Held {
    token: Token,
    renew_at: Instant,
    ends_at: Instant,
}

impl TokenClient {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        counters: Arc<Counters>,
        clock: WallClock,
        endpoint: String,
        scope: String,
        credential: Credential,
    ) -> Self {
        let (state, expiry) = (Mutex::default(), SyncMutex::default());
        Self { transport, counters, clock, endpoint, scope, credential, state, expiry }
    }

    /// A token that is good for now.
    pub(super) async fn token(&self) -> Result<Token, Error> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(held) = state.held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.token.clone());
        }
        if let Some((at, error)) = &state.failure
            && now.duration_since(*at) < SHARED_FAILURE
        {
            return Err(error.clone());
        }
        match (self.renew(&mut state, None).await, state.held.as_mut()) {
            (Ok(token), _) => Ok(token),
            // A sign-in service that is away does no harm while the token is good.
            (Err(_), Some(held)) if Instant::now() < held.ends_at => {
                held.renew_at = Instant::now() + RENEWAL_PAUSE;
                Ok(held.token.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Another token in place of one that the service refused, with the claims that it asks for.
    /// Where another was got meanwhile, that one.
    pub(super) async fn replace(&self, refused: &Token, claims: Option<&str>) -> Result<Token, Error> {
        let mut state = self.state.lock().await;
        if let Some(held) = &state.held
            && held.token.generation != refused.generation
        {
            return Ok(held.token.clone());
        }
        state.held = None;
        self.renew(&mut state, claims).await
    }

    /// Until when the certificate is good, as of the last sign-in.
    pub(super) fn credential_expiry(&self) -> Option<DateTime<Utc>> {
        *self.expiry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self, state: &mut State, claims: Option<&str>) -> Result<Token, Error> {
        let granted = match self.sign_in(claims).await {
            Ok(granted) => granted,
            Err(error) => {
                state.failure = Some((Instant::now(), error.clone()));
                return Err(error);
            }
        };
        state.generation += 1;
        state.failure = None;
        let now = Instant::now();
        let token = Token { secret: Arc::new(granted.token), generation: state.generation };
        let used = granted.life.mul_f64(USED_LIFE - JITTER * fastrand::f64());
        state.held = Some(Held { token: token.clone(), renew_at: now + used, ends_at: now + granted.life });
        Ok(token)
    }

    async fn sign_in(&self, claims: Option<&str>) -> Result<Granted, Error> {
        let mut tries = 0;
        loop {
            let outcome = self.ask(claims).await;
            let result =
                outcome.as_ref().map_or_else(|error| RequestResult::of(error.kind()), |_| RequestResult::Ok);
            self.counters.request(Operation::Token, result);
            let error = match outcome {
                Ok(granted) => return Ok(granted),
                Err(error) => error,
            };
            tries += 1;
            let passing = matches!(
                error.kind(),
                ErrorKind::Throttled | ErrorKind::Transient | ErrorKind::Unreachable | ErrorKind::BrokenOff
            );
            let wait = error.retry_after().unwrap_or(Duration::from_secs(1 << tries.min(5)));
            if !passing || tries >= TRIES || wait > LONGEST_WAIT {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask(&self, claims: Option<&str>) -> Result<Granted, Error> {
        let material = self.credential.proof.read().await?;
        let (form, secret) = self.form(&material, claims)?;
        let request = Request::post(&self.endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form)
            .map_err(|_| Error::new(Operation::Token, ErrorKind::Misuse))?;
        let limit = Operation::Token.time_limit();
        let outcome = match tokio::time::timeout(limit, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(Operation::Token, ErrorKind::TimedOut)
                .with_remedy(remedy::unreachable(super::Stage::Connect))),
        };
        outcome.map_err(|error| error.without(secret.expose_secret()))
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Granted, Error> {
        let failed = |error: super::TransportError| {
            let kind = match error.stage() {
                super::Stage::Exchange => ErrorKind::BrokenOff,
                _ => ErrorKind::Unreachable,
            };
            let advice = remedy::unreachable(error.stage());
            Error::new(Operation::Token, kind).with_remedy(advice).with_transport(error)
        };
        let (head, stream) = self.transport.send(request).await.map_err(failed)?.into_parts();
        let body = match body::read(stream, body::ERROR_BOUND, Excess::Drop).await {
            Ok(body) => body,
            Err(body::BodyError::Broken(error)) => return Err(failed(error)),
            Err(_) => return Err(Error::new(Operation::Token, ErrorKind::Malformed)),
        };
        if head.status.is_success() {
            sign_in::granted(&body)
        } else {
            Err(sign_in::refused(head.status, &head.headers, &body, (self.clock)()))
        }
    }

    /// The form to send, and what in it must not come back in an error.
    fn form(&self, material: &Material, claims: Option<&str>) -> Result<(Bytes, SecretString), Error> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.credential.client_id)
            .append_pair("scope", &self.scope);
        let secret = match material {
            Material::Secret(secret) => {
                form.append_pair("client_secret", secret.expose_secret());
                secret.clone()
            }
            Material::Pem(pem) => {
                let assertion = self.assertion(pem)?;
                form.append_pair("client_assertion_type", JWT_BEARER)
                    .append_pair("client_assertion", assertion.expose_secret());
                assertion
            }
        };
        if let Some(claims) = claims {
            form.append_pair("claims", claims);
        }
        Ok((form.finish().into(), secret))
    }

    fn assertion(&self, pem: &[u8]) -> Result<SecretString, Error> {
        let Proof::Certificate { file, .. } = &self.credential.proof else {
            return Err(Error::new(Operation::Token, ErrorKind::Misuse));
        };
        let unusable = |why: super::assertion::Unusable| credential::unusable(file, &why.to_string());
        let signer = Signer::from_pem(pem).map_err(unusable)?;
        *self.expiry.lock().unwrap_or_else(PoisonError::into_inner) = Some(signer.not_after());
        signer.sign(&self.credential.client_id, &self.endpoint, (self.clock)()).map_err(unusable)
    }
}
