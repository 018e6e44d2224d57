//! `$batch`.

use mailwarden::simulator::Failure;
use serde_json::{Value, json};

use crate::harness::{Client, empty, input, named};

fn item(client: &Client, id: &str, cmdlet: &str, parameters: Value) -> Value {
    json!({
        "id": id,
        "method": "POST",
        "url": client.url(),
        "headers": {"Authorization": format!("Bearer {}", client.token), "Content-Type": "application/json"},
        "body": input(cmdlet, parameters)
    })
}

async fn send(client: &Client, items: &[Value], accept: &str) -> crate::harness::Answer {
    let url = client.url().replace("InvokeCommand", "$batch");
    client.post(&url, &[("accept", accept)], &json!({ "requests": items })).await
}

#[tokio::test]
async fn items_are_answered_out_of_order_each_with_its_status() {
    let client = Client::of(empty()).await;
    let guid = client.simulation.add_mailbox(named("adele"));
    client.simulation.fail_next(
        "Get-OrganizationConfig",
        1,
        Failure::Throttled(Some(std::time::Duration::from_secs(4))),
    );
    let mut items = vec![
        item(&client, "set", "Set-Mailbox", json!({"Identity": guid.to_string(), "AuditEnabled": true})),
        item(&client, "missing", "Get-Mailbox", json!({"Identity": "nobody"})),
        item(&client, "busy", "Get-OrganizationConfig", json!({})),
    ];
    items.extend((0..7).map(|n| item(&client, &n.to_string(), "Get-Mailbox", json!({}))));
    let answer = send(&client, &items, "application/json").await;
    assert_eq!(answer.status, 200, "whatever the items are");
    let responses = answer.json()["responses"].as_array().unwrap().clone();
    let find = |id: &str| responses.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(find("set")["status"], 200);
    assert_eq!(find("missing")["status"], 404);
    assert_eq!(
        (find("busy")["status"].as_u64(), find("busy")["headers"]["retry-after"].as_str()),
        (Some(429), Some("4"))
    );
    assert_eq!(find("3")["body"]["value"].as_array().unwrap().len(), 1);
    let ids: Vec<_> = responses.iter().map(|one| one["id"].clone()).collect();
    let sent: Vec<_> = items.iter().map(|one| one["id"].clone()).collect();
    assert_ne!(ids, sent, "order is not kept");
    assert_eq!(client.simulation.mailbox(guid).unwrap().audit_enabled, Some(true));
}

#[tokio::test]
async fn eleven_items_no_json_and_no_token_are_refused() {
    let client = Client::of(empty()).await;
    let one = item(&client, "1", "Get-Mailbox", json!({}));
    let eleven = vec![one.clone(); 11];
    assert_eq!(send(&client, &eleven, "application/json").await.status, 400);
    assert_eq!(send(&client, std::slice::from_ref(&one), "*/*").await.status, 406);
    let mut without = one;
    without["headers"] = json!({});
    let answer = send(&client, &[without], "application/json").await;
    assert_eq!(answer.json()["responses"][0]["status"], 401);
}
