//! Signing in, and being let in.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mailwarden::simulator::{
    Credentials, Faults, Permissions, Readings, Simulation, SimulationOptions, router_for,
};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};

use crate::harness::{Client, ask_token, empty, input};

const KEY: &str = include_str!("client-key.pem");
const CERTIFICATE: &str = include_str!("client-cert.pem");

async fn with(simulation: &Simulation, changes: &[(&str, &str)]) -> Value {
    let credentials = simulation.options().credentials.clone();
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", credentials.client_id.as_str()),
        ("client_secret", credentials.client_secret.as_str()),
        ("scope", "https://outlook.office365.com/.default"),
    ];
    for (name, value) in changes {
        form.retain(|(one, _)| one != name);
        form.push((name, value));
    }
    let answer = ask_token(simulation, &form).await;
    let mut json = answer.json();
    json["status"] = answer.status.into();
    json
}

#[tokio::test]
async fn a_secret_gets_a_token_for_the_outlook_host_of_any_cloud_and_nothing_else() {
    let simulation = Simulation::new(empty());
    for host in
        ["outlook.office365.com", "outlook.office365.us", "outlook-dod.office365.us", "partner.outlook.cn"]
    {
        let answer = with(&simulation, &[("scope", &format!("https://{host}/.default"))]).await;
        assert_eq!(
            (answer["status"].as_u64(), answer["token_type"].as_str()),
            (Some(200), Some("Bearer")),
            "{answer}"
        );
        assert_eq!(answer["expires_in"], 3_600);
    }
    for (field, value, status, code) in [
        ("client_secret", "wrong", 401, "AADSTS7000215"),
        ("client_id", "22222222-0000-0000-0000-000000000000", 400, "AADSTS700016"),
        ("scope", "https://graph.microsoft.com/.default", 400, "AADSTS500011"),
        ("scope", "https://outlook.office365.com/Exchange.Manage", 400, "AADSTS1002012"),
        ("grant_type", "password", 400, "AADSTS70003"),
    ] {
        let answer = with(&simulation, &[(field, value)]).await;
        assert_eq!(answer["status"], status, "{answer}");
        assert!(answer["error_description"].as_str().unwrap().starts_with(code), "{answer}");
    }
}

fn assertion(simulation: &Simulation, algorithm: &str, change: impl FnOnce(&mut Value)) -> String {
    let options = simulation.options();
    let mut claims = json!({
        "aud": format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", options.tenant_id),
        "iss": options.credentials.client_id,
        "sub": options.credentials.client_id,
        "jti": "1",
        "nbf": simulation.now().timestamp(),
        "exp": simulation.now().timestamp() + 300,
    });
    change(&mut claims);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": algorithm, "typ": "JWT", "x5t#S256": "thumbprint"});
    let signed = format!("{}.{}", part(&header), part(&claims));
    let der: String = KEY.lines().filter(|line| !line.starts_with(['#', '-'])).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let scheme: &dyn RsaEncoding = if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    let mut seal = vec![0; key.public().modulus_len()];
    key.sign(scheme, &ring::rand::SystemRandom::new(), signed.as_bytes(), &mut seal).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(seal))
}

async fn assert_with(simulation: &Simulation, assertion: &str) -> Value {
    let credentials = simulation.options().credentials.clone();
    let answer = ask_token(
        simulation,
        &[
            ("grant_type", "client_credentials"),
            ("client_id", &credentials.client_id),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
            ("scope", "https://outlook.office365.com/.default"),
        ],
    )
    .await;
    let mut json = answer.json();
    json["status"] = answer.status.into();
    json
}

#[tokio::test]
async fn a_certificate_assertion_is_checked_to_the_signature() {
    let credentials = Credentials { certificate_pem: Some(CERTIFICATE.to_owned()), ..Credentials::default() };
    let simulation = Simulation::new(SimulationOptions { credentials, ..empty() });
    for algorithm in ["PS256", "RS256"] {
        let answer = assert_with(&simulation, &assertion(&simulation, algorithm, |_| {})).await;
        assert_eq!(answer["status"], 200, "{algorithm}: {answer}");
    }
    let good = assertion(&simulation, "PS256", |_| {});
    let (signed, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
    let now = simulation.now().timestamp();
    for (bad, code) in [
        (forged, "AADSTS700027"),
        (assertion(&simulation, "PS256", |c| c["iss"] = json!("someone")), "AADSTS700021"),
        (assertion(&simulation, "PS256", |c| c["aud"] = json!("https://example.com")), "AADSTS50027"),
        (assertion(&simulation, "PS256", |c| c["exp"] = json!(now - 3_600)), "AADSTS700024"),
        ("no.jwt".to_owned(), "AADSTS50027"),
    ] {
        let answer = assert_with(&simulation, &bad).await;
        assert_eq!(answer["status"], 401, "{answer}");
        assert!(answer["error_description"].as_str().unwrap().starts_with(code), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_expire_and_are_revoked_with_a_claims_challenge() {
    let client = Client::of(empty()).await;
    assert_eq!(client.run("Get-OrganizationConfig", json!({})).await.status, 200);
    tokio::time::advance(Duration::from_secs(3_601)).await;
    let expired = client.run("Get-OrganizationConfig", json!({})).await;
    assert_eq!(expired.status, 401);
    assert!(expired.header("www-authenticate").unwrap().contains("expired"));

    let client = Client::to(client.simulation).await;
    client.simulation.set_faults(Faults { claims_challenge: true, ..Faults::default() });
    let challenged = client.run("Get-OrganizationConfig", json!({})).await;
    assert_eq!(challenged.status, 401);
    let challenge = challenged.header("www-authenticate").unwrap();
    let claims = challenge.split("claims=\"").nth(1).unwrap().split('"').next().unwrap();
    let claims = String::from_utf8(STANDARD.decode(claims).unwrap()).unwrap();
    let token =
        with(&client.simulation, &[("claims", &claims)]).await["access_token"].as_str().unwrap().to_owned();
    let client = Client { token, ..client };
    assert_eq!(client.run("Get-OrganizationConfig", json!({})).await.status, 200);

    tokio::time::advance(Duration::from_secs(5)).await;
    client.simulation.revoke_tokens();
    assert_eq!(client.run("Get-OrganizationConfig", json!({})).await.status, 401);
    let forged = Client { token: format!("{}x", client.token), ..client };
    assert_eq!(forged.run("Get-OrganizationConfig", json!({})).await.status, 401);
}

#[tokio::test]
async fn neither_grant_is_401_the_app_role_alone_403_and_a_role_names_its_cmdlets() {
    let permissions =
        |app_role, directory_role| Permissions { app_role, directory_role, ..Permissions::default() };
    for (permissions, status, length) in
        [(permissions(false, true), 401, 0), (permissions(true, false), 403, 0)]
    {
        let client = Client::of(SimulationOptions { permissions, ..empty() }).await;
        let answer = client.run("Get-OrganizationConfig", json!({})).await;
        assert_eq!((answer.status, answer.bytes.len()), (status, length));
    }
    let permissions = Permissions {
        cmdlets: Some(BTreeSet::from(["Get-Mailbox".to_owned(), "set-mailbox".to_owned()])),
        withheld_parameters: BTreeSet::from(["DefaultAuditSet".to_owned()]),
        ..Permissions::default()
    };
    let client = Client::of(SimulationOptions { permissions, ..empty() }).await;
    assert_eq!(client.run("Get-Mailbox", json!({})).await.status, 200);
    assert_eq!(client.run("Get-OrganizationConfig", json!({})).await.status, 403);
    let withheld = client.run("Set-Mailbox", json!({"Identity": "x", "DefaultAuditSet": ["Owner"]})).await;
    assert!(withheld.text().contains("AmbiguousParameterSetException"));

    let url = client.url().replace("beta", "v1.0").replace("InvokeCommand", "EXOModuleFile?Version=3.9.0");
    let request = http::Request::get(url)
        .header("authorization", format!("Bearer {}", client.token))
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = crate::harness::send(&client.simulation, request).await;
    assert_eq!(answer.json()["value"][0]["exportedCmdlets"], json!(["Get-Mailbox", "Set-Mailbox"]));
}

#[tokio::test]
async fn tenants_are_named_by_guid_or_domain_and_others_are_unknown() {
    let client = Client::of(empty()).await;
    let guid = client.simulation.options().tenant_id.to_string();
    let body = input("Get-Mailbox", json!({}));
    for (name, status) in
        [("contoso.onmicrosoft.com", 200), ("CONTOSO.com", 200), ("fabrikam.onmicrosoft.com", 404)]
    {
        let url = client.url().replace(&guid, name);
        assert_eq!(client.post(&url, &[], &body).await.status, status, "{name}");
    }
    let old = client.url().replace("beta", "v1.0");
    assert_eq!(client.post(&old, &[], &body).await.status, 405);
}

#[tokio::test]
async fn two_tenants_behind_one_address_do_not_share_anything() {
    use tower::ServiceExt as _;
    let one = Client::of(empty()).await;
    let other = Simulation::new(SimulationOptions {
        tenant_id: uuid::Uuid::from_u128(9),
        initial_domain: "fabrikam.onmicrosoft.com".into(),
        mail_domain: "fabrikam.com".into(),
        ..empty()
    });
    let router = router_for(vec![one.simulation.clone(), other.clone()]);
    let ask = async |tenant: &str, token: &str| {
        let request = http::Request::post(format!("/adminapi/beta/{tenant}/InvokeCommand"))
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(input("Get-Mailbox", json!({})).to_string()))
            .unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    let token = Client::to(other).await.token;
    assert_eq!(ask("contoso.onmicrosoft.com", &one.token).await, 200);
    assert_eq!(ask("fabrikam.onmicrosoft.com", &token).await, 200);
    assert_eq!(ask("fabrikam.onmicrosoft.com", &one.token).await, 401);
    assert_eq!(ask("adatum.onmicrosoft.com", &token).await, 404);
}

#[tokio::test]
async fn a_denied_cmdlet_may_say_so_in_json() {
    let readings = Readings { denied_as_json: true, ..Readings::default() };
    let client = Client::of(SimulationOptions { readings, ..empty() }).await;
    let answer = client.run("Get-Nothing", json!({})).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["message"], "User is not allowed to call Get-Nothing");
}
