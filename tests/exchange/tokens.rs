//! Tokens: one for many, in time, replaced when refused, and never shown.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailwarden::exchange::{
    Columns, Credential, ErrorKind, Limits, Population, Priority, Proof, Reader, Recovery, Scope, Writer,
};
use mailwarden::plan::{Correction, Object};
use serde_json::json;

use crate::fake::{Fake, Reply, SECRET, TENANT, everything_of, id, rows, secret, slow, status};

#[tokio::test(start_paused = true)]
async fn many_who_need_a_token_ask_once() {
    let fake = Fake::new(|_, _| rows([1]))
        .signing_in(|_, _| slow(Duration::from_secs(2), json!({"access_token": "t", "expires_in": "3599"})));
    let exchange = fake.connect();
    let scope = Scope::default();
    let all = futures_util::future::join_all((0..10).map(|_| exchange.stored_off(&scope))).await;
    assert!(all.iter().all(Result::is_ok));
    let signed_in = fake.signed_in();
    assert_eq!(signed_in.len(), 1);
    assert_eq!(signed_in[0].host, "login.microsoftonline.com");
    assert_eq!(signed_in[0].path, format!("/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(signed_in[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", "app-1"),
        ("scope", "https://outlook.office365.com/.default"),
        ("client_secret", SECRET),
    ] {
        assert_eq!(signed_in[0].field(name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_ends() {
    let fake = Fake::new(|_, _| rows([1]));
    let exchange = fake.connect();
    let scope = Scope::default();
    for (seconds, sign_ins) in [(0, 1), (2600, 1), (300, 2), (2600, 2)] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        exchange.stored_off(&scope).await.expect("read");
        assert_eq!(fake.signed_in().len(), sign_ins);
    }
    let used: Vec<_> =
        fake.asked().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(used[1].as_deref(), Some("Bearer token-0"));
    assert_eq!(used[2].as_deref(), Some("Bearer token-1"));
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_service_that_is_away_does_no_harm_while_the_token_is_good() {
    let fake = Fake::new(|_, _| rows([1])).signing_in(|number, _| match number {
        0 => Reply::from(json!({"access_token": "t", "expires_in": 3600})),
        _ => Reply::from(status(503, &[], "")),
    });
    let exchange = fake.connect();
    let scope = Scope::default();
    exchange.stored_off(&scope).await.expect("read");
    tokio::time::sleep(Duration::from_secs(3000)).await;
    exchange.stored_off(&scope).await.expect("read with the old token");
    tokio::time::sleep(Duration::from_secs(700)).await;
    let error = exchange.stored_off(&scope).await.expect_err("no token is left");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Transient, Recovery::Backoff));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_with_the_claims_that_are_asked_for() {
    let fake = Fake::new(|number, _| match number {
        0 => {
            let claims = STANDARD.encode(r#"{"access_token":{"nbf":{"essential":true}}}"#);
            let challenge = format!(r#"Bearer realm="", error="insufficient_claims", claims="{claims}""#);
            Reply::from(status(401, &[("www-authenticate", &challenge)], ""))
        }
        _ => rows([1]).into(),
    });
    fake.connect().stored_off(&Scope::default()).await.expect("read");
    let signed_in = fake.signed_in();
    assert_eq!(signed_in.len(), 2);
    assert_eq!(signed_in[0].field("claims"), None);
    assert_eq!(
        signed_in[1].field("claims").as_deref(),
        Some(r#"{"access_token":{"nbf":{"essential":true}}}"#)
    );
    assert_eq!(fake.asked()[1].header("authorization"), Some("Bearer token-1"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_again_needs_a_person() {
    let fake = Fake::new(|_, _| status(401, &[], ""));
    let error = fake.connect().stored_off(&Scope::default()).await.expect_err("refused");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Unauthorized, Recovery::NeedsOperator));
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("Exchange.ManageAsApp")));
    assert_eq!((fake.asked().len(), fake.signed_in().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_wrong_secret_share_one_refusal() {
    let wrong = include_str!("../wire/sign_in_wrong_secret.json");
    let fake = Fake::new(|_, _| rows([])).signing_in(move |_, _| status(401, &[], wrong));
    let exchange = fake.connect();
    let scope = Scope::default();
    let all = futures_util::future::join_all((0..6).map(|_| exchange.stored_off(&scope))).await;
    for outcome in all {
        let error = outcome.expect_err("no token");
        assert_eq!((error.kind(), error.recovery()), (ErrorKind::Credential, Recovery::NeedsOperator));
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("the secret's value")));
    }
    assert_eq!((fake.signed_in().len(), fake.asked().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn no_error_shows_secret_token_or_assertion_even_where_a_server_echoes_them() {
    let echoed = json!({"error": "invalid_client", "error_description": format!("AADSTS1: secret {SECRET} is wrong"),
        "trace_id": SECRET});
    let fake = Fake::new(|_, _| rows([])).signing_in(move |_, _| status(401, &[], echoed.to_string()));
    let error = fake.connect().stored_off(&Scope::default()).await.expect_err("no token");
    let shown = everything_of(&error);
    assert!(shown.contains("AADSTS1: secret [redacted] is wrong"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");

    let fake = Fake::new(|_, seen| {
        let token = seen.header("authorization").unwrap_or_default().to_owned();
        let body = json!({"error": {"code": "x", "message": format!("refused {token}")}}).to_string();
        status(400, &[("x-ms-diagnostics", &token), ("request-id", &token)], body)
    });
    let error = fake.connect().find("adele", &Columns::default()).await.expect_err("refused");
    let shown = everything_of(&error);
    assert!(shown.contains("refused Bearer [redacted]"), "{shown}");
    assert!(!shown.contains("token-0"), "{shown}");

    let exchange = fake.connect();
    let shown = format!("{exchange:?} {:?} {:?}", secret(), crate::fake::options());
    assert!(!shown.contains(SECRET) && !shown.contains("token-"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_signs_in_and_tells_its_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("app.pem");
    std::fs::write(&file, include_str!("../wire/certificate.pem")).expect("written");
    let credential = Credential {
        client_id: "app-1".to_owned(),
        proof: Proof::Certificate { file: file.clone(), key_file: None },
    };
    let fake = Fake::new(|_, _| status(204, &[], "")).signing_in(|number, seen| match number {
        0 => Reply::from(json!({"access_token": "t", "expires_in": 60})),
        _ => {
            let echoed = seen.field("client_assertion").unwrap_or_default();
            let body =
                json!({"error_description": format!("AADSTS700027: {}", &echoed[..400]), "error": echoed});
            Reply::from(status(400, &[], body.to_string()))
        }
    });
    let exchange = fake.connect_with(credential, Limits::default());
    assert_eq!(exchange.credential_expiry(), None);
    let enable = [Correction::Enable];
    let write = exchange.correct(Object::Mailbox(id(1)), Population::Plain, &enable, Priority::Normal);
    write.await.expect("written");
    assert_eq!(
        exchange.credential_expiry().map(|end| end.to_rfc3339()).as_deref(),
        Some("2126-10-28T22:40:22+00:00")
    );
    let form = &fake.signed_in()[0];
    assert_eq!(form.field("client_secret"), None);
    assert_eq!(
        form.field("client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    assert_eq!(form.field("client_assertion").map(|jwt| jwt.split('.').count()), Some(3));

    tokio::time::sleep(Duration::from_secs(120)).await;
    let error = exchange.stored_off(&Scope::default()).await.expect_err("refused");
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("upload its public part")));

    std::fs::remove_file(&file).expect("removed");
    tokio::time::sleep(Duration::from_secs(10)).await;
    let error = exchange.stored_off(&Scope::default()).await.expect_err("no file");
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert!(error.service_text().is_some_and(|text| text.ends_with("does not exist")));
}
