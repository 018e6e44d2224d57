//! On real sockets, http and https.

use std::sync::Arc;

use mailwarden::simulator::{ServeOptions, Server, Simulation};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::harness::{Client, empty, input};

fn local(self_signed: Option<std::path::PathBuf>) -> ServeOptions {
    ServeOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        self_signed,
        names: vec!["simulator.internal".to_owned()],
    }
}

/// One request by hand, so that the Host header is ours; the JSON body of the answer.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, token: &str, path: &str, host: &str) -> Value {
    let body = input("Get-Mailbox", json!({"ResultSize": 1})).to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // TLS peers may close without a last word; what counts is what came.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

async fn two_mailboxes() -> (Simulation, String, String) {
    let simulation = Simulation::new(empty());
    for _ in 0..2 {
        simulation.add_mailbox(Default::default());
    }
    let client = Client::to(simulation.clone()).await;
    let path = format!("/adminapi/beta/{}/InvokeCommand", simulation.options().tenant_id);
    (simulation, client.token, path)
}

#[tokio::test]
async fn plain_http_answers_under_any_host_name_and_links_back_to_it() {
    let (simulation, token, path) = two_mailboxes().await;
    let server = Server::bind(vec![simulation], &local(None)).await.unwrap();
    let address = server.address();
    assert_eq!(server.url(), format!("http://{address}"));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let answer = ask(stream, &token, &path, "exchange.test:8080").await;
    let link = answer["@odata.nextLink"].as_str().unwrap();
    assert!(link.starts_with(&format!("http://exchange.test:8080{path}?")), "{link}");
    stop.send(()).unwrap();
    running.await.unwrap().expect("a clean end");
}

#[tokio::test]
async fn https_is_trusted_by_the_written_authority_for_the_names_of_the_clouds() {
    let (simulation, token, path) = two_mailboxes().await;
    let directory = tempfile::tempdir().unwrap();
    let options = local(Some(directory.path().join("tls")));
    let server = Server::bind(vec![simulation], &options).await.unwrap();
    let (address, ca) = (server.address(), server.ca_path().unwrap().to_owned());
    assert_eq!(ca, directory.path().join("tls").join("ca.pem"));
    assert!(directory.path().join("tls").join("cert.pem").exists());
    let running = tokio::spawn(server.run(std::future::pending()));

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    for name in ["outlook.office365.com", "localhost", "127.0.0.1", "simulator.internal"] {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let stream = connector.connect(ServerName::try_from(name).unwrap(), stream).await.unwrap();
        let answer = ask(stream, &token, &path, name).await;
        assert!(answer["@odata.nextLink"].as_str().unwrap().starts_with(&format!("https://{name}/")));
    }
    running.abort();
}

#[tokio::test]
async fn a_taken_address_is_said() {
    let simulation = Simulation::new(empty());
    let first = Server::bind(vec![simulation.clone()], &local(None)).await.unwrap();
    let options = ServeOptions { listen: first.address(), ..local(None) };
    let error = Server::bind(vec![simulation], &options).await.err().expect("taken");
    assert_eq!(error.to_string(), format!("cannot listen on {}", first.address()));
}
