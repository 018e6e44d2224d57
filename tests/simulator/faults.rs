//! What goes wrong on order: limits, outages, lost answers, stale reads, redirects.

use std::time::Duration;

use mailwarden::simulator::{ErrorDetails, Failure, Faults, Readings, SimulationOptions, Stubborn};
use serde_json::json;
use tokio::time::Instant;

use crate::harness::{Client, empty, input, named};

async fn with(faults: Faults) -> Client {
    Client::of(SimulationOptions { faults, ..empty() }).await
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_is_a_429_in_plain_text() {
    let client = with(Faults {
        concurrency: Some(2),
        read_latency: Duration::from_secs(1),
        retry_after: Some(Duration::from_secs(7)),
        ..Faults::default()
    })
    .await;
    let get = || client.run("Get-Mailbox", json!({}));
    let (a, b, c) = tokio::join!(get(), get(), get());
    assert_eq!([a.status, b.status, c.status], [200, 200, 429]);
    assert!(c.text().starts_with("You have reached the maximum number of concurrent requests per tenant"));
    assert_eq!(c.header("retry-after"), Some("7"));
    assert_eq!(get().await.status, 200, "the places are free again");
}

#[tokio::test(start_paused = true)]
async fn writes_have_a_rate_that_follows_the_clock() {
    let client = with(Faults { writes_per_second: Some(2.0), write_burst: 3, ..Faults::default() }).await;
    let guid = client.simulation.add_mailbox(named("adele"));
    let mut statuses = Vec::new();
    for days in 1..=5 {
        statuses.push(client.set(guid, json!({"AuditLogAgeLimit": days})).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(client.run("Get-Mailbox", json!({})).await.status, 200, "reads are not writes");
    tokio::time::advance(Duration::from_secs(1)).await;
    let again = [
        client.set(guid, json!({"AuditLogAgeLimit": 10})).await.status,
        client.set(guid, json!({"AuditLogAgeLimit": 11})).await.status,
        client.set(guid, json!({"AuditLogAgeLimit": 12})).await.status,
    ];
    assert_eq!(again, [200, 200, 429]);
}

#[tokio::test(start_paused = true)]
async fn other_backends_show_the_old_state_until_it_has_spread() {
    let client = with(Faults { stale_for: Duration::from_secs(30), ..Faults::default() }).await;
    let guid = client.simulation.add_mailbox(named("adele"));
    tokio::time::advance(Duration::from_secs(31)).await;
    let written = client.set(guid, json!({"AuditEnabled": true})).await;
    let cookie = written.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let url = client.url();
    let look = async |cookie: Option<&str>| {
        let headers: Vec<_> = cookie.map(|one| ("cookie", one)).into_iter().collect();
        let body = input("Get-Mailbox", json!({"Filter": "AuditEnabled -eq 'True'"}));
        client.post(&url, &headers, &body).await.rows().len()
    };
    assert_eq!(look(Some(&cookie)).await, 1, "the backend that wrote it knows");
    let mut both = [look(None).await, look(None).await];
    both.sort_unstable();
    assert_eq!(both, [0, 1], "without a cookie one of two is behind");
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!([look(None).await, look(None).await], [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_a_write_that_was_made() {
    let client = with(Faults::default()).await;
    let guid = client.simulation.add_mailbox(named("adele"));
    client.simulation.fail_next("Set-Mailbox", 1, Failure::LostAnswer);
    assert_eq!(client.set(guid, json!({"AuditEnabled": true})).await.status, 504);
    assert_eq!(client.simulation.mailbox(guid).unwrap().audit_enabled, Some(true));
    assert_eq!(client.simulation.counters().changes, 1);
}

#[tokio::test(start_paused = true)]
async fn failures_come_on_order_and_then_stop() {
    let client = with(Faults::default()).await;
    let simulation = &client.simulation;
    simulation.fail_next("Get-Mailbox", 2, Failure::Status(503));
    simulation.fail_next("*", 1, Failure::Throttled(Some(Duration::from_secs(3))));
    let mut statuses = Vec::new();
    for cmdlet in ["Get-Mailbox", "Get-OrganizationConfig", "Get-Mailbox", "Get-Mailbox"] {
        statuses.push(client.run(cmdlet, json!({})).await.status);
    }
    assert_eq!(statuses, [503, 429, 503, 200]);
    simulation.fail_next(
        "*",
        1,
        Failure::Refused { exception: "Ns.StorageTransientException".into(), message: "busy".into() },
    );
    let refused = client.run("Get-Mailbox", json!({})).await;
    assert_eq!((refused.status, refused.message()), (400, "busy".to_owned()));
    simulation.fail_next("*", 1, Failure::Slow(Duration::from_secs(200)));
    let started = Instant::now();
    assert_eq!(client.run("Get-Mailbox", json!({})).await.status, 200);
    assert_eq!(started.elapsed(), Duration::from_secs(200));
}

#[tokio::test]
async fn a_share_of_requests_is_unavailable_by_the_seed() {
    let count = async || {
        let client = with(Faults { unavailable_share: 0.3, ..Faults::default() }).await;
        let mut statuses = Vec::new();
        for _ in 0..100 {
            statuses.push(client.run("Get-OrganizationConfig", json!({})).await.status);
        }
        statuses
    };
    let (one, two) = (count().await, count().await);
    assert_eq!(one, two, "same seed, same faults");
    let failed = one.iter().filter(|status| **status == 503).count();
    assert!((15..45).contains(&failed), "{failed}");
}

#[tokio::test]
async fn the_front_door_sends_to_the_regional_host() {
    let client =
        with(Faults { redirect_to: Some("eurprd07.outlook.office365.com".into()), ..Faults::default() })
            .await;
    let answer = client.run("Get-Mailbox", json!({})).await;
    assert_eq!(answer.status, 302);
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(location, client.url().replace("outlook.office365.com", "eurprd07.outlook.office365.com"));
    assert_eq!(client.post(&location, &[], &input("Get-Mailbox", json!({}))).await.status, 200);
}

#[tokio::test]
async fn error_details_have_three_forms() {
    for (form, start) in [
        (ErrorDetails::Hashed, "Ex6F9304|Microsoft."),
        (ErrorDetails::Bare, "|Microsoft."),
        (ErrorDetails::Json, "{"),
    ] {
        let readings = Readings { error_details: form, ..Readings::default() };
        let client = Client::of(SimulationOptions { readings, ..empty() }).await;
        let answer = client.run("Get-Mailbox", json!({"Identity": "nobody"})).await;
        let details = answer.json()["error"]["details"][0]["message"].as_str().unwrap().to_owned();
        assert!(details.starts_with(start), "{details}");
        assert_eq!(answer.json()["error"]["message"], "Error executing cmdlet", "says nothing");
    }
}

#[tokio::test]
async fn answers_carry_ids_and_the_rate_window_and_requests_are_recorded() {
    let client = with(Faults::default()).await;
    let url = format!("{}?$select=Guid", client.url());
    let body = input("get-mailbox", json!({"ResultSize": 1}));
    let answer = client.post(&url, &[("client-request-id", "mine")], &body).await;
    assert_eq!(answer.header("client-request-id"), Some("mine"));
    assert!(answer.header("request-id").unwrap().len() == 36);
    assert_eq!(answer.header("rate-limit-remaining"), Some("29999"));
    client.run("Nonsense", json!({})).await;
    let requests = client.simulation.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].parameters, json!({"ResultSize": 1}));
    assert_eq!(requests[0].select, Some(vec!["Guid".to_owned()]));
    assert_eq!((requests[0].status, requests[1].status), (200, 403));
    assert_eq!(requests[0].bytes, answer.bytes.len());
    let counters = client.simulation.counters();
    assert_eq!(counters.by_cmdlet["Get-Mailbox"], 1);
    assert_eq!(counters.by_cmdlet["other"], 1);
    client.simulation.clear_requests();
    assert!(client.simulation.requests().is_empty());
}

#[tokio::test]
async fn one_mailbox_or_all_may_resist_writes() {
    let client = with(Faults::default()).await;
    let simulation = &client.simulation;
    let guids = ["a", "b", "c"].map(|alias| simulation.add_mailbox(named(alias)));
    simulation.make_stubborn(guids[0], Some(Stubborn::Ignores));
    simulation.make_stubborn(
        guids[1],
        Some(Stubborn::Refuses { exception: "Ns.LockedException".into(), message: "locked".into() }),
    );
    let on = json!({"AuditEnabled": true});
    assert_eq!(client.set(guids[0], on.clone()).await.status, 200);
    assert_eq!(client.set(guids[1], on.clone()).await.message(), "locked");
    assert_eq!(client.set(guids[2], on.clone()).await.status, 200);
    let stored = |guid| simulation.mailbox(guid).unwrap().audit_enabled;
    assert_eq!(guids.map(stored), [None, None, Some(true)]);
    simulation.make_stubborn(guids[0], None);
    simulation.set_faults(Faults { writes_vanish: true, ..Faults::default() });
    assert_eq!(client.set(guids[0], on.clone()).await.status, 200);
    assert_eq!(stored(guids[0]), None);
    simulation.set_faults(Faults::default());
    client.set(guids[0], on).await;
    assert_eq!(stored(guids[0]), Some(true));
}

#[tokio::test]
async fn sign_ins_fail_on_order_too() {
    let client = with(Faults::default()).await;
    client.simulation.fail_next("*", 1, Failure::Status(500));
    client.simulation.fail_next("token", 1, Failure::Status(503));
    let answer = crate::harness::ask_token(&client.simulation, &[]).await;
    assert_eq!(answer.status, 503);
    let answer = crate::harness::ask_token(&client.simulation, &[]).await;
    assert_eq!(answer.status, 400, "the other order is for cmdlets");
    assert_eq!(client.run("Get-Mailbox", json!({})).await.status, 500);
}
