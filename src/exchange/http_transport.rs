//! The transport of production: HTTPS by reqwest and rustls. No retries, no redirects, no decoding:
//! those are decisions of the layers above.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::roots::{self, RootsError};
use super::transport::{Body, Stage, Transport, TransportError};

/// How long the two sides may take to connect, encryption included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A transport that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpTransportError {
    /// No certificates to trust.
    #[error("no encrypted connection can be made")]
    Roots(#[from] RootsError),
    /// The TLS library refuses its configuration.
    #[error("the TLS library refuses its configuration")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refuses its configuration, a proxy's address for instance.
    #[error("the HTTP library refuses its configuration")]
    Http(#[from] reqwest::Error),
}

/// HTTP/1.1 and HTTP/2 with one pool of connections. Honours `HTTPS_PROXY`, `NO_PROXY`,
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, read once, here.
#[derive(Debug, Clone)]
pub struct HttpTransport(reqwest::Client);

impl HttpTransport {
    /// A transport as the environment says.
    pub fn from_environment() -> Result<Self, HttpTransportError> {
        // The provider is named here: one that is installed for the whole process would be a hidden
        // dependency of every test and of every embedding program.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots::load()?)
            .with_no_client_auth();
        Ok(Self(
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .user_agent(concat!("mailwarden/", env!("CARGO_PKG_VERSION")))
                .build()?,
        ))
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(from_reqwest)?;
            let answer = self.0.execute(request).await.map_err(from_reqwest)?;
            let mut response = http::Response::new(());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            let body: Body = Box::pin(answer.bytes_stream().map(|chunk| chunk.map_err(from_reqwest)));
            Ok(response.map(|()| body))
        })
    }
}

fn from_reqwest(error: reqwest::Error) -> TransportError {
    // The address is known to the caller, and the error should not repeat it.
    let error = error.without_url();
    TransportError::new(stage(&error), error)
}

fn stage(error: &reqwest::Error) -> Stage {
    if !error.is_connect() {
        return Stage::Exchange;
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if is_tls(current) {
            return Stage::Tls;
        }
        // The connector's own constant text; the system's words below it are in the user's language.
        if current.to_string() == "dns error" {
            return Stage::Resolve;
        }
        cause = current.source();
    }
    Stage::Connect
}

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    // An `io::Error` hides the error that it was made from, another of its kind perhaps: `source`
    // skips it.
    error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).is_some_and(|inner| is_tls(inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    async fn stage_of(address: &str) -> Stage {
        let transport = HttpTransport::from_environment().expect("a transport");
        let request = http::Request::post(address).body(Bytes::new()).expect("a request");
        transport.send(request).await.map(|_| ()).expect_err("no answer").stage()
    }

    #[tokio::test]
    async fn a_closed_port_is_no_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        assert_eq!(stage_of(&format!("http://{address}/")).await, Stage::Connect);
    }

    #[tokio::test]
    async fn plain_text_on_an_https_port_is_a_tls_failure() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }
        });
        assert_eq!(stage_of(&format!("https://{address}/")).await, Stage::Tls);
    }

    #[tokio::test]
    async fn a_connection_closed_before_the_answer_may_have_carried_the_request() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.read(&mut [0; 512]);
            }
        });
        assert_eq!(stage_of(&format!("http://{address}/")).await, Stage::Exchange);
    }
}
