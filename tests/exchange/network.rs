//! Real sockets: a service that is away, and one that is there.

use std::sync::Arc;

use mailwarden::exchange::{
    EndpointOverrides, ErrorKind, Exchange, ExchangeOptions, HttpTransport, Reader, Recovery, Scope,
};

use crate::fake::{Fake, id, now, options, page, rows};

fn connect(address: &str) -> Exchange {
    let endpoints =
        EndpointOverrides { authority: Some(address.to_owned()), exchange: Some(address.to_owned()) };
    let transport = Arc::new(HttpTransport::from_environment().expect("a transport"));
    Exchange::connect(ExchangeOptions { endpoints, ..options() }, transport, Arc::new(now)).expect("loopback")
}

#[tokio::test]
async fn pages_are_read_over_a_socket_whatever_host_their_links_name() {
    let fake = Fake::new(|number, _| if number == 0 { page([1], "one") } else { rows([2]) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    let router = fake.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let off = connect(&address).stored_off(&Scope::default()).await.expect("read");
    assert_eq!(off.ids, [id(1), id(2)]);
    assert_eq!(fake.signed_in()[0].field("scope").as_deref(), Some("https://outlook.office365.com/.default"));
}

#[tokio::test]
async fn a_server_that_is_away_is_named_with_what_to_check() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    drop(listener);
    let error = connect(&address).stored_off(&Scope::default()).await.expect_err("away");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Unreachable, Recovery::AbortCycle));
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("HTTPS_PROXY")));
}
