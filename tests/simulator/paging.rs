//! Pages, ResultSize and the ways in which following a nextLink fails.

use std::collections::BTreeSet;
use std::time::Duration;

use mailwarden::simulator::{Faults, Readings, SimulationOptions};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, empty, input};

const EXPIRED: &str = "Expired or Invalid pagination request. Default Expiry time is 00:30:00";

async fn many(count: usize, readings: Readings) -> Client {
    Client::of(SimulationOptions { mailboxes: count, readings, ..empty() }).await
}

fn everything() -> Value {
    input("Get-Mailbox", json!({"ResultSize": "Unlimited"}))
}

async fn first(client: &Client) -> Answer {
    let url = format!("{}?$select=Guid", client.url());
    client.post(&url, &[("prefer", "odata.maxpagesize=100")], &everything()).await
}

#[tokio::test]
async fn pages_are_followed_by_posting_the_same_body_and_give_everything_once() {
    let client = many(250, Readings::default()).await;
    let mut answer = first(&client).await;
    let (mut seen, mut sizes) = (BTreeSet::new(), Vec::new());
    loop {
        let rows = answer.rows();
        sizes.push(rows.len());
        for row in rows {
            assert_eq!(row.as_object().unwrap().len(), 2, "the selection lasts: {row}");
            assert!(seen.insert(row["Guid"].as_str().unwrap().to_owned()));
        }
        let Some(link) = answer.next_link() else {
            break;
        };
        assert!(link.starts_with(&format!("{}?%24skiptoken=", client.url())), "{link}");
        answer = client.post(&link, &[("prefer", "odata.maxpagesize=100")], &everything()).await;
    }
    assert_eq!((sizes, seen.len()), (vec![100, 100, 50], 250));
}

#[tokio::test]
async fn the_page_is_a_thousand_rows_unless_less_is_asked_for() {
    let client = many(1_100, Readings::default()).await;
    let answer = client.post(&client.url(), &[("prefer", "odata.maxpagesize=5000")], &everything()).await;
    assert_eq!(answer.rows().len(), 1_000);
    assert_eq!(answer.warnings().len(), 0, "nothing is cut, there is a next page");
    assert!(answer.next_link().is_some());
}

#[tokio::test]
async fn a_cut_result_warns_and_whether_it_has_a_link_is_a_reading() {
    for has_link in [true, false] {
        let client = many(30, Readings { truncated_has_next_link: has_link, ..Readings::default() }).await;
        let answer = client.run("Get-Mailbox", json!({"ResultSize": 10})).await;
        assert_eq!(answer.rows().len(), 10);
        assert!(answer.warnings()[0].starts_with("There are more results available"));
        assert_eq!(answer.next_link().is_some(), has_link);
        let all = client.run("Get-Mailbox", json!({"ResultSize": 30})).await;
        assert_eq!((all.rows().len(), all.warnings().len(), all.next_link()), (30, 0, None));
    }
    let client = many(30, Readings { result_size_ignored: true, ..Readings::default() }).await;
    assert_eq!(client.run("Get-Mailbox", json!({"ResultSize": 10})).await.rows().len(), 30);
}

#[tokio::test]
async fn keyset_paging_by_alias_works_without_links() {
    let client = many(120, Readings::default()).await;
    let (mut last, mut count) = (String::new(), 0);
    loop {
        let filter = format!("Alias -gt '{last}'");
        let answer =
            client.run("Get-Mailbox", json!({"ResultSize": 50, "SortBy": "Alias", "Filter": filter})).await;
        let rows = answer.rows();
        let Some(end) = rows.last() else { break };
        last = end["Alias"].as_str().unwrap().to_owned();
        count += rows.len();
    }
    assert_eq!(count, 120);
}

#[tokio::test(start_paused = true)]
async fn a_link_fails_with_another_body_after_half_an_hour_and_in_the_fault_mode() {
    let client = many(250, Readings::default()).await;
    let link = first(&client).await.next_link().unwrap();
    let other = client.post(&link, &[], &input("Get-Mailbox", json!({"ResultSize": 7}))).await;
    assert_eq!((other.status, other.message()), (400, EXPIRED.to_owned()));
    assert_eq!(client.post(&link, &[], &everything()).await.status, 200);
    tokio::time::advance(Duration::from_secs(1_801)).await;
    assert_eq!(client.post(&link, &[], &everything()).await.message(), EXPIRED);

    client.simulation.set_faults(Faults { next_link_fails: true, ..Faults::default() });
    let link = first(&client).await.next_link().unwrap();
    assert_eq!(client.post(&link, &[], &everything()).await.message(), EXPIRED);
}

#[tokio::test]
async fn with_cookie_affinity_a_link_works_only_on_its_backend() {
    let client = many(250, Readings { cookie_affinity: true, ..Readings::default() }).await;
    let answer = first(&client).await;
    let (link, cookie) = (answer.next_link().unwrap(), answer.header("set-cookie").unwrap());
    let cookie = cookie.split(';').next().unwrap();
    for _ in 0..3 {
        assert_eq!(client.post(&link, &[("cookie", cookie)], &everything()).await.status, 200);
    }
    let statuses = [
        client.post(&link, &[], &everything()).await.status,
        client.post(&link, &[], &everything()).await.status,
    ];
    assert!(statuses.contains(&400), "without the cookie backends take turns: {statuses:?}");
}

#[tokio::test]
async fn a_result_size_over_several_pages_ends_where_it_says() {
    let client = many(100, Readings::default()).await;
    let body = input("Get-Mailbox", json!({"ResultSize": 70}));
    let prefer = [("prefer", "odata.maxpagesize=50")];
    let first = client.post(&client.url(), &prefer, &body).await;
    assert_eq!((first.rows().len(), first.warnings().len()), (50, 1));
    let second = client.post(&first.next_link().unwrap(), &prefer, &body).await;
    assert_eq!((second.rows().len(), second.next_link()), (20, None));
}
