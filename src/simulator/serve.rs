//! The simulation on a socket: http, or https with a certificate made for the occasion.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

use super::Simulation;
use super::http::{PlainHttp, router_for};

/// Names that the self-signed certificate is good for, beside those asked for: this machine and the hosts of the clouds.
const NAMES: [&str; 11] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "outlook.office365.com",
    "outlook.office365.us",
    "outlook-dod.office365.us",
    "partner.outlook.cn",
];

/// A client that does not finish its handshake in this time is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where and how to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Serve https, and write `ca.pem` (to be trusted) and `cert.pem` into this directory. Plain http when absent.
    pub self_signed: Option<PathBuf>,
    /// More names for the certificate, such as a container's.
    pub names: Vec<String>,
}

/// Why serving did not begin or went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// As asked for.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The certificate cannot be made.
    #[error("cannot make a self-signed certificate")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The certificate cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The server stopped on an error.
    #[error("the server stopped")]
    Stopped(#[source] io::Error),
}

/// A bound server, not yet answering.
pub struct Server {
    router: Router,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<(TlsAcceptor, PathBuf)>,
}

impl Server {
    /// Binds the address and makes the certificate; from here on connections queue up.
    ///
    /// # Errors
    /// The address is taken, or the certificate cannot be made or written.
    pub async fn bind(simulations: Vec<Simulation>, options: &ServeOptions) -> Result<Self, ServeError> {
        let listen_error = |source| ServeError::Listen { address: options.listen, source };
        let tls = match &options.self_signed {
            None => None,
            Some(directory) => Some(certificate(directory, &options.names)?),
        };
        let listener = TcpListener::bind(options.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let router = router_for(simulations);
        let router = if tls.is_some() { router } else { router.layer(axum::Extension(PlainHttp)) };
        Ok(Self { router, listener, address, tls })
    }

    /// The address that was bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL under which both the login and the admin endpoints answer.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate to trust, when serving https.
    #[must_use]
    pub fn ca_path(&self) -> Option<&Path> {
        self.tls.as_ref().map(|(_, path)| path.as_path())
    }

    /// Answers until the shutdown future resolves, and then finishes what is in flight.
    ///
    /// # Errors
    /// The listening socket broke.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let served = match self.tls {
            None => axum::serve(self.listener, self.router).with_graceful_shutdown(shutdown).await,
            Some((acceptor, _)) => {
                axum::serve(Tls::new(self.listener, self.address, acceptor), self.router)
                    .with_graceful_shutdown(shutdown)
                    .await
            }
        };
        served.map_err(ServeError::Stopped)
    }
}

/// Binds and serves one simulation; [`Server`] in one call for who needs no address back.
///
/// # Errors
/// As [`Server::bind`] and [`Server::run`].
pub async fn serve(
    simulation: &Simulation,
    options: &ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let server = Server::bind(vec![simulation.clone()], options).await?;
    server.run(shutdown).await
}

/// Accepts TLS beside the serving loop, so that a client that is slow to shake hands holds up nobody.
struct Tls {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Tls {
    fn new(mut listener: TcpListener, address: SocketAddr, acceptor: TlsAcceptor) -> Self {
        let (sender, ready) = mpsc::channel(64);
        let accepting = tokio::spawn(async move {
            loop {
                // The trait's accept handles errors of the socket by waiting; the inherent one would return them.
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        // A closed channel means that the server has stopped.
                        Ok(Ok(stream)) => drop(sender.send((stream, peer)).await),
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                    }
                });
            }
        });
        Self { address, ready, accepting }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task never ends by itself; without it there is nothing to accept any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// A certificate authority and a certificate of it. Two, since clients refuse an authority's own certificate as a server's.
fn certificate(directory: &Path, names: &[String]) -> Result<(TlsAcceptor, PathBuf), ServeError> {
    let failed = |error: rcgen::Error| ServeError::Certificate(Box::new(error));
    let ca_key = KeyPair::generate().map_err(failed)?;
    let mut ca = CertificateParams::new(Vec::<String>::new()).map_err(failed)?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "mailwarden simulator authority");
    let ca_certificate = ca.self_signed(&ca_key).map_err(failed)?;
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate().map_err(failed)?;
    let names: Vec<String> =
        NAMES.iter().map(|name| (*name).to_owned()).chain(names.iter().cloned()).collect();
    let mut leaf = CertificateParams::new(names).map_err(failed)?;
    leaf.distinguished_name.push(DnType::CommonName, "mailwarden simulator");
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer).map_err(failed)?;

    let write = |name: &str, text: String| {
        let path = directory.join(name);
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::write(&path, text))
            .map(|()| path.clone())
            .map_err(|source| ServeError::Write { path, source })
    };
    let ca_path = write("ca.pem", ca_certificate.pem())?;
    write("cert.pem", leaf.pem())?;

    let private = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|error| ServeError::Certificate(error.into()))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], private))
        .map_err(|error| ServeError::Certificate(Box::new(error)))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), ca_path))
}
