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
        Self::trusting(roots::load()?)
    }

    fn trusting(roots: rustls::RootCertStore) -> Result<Self, HttpTransportError> {
        // The provider is named here: one that is installed for the whole process would be a hidden
        // dependency of every test and of every embedding program.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // The HTTP library leaves a ready-made configuration alone, and would speak HTTP/1.1 only.
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
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

    /// A server with a certificate of its own: what the client offered, and an answer over HTTP/1.1.
    async fn serve_tls(
        protocols: &[&str],
    ) -> (String, rustls::RootCertStore, tokio::task::JoinHandle<String>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("trusted");
        let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a configuration");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("https://localhost:{}/", listener.local_addr().expect("its address").port());
        let served = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
            let Ok(mut stream) = acceptor.accept(stream).await else { return String::new() };
            let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec).unwrap_or_default();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ =
                stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 2\r\n\r\nok").await;
            let _ = stream.shutdown().await;
            String::from_utf8(agreed).expect("a name")
        });
        (address, roots, served)
    }

    #[tokio::test]
    async fn a_trusted_host_answers_and_its_redirect_is_not_followed() {
        let (address, roots, served) = serve_tls(&["http/1.1"]).await;
        let transport = HttpTransport::trusting(roots).expect("a transport");
        let request = http::Request::post(&address).body(Bytes::from_static(b"{}")).expect("a request");
        let mut answer = transport.send(request).await.expect("an answer");
        assert_eq!(answer.status(), 302);
        let chunk = answer.body_mut().next().await.expect("a body").expect("its bytes");
        assert_eq!(chunk, "ok");
        assert_eq!(served.await.expect("served"), "http/1.1");
    }

    #[tokio::test]
    async fn http_2_is_offered() {
        let (address, roots, served) = serve_tls(&["h2", "http/1.1"]).await;
        let transport = HttpTransport::trusting(roots).expect("a transport");
        let request = http::Request::post(&address).body(Bytes::new()).expect("a request");
        let _ = transport.send(request).await;
        assert_eq!(served.await.expect("served"), "h2");
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_a_tls_failure() {
        let (address, _, _served) = serve_tls(&["http/1.1"]).await;
        assert_eq!(stage_of(&address).await, Stage::Tls);
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
