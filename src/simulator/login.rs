//! The token endpoint: client credentials by secret or by certificate assertion, and the access tokens it gives out.
//!
//! Sources: Microsoft Learn, "OAuth 2.0 client credentials flow" and "Microsoft Entra authentication error codes".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::{hmac, signature};
use serde_json::{Value, json};
use uuid::Uuid;
use x509_cert::der::DecodePem as _;

use super::options::SimulationOptions;
use super::wire::reply::Reply;

/// Outlook hosts of the clouds: the only resources a token is given for.
const OUTLOOK_HOSTS: [&str; 5] = [
    "outlook.office365.com",
    "outlook.office365.us",
    "outlook-dod.office365.us",
    "partner.outlook.cn",
    "outlook.office365.cn",
];

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Gives out tokens for one tenant and knows its own again.
#[derive(Debug)]
pub(crate) struct Login {
    key: hmac::Key,
}

/// Why a bearer token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unaccepted {
    Invalid,
    Expired,
    /// Issued before a revocation, or without the claims that are asked for now.
    Challenged,
}

/// One request to the token endpoint.
pub(crate) struct Asked<'a> {
    pub(crate) options: &'a SimulationOptions,
    pub(crate) tenant: &'a str,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) id: Uuid,
}

struct Denied {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Login {
    /// The key is of the tenant too, so that one tenant's tokens are nothing to another.
    pub(crate) fn new(seed: u64, tenant: Uuid) -> Self {
        let secret = u128::from(seed) ^ tenant.as_u128();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret.to_be_bytes()) }
    }

    pub(crate) fn answer(&self, asked: &Asked<'_>) -> Reply {
        match asked.check() {
            Ok(audience) => Reply::json(200, &self.token(asked, &audience)),
            Err(denied) => asked.denial(&denied),
        }
        .with("cache-control", "no-store, no-cache")
        .with("x-ms-request-id", asked.id.to_string())
    }

    fn token(&self, asked: &Asked<'_>, audience: &str) -> Value {
        let life = asked.options.token_lifetime.as_secs();
        let expires = asked.now + TimeDelta::from_std(asked.options.token_lifetime).unwrap_or(TimeDelta::MAX);
        let roles: &[&str] = if asked.options.permissions.app_role { &["Exchange.ManageAsApp"] } else { &[] };
        let header = json!({"typ": "JWT", "alg": "HS256"});
        let claims = json!({
            "aud": audience,
            "tid": asked.options.tenant_id.to_string(),
            "appid": asked.options.credentials.client_id,
            "roles": roles,
            "iat": asked.now.timestamp(),
            "exp": expires.timestamp(),
            "uti": asked.id.simple().to_string(),
            "xms_cc": if asked.field("claims").is_some() { json!(["cp1"]) } else { json!([]) },
        });
        let body = format!("{}.{}", encoded(&header), encoded(&claims));
        let seal = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, body.as_bytes()));
        json!({
            "token_type": "Bearer",
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": format!("{body}.{seal}"),
        })
    }

    /// Whether this is a token of ours that still counts; its claims are returned.
    pub(crate) fn accept(
        &self,
        token: &str,
        now: i64,
        revoked_before: i64,
        claims_wanted: bool,
    ) -> Result<Value, Unaccepted> {
        let (body, seal) = token.rsplit_once('.').ok_or(Unaccepted::Invalid)?;
        let seal = URL_SAFE_NO_PAD.decode(seal).map_err(|_| Unaccepted::Invalid)?;
        hmac::verify(&self.key, body.as_bytes(), &seal).map_err(|_| Unaccepted::Invalid)?;
        let claims =
            body.split_once('.').and_then(|(_, claims)| decoded(claims)).ok_or(Unaccepted::Invalid)?;
        let number = |name: &str| claims[name].as_i64().unwrap_or_default();
        if number("exp") <= now {
            return Err(Unaccepted::Expired);
        }
        let asked_with_claims = claims["xms_cc"].as_array().is_some_and(|cc| !cc.is_empty());
        if number("iat") < revoked_before || (claims_wanted && !asked_with_claims) {
            return Err(Unaccepted::Challenged);
        }
        Ok(claims)
    }
}

impl Unaccepted {
    /// The `WWW-Authenticate` header of a 401.
    pub(crate) fn challenge(self, tenant: Uuid) -> String {
        let base = format!(
            "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", realm=\"{tenant}\", \
             authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\""
        );
        match self {
            Unaccepted::Invalid => format!("{base}, error=\"invalid_token\""),
            Unaccepted::Expired => {
                format!("{base}, error=\"invalid_token\", error_description=\"The token is expired\"")
            }
            Unaccepted::Challenged => {
                let claims = json!({"access_token": {"nbf": {"essential": true, "value": "1"}}});
                let claims = base64::engine::general_purpose::STANDARD.encode(claims.to_string());
                format!("{base}, error=\"insufficient_claims\", claims=\"{claims}\"")
            }
        }
    }
}

impl Asked<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &'static str) -> Result<&str, Denied> {
        self.field(name).ok_or_else(|| Denied {
            status: 400,
            error: "invalid_request",
            code: 900_144,
            text: format!("The request body must contain the following parameter: '{name}'."),
        })
    }

    /// The audience of the token to give.
    fn check(&self) -> Result<String, Denied> {
        let credentials = &self.options.credentials;
        if self.required("grant_type")? != "client_credentials" {
            return Err(Denied {
                status: 400,
                error: "unsupported_grant_type",
                code: 70_003,
                text: "The app requested an unsupported grant type.".to_owned(),
            });
        }
        let client = self.required("client_id")?;
        if !client.eq_ignore_ascii_case(&credentials.client_id) {
            return Err(Denied {
                status: 400,
                error: "unauthorized_client",
                code: 700_016,
                text: format!(
                    "Application with identifier '{client}' was not found in the directory '{}'. This can happen if the application has not \
                     been installed by the administrator of the tenant or consented to by any user in the tenant.",
                    self.tenant
                ),
            });
        }
        let scope = self.required("scope")?;
        let audience = scope.strip_suffix("/.default").ok_or_else(|| Denied {
            status: 400,
            error: "invalid_scope",
            code: 1_002_012,
            text: format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to \
                 the resource identifier (application ID URI)."
            ),
        })?;
        let host = audience.strip_prefix("https://");
        if !host.is_some_and(|host| OUTLOOK_HOSTS.contains(&host)) {
            return Err(Denied {
                status: 400,
                error: "invalid_resource",
                code: 500_011,
                text: format!(
                    "The resource principal named {audience} was not found in the tenant named {}.",
                    self.tenant
                ),
            });
        }
        if let Some(assertion) = self.field("client_assertion") {
            self.check_assertion(assertion)?;
        } else if self.required("client_secret")? != credentials.client_secret {
            return Err(Denied {
                status: 401,
                error: "invalid_client",
                code: 7_000_215,
                text: format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client \
                     secret ID, for a secret added to app '{client}'."
                ),
            });
        }
        Ok(audience.to_owned())
    }

    fn check_assertion(&self, assertion: &str) -> Result<(), Denied> {
        if self.required("client_assertion_type")? != ASSERTION_TYPE {
            return Err(bad_assertion(50_027, "The client assertion type is not supported."));
        }
        let parts: Vec<&str> = assertion.split('.').collect();
        let [header, claims, seal] = parts.as_slice() else {
            return Err(bad_assertion(50_027, "JWT token is invalid or malformed."));
        };
        let (Some(header_json), Some(claims_json), Ok(seal)) =
            (decoded(header), decoded(claims), URL_SAFE_NO_PAD.decode(seal))
        else {
            return Err(bad_assertion(50_027, "JWT token is invalid or malformed."));
        };
        let algorithm: &'static dyn signature::VerificationAlgorithm = match header_json["alg"].as_str() {
            Some("PS256") => &signature::RSA_PSS_2048_8192_SHA256,
            Some("RS256") => &signature::RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(bad_assertion(5_002_727, "Invalid JWT header algorithm.")),
        };
        let has_thumbprint = ["x5t#S256", "x5t", "kid"].iter().any(|name| header_json[*name].is_string());
        if !has_thumbprint {
            return Err(bad_assertion(
                700_027,
                "The certificate with identifier used to sign the client assertion is not registered on application: the header names no thumbprint.",
            ));
        }
        self.check_claims(&claims_json)?;
        match &self.options.credentials.certificate_pem {
            None => Ok(()),
            Some(pem) => verified(pem, algorithm, &format!("{header}.{claims}"), &seal),
        }
    }

    fn check_claims(&self, claims_json: &Value) -> Result<(), Denied> {
        let client = &self.options.credentials.client_id;
        for name in ["iss", "sub"] {
            if !claims_json[name].as_str().is_some_and(|one| one.eq_ignore_ascii_case(client)) {
                return Err(bad_assertion(
                    700_021,
                    &format!(
                        "Client assertion application identifier doesn't match 'client_id' parameter: claim '{name}'."
                    ),
                ));
            }
        }
        let audience = claims_json["aud"].as_str().unwrap_or_default();
        let path = format!("/{}/oauth2/v2.0/token", self.tenant);
        if !audience.starts_with("http") || !audience.ends_with(&path) {
            return Err(bad_assertion(
                50_027,
                &format!("JWT token is invalid: the audience '{audience}' is not this token endpoint."),
            ));
        }
        let expires = claims_json["exp"].as_i64().unwrap_or_default();
        // Entra allows a few minutes of wrong clocks.
        if expires + 300 < self.now.timestamp() {
            return Err(bad_assertion(700_024, "Client assertion is not within its valid time range."));
        }
        Ok(())
    }

    fn denial(&self, denied: &Denied) -> Reply {
        let (id, at) = (self.id, self.now.format("%Y-%m-%d %H:%M:%SZ"));
        let body = json!({
            "error": denied.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {id} Correlation ID: {id} Timestamp: {at}",
                denied.code, denied.text
            ),
            "error_codes": [denied.code],
            "timestamp": at.to_string(),
            "trace_id": id.to_string(),
            "correlation_id": id.to_string(),
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", denied.code),
        });
        Reply::json(denied.status, &body)
    }
}

fn bad_assertion(code: u32, text: &str) -> Denied {
    Denied { status: 401, error: "invalid_client", code, text: text.to_owned() }
}

fn verified(
    pem: &str,
    algorithm: &'static dyn signature::VerificationAlgorithm,
    signed: &str,
    seal: &[u8],
) -> Result<(), Denied> {
    let certificate = x509_cert::Certificate::from_pem(pem).map_err(|_| {
        bad_assertion(700_027, "The certificate registered on the application cannot be read.")
    })?;
    let key = certificate.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
    // Through the trait object both RSA schemes are one call.
    signature::UnparsedPublicKey::new(algorithm, key)
        .verify(signed.as_bytes(), seal)
        .map_err(|_| {
            bad_assertion(
                700_027,
                "Client assertion failed signature validation: the key was not found or the signature does not match.",
            )
        })
}

/// The answer for a tenant that nobody here is.
pub(crate) fn unknown_tenant(tenant: &str) -> Reply {
    let shown: String = tenant.chars().take(80).collect();
    Reply::json(
        400,
        &json!({
            "error": "invalid_request",
            "error_description": format!(
                "AADSTS90002: Tenant '{shown}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            ),
            "error_codes": [90_002],
        }),
    )
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(text: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
