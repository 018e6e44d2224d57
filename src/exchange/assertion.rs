//! The signed assertion by which a certificate stands for an application. Pure: the moment is handed in.
//!
//! PS256 with the SHA-256 thumbprint, as Microsoft Learn asks ("Certificate credentials").

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use serde_json::json;
use x509_cert::der::Decode;

/// How long an assertion is good for: seconds.
const LIFE: i64 = 600;
/// The sign-in service refuses an assertion that begins in its future; clocks differ: seconds.
const SLACK: i64 = 60;

/// A certificate with its key.
pub(super) struct Signer {
    key: RsaKeyPair,
    thumbprint: String,
    not_after: DateTime<Utc>,
}

/// Why a certificate cannot sign; completes "`file` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("holds no certificate")]
    NoCertificate,
    #[error("holds no private key; an encrypted key cannot be read in this version")]
    NoKey,
    #[error("holds a key that is not RSA of 2048 bits or more, which the sign-in service asks for")]
    NotRsa,
    #[error("holds no certificate that belongs to the key")]
    NotOneAnothers,
    #[error("holds a certificate that cannot be read")]
    Damaged,
    #[error("holds a key that cannot sign")]
    CannotSign,
}

impl Signer {
    /// From PEM of one or more certificates and one key (PKCS#8 or PKCS#1), in any order.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, Unusable> {
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            Ok(_) => return Err(Unusable::NotRsa),
            Err(_) => return Err(Unusable::NoKey),
        }
        .map_err(|_| Unusable::NotRsa)?;
        let mut found = Unusable::NoCertificate;
        // A file may hold the whole chain: the key's own certificate is the one that is registered.
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let Ok(certificate) = certificate else {
                found = Unusable::Damaged;
                continue;
            };
            let Ok(parsed) = x509_cert::Certificate::from_der(&certificate) else {
                found = Unusable::Damaged;
                continue;
            };
            let facts = parsed.tbs_certificate();
            let public = facts.subject_public_key_info().subject_public_key.raw_bytes();
            if public != key.public_key().as_ref() {
                found = Unusable::NotOneAnothers;
                continue;
            }
            let not_after = facts.validity().not_after.to_unix_duration().as_secs();
            let not_after = i64::try_from(not_after).ok().and_then(|at| DateTime::from_timestamp(at, 0));
            return Ok(Self {
                thumbprint: encode(digest::digest(&digest::SHA256, &certificate).as_ref()),
                not_after: not_after.ok_or(Unusable::Damaged)?,
                key,
            });
        }
        Err(found)
    }

    /// Until when the certificate is good.
    pub(super) const fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// An assertion for the token endpoint `audience`, good from now on for ten minutes.
    pub(super) fn sign(
        &self,
        client_id: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<SecretString, Unusable> {
        let now = now.timestamp();
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": uuid::Uuid::new_v4(),
            "nbf": now - SLACK, "iat": now, "exp": now + LIFE,
        });
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Unusable::CannotSign)?;
        Ok(SecretString::from(format!("{signed}.{}", encode(signature))))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const PEM: &[u8] = include_bytes!("../../tests/wire/certificate.pem");
    const PKCS1: &[u8] = include_bytes!("../../tests/wire/certificate_pkcs1_key.pem");
    const OTHER: &[u8] = include_bytes!("../../tests/wire/certificate_other.pem");

    fn only(label: &str, pem: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(pem);
        let (begin, end) = (format!("-----BEGIN {label}"), format!("-----END {label}"));
        let from = text.find(&begin).expect("its begin");
        let to = text.find(&end).expect("its end");
        format!("{}-----END {label}-----\n", &text[from..to]).into_bytes()
    }

    #[test]
    fn an_assertion_says_who_where_and_until_when_and_verifies() {
        let signer = Signer::from_pem(PEM).expect("a signer");
        let now = "2026-11-21T10:00:00Z".parse().expect("a moment");
        let assertion = signer.sign("app", "https://login/token", now).expect("signed");
        let parts: Vec<&str> = assertion.expose_secret().split('.').collect();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("base64");
        let header: serde_json::Value = serde_json::from_slice(&decode(parts[0])).expect("JSON");
        let certificate = CertificateDer::from_pem_slice(PEM).expect("a certificate");
        let thumbprint = encode(digest::digest(&digest::SHA256, &certificate));
        assert_eq!(header, json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}));
        let claims: serde_json::Value = serde_json::from_slice(&decode(parts[1])).expect("JSON");
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!("https://login/token"), &json!("app")));
        assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(e, i)| e - i), Some(600));
        let parsed = x509_cert::Certificate::from_der(&certificate).expect("parsed");
        let public = parsed.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
        ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PSS_2048_8192_SHA256, public)
            .verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &decode(parts[2]))
            .expect("the signature is the certificate's");
    }

    #[test]
    fn both_forms_of_a_key_and_both_orders_are_read() {
        let certificate = only("CERTIFICATE", PEM);
        for key in [only("PRIVATE KEY", PEM), PKCS1.to_vec()] {
            for pem in
                [[certificate.clone(), key.clone()].concat(), [key.clone(), certificate.clone()].concat()]
            {
                let signer = Signer::from_pem(&pem).expect("a signer");
                assert_eq!(signer.not_after().timestamp(), 4_948_900_822, "{}", signer.not_after());
            }
        }
    }

    #[test]
    fn the_certificate_of_the_key_is_found_in_a_chain() {
        let chain = [only("CERTIFICATE", OTHER), PEM.to_vec()].concat();
        let thumbprint = |pem: &[u8]| Signer::from_pem(pem).map(|signer| signer.thumbprint);
        assert_eq!(thumbprint(&chain), thumbprint(PEM));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let of = |pem: &[u8]| Signer::from_pem(pem).map(|_| ()).expect_err("unusable");
        assert_eq!(of(b""), Unusable::NoKey);
        assert_eq!(of(&only("CERTIFICATE", PEM)), Unusable::NoKey);
        assert_eq!(of(&only("PRIVATE KEY", PEM)), Unusable::NoCertificate);
        assert_eq!(
            of(&[only("CERTIFICATE", OTHER), only("PRIVATE KEY", PEM)].concat()),
            Unusable::NotOneAnothers
        );
        let curve = rcgen::generate_simple_self_signed(["a".to_owned()]).expect("a certificate");
        assert_eq!(of(curve.signing_key.serialize_pem().as_bytes()), Unusable::NotRsa);
    }
}
