//! Enumerations: to the end, or with an honest word.

use mailwarden::domain::{Mailbox, StoredAuditing};
use mailwarden::exchange::{
    Columns, Error, ErrorKind, Exchange, Reader, Recovery, RowFilter, RowQuery, Scope, View,
};
use serde_json::json;

use crate::fake::{COMMAND_PATH, Fake, Reply, TENANT, fault, id, page, row, rows, status};

fn all() -> RowQuery {
    RowQuery { scope: Scope::default(), columns: Columns::default(), filter: RowFilter::All }
}

async fn read(exchange: &Exchange) -> (Vec<Mailbox>, Result<View, Error>) {
    let mut mailboxes = Vec::new();
    let view = exchange.mailboxes(&all(), &mut |mailbox| mailboxes.push(mailbox)).await;
    (mailboxes, view)
}

fn reason(view: Result<View, Error>) -> Option<ErrorKind> {
    view.expect("something was seen").truncated.map(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn every_page_is_asked_for_with_the_same_body_and_the_session_of_the_first() {
    let fake = Fake::new(|number, _| match number {
        0 => {
            let body = page([1, 2], "one").to_string();
            Reply::from(status(200, &[("set-cookie", "X-BackEnd=abc; path=/; secure")], body))
        }
        1 => page([3], "two").into(),
        _ => rows([4]).into(),
    });
    let (mailboxes, view) = read(&fake.connect()).await;
    let view = view.expect("read");
    assert_eq!(mailboxes.iter().map(|mailbox| mailbox.id).collect::<Vec<_>>(), [id(1), id(2), id(3), id(4)]);
    assert!(mailboxes.iter().all(|mailbox| mailbox.stored == StoredAuditing::Unknown));
    assert!(view.is_complete());
    assert_eq!((view.examined, view.requests), (4, 3));

    let asked = fake.asked();
    assert_eq!(asked[0].path, COMMAND_PATH);
    assert!(asked[0].query.starts_with("$select=Guid,ExchangeGuid,"), "{}", asked[0].query);
    assert_eq!(asked[1].query, "%24skiptoken=one");
    assert_eq!(asked[2].query, "%24skiptoken=two");
    assert_eq!(
        asked[0].json(),
        json!({"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {"ResultSize": "Unlimited"}}})
    );
    for seen in &asked {
        assert_eq!(seen.body, asked[0].body);
        assert_eq!(seen.host, "outlook.office365.com");
        assert_eq!(seen.header("authorization"), Some("Bearer token-0"));
        assert_eq!(seen.header("prefer"), Some("odata.maxpagesize=1000"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        let anchor = format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}");
        assert_eq!(seen.header("x-anchormailbox"), Some(anchor.as_str()));
    }
    assert_eq!(asked[0].header("cookie"), None);
    assert_eq!(asked[2].header("cookie"), Some("X-BackEnd=abc"));
}

#[tokio::test(start_paused = true)]
async fn a_next_page_that_the_service_no_longer_knows_leaves_a_partial_view() {
    let fake = Fake::new(|number, _| match number {
        0 => page([1, 2], "one").into(),
        _ => Reply::from(status(400, &[], include_str!("../wire/error_paging_expired.json"))),
    });
    let (mailboxes, view) = read(&fake.connect()).await;
    let view = view.expect("something was seen");
    assert_eq!((mailboxes.len(), view.examined), (2, 2));
    assert!(!view.is_complete());
    let reason = view.truncated.expect("a reason");
    assert_eq!((reason.kind(), reason.recovery()), (ErrorKind::PagingExpired, Recovery::AbortCycle));
}

#[tokio::test(start_paused = true)]
async fn a_first_page_that_fails_is_an_error_and_no_view() {
    let fake = Fake::new(|_, _| fault(403, "CmdletAccessDeniedException", "not allowed"));
    let (_, view) = read(&fake.connect()).await;
    assert_eq!(view.expect_err("nothing was seen").kind(), ErrorKind::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_warning_of_more_results_counts_only_on_the_last_page() {
    const MORE: &str = "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.";
    let fake = Fake::new(|number, _| {
        let mut answer = if number == 0 { page([1], "one") } else { rows([2]) };
        answer["@adminapi.warnings"] = if number == 0 { json!([MORE]) } else { json!([]) };
        answer
    });
    assert_eq!(reason(read(&fake.connect()).await.1), None);
    let fake = Fake::new(|_, _| {
        let mut answer = rows([1]);
        answer["@adminapi.warnings"] = json!([MORE]);
        answer
    });
    assert_eq!(reason(read(&fake.connect()).await.1), Some(ErrorKind::CutShort));
}

#[tokio::test(start_paused = true)]
async fn pages_that_go_round_in_a_circle_are_noticed() {
    let same_link = Fake::new(|number, _| page([number as u128 + 1], "again"));
    assert_eq!(reason(read(&same_link.connect()).await.1), Some(ErrorKind::EndlessPages));
    assert_eq!(same_link.asked().len(), 2);

    let same_rows = Fake::new(|number, _| page([1], &format!("link-{number}")));
    let (mailboxes, view) = read(&same_rows.connect()).await;
    let view = view.expect("something was seen");
    assert_eq!((mailboxes.len(), view.duplicates), (1, 20));
    assert_eq!(view.truncated.map(|error| error.kind()), Some(ErrorKind::EndlessPages));
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_on_two_pages_counts_once_and_a_broken_row_counts_against_the_view() {
    let fake = Fake::new(|number, _| match number {
        0 => page([1, 2], "one"),
        _ => json!({"value": [row(2), row(3), {"AuditEnabled": true}, null,
            {"Guid": id(4).to_string(), "RecipientTypeDetails": "UserMailbox", "AuditLogAgeLimit": "soon"}]}),
    });
    let (mailboxes, view) = read(&fake.connect()).await;
    let view = view.expect("read");
    assert_eq!(mailboxes.len(), 4);
    assert_eq!((view.examined, view.duplicates, view.unreadable, view.bad_fields), (4, 1, 2, 1));
    assert!(!view.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_broke_off_is_asked_for_again() {
    let fake = Fake::new(|number, _| match number {
        0 => page([1], "one").into(),
        1 => Reply::from(status(200, &[], r#"{"value":[{"Guid":"0000"#)),
        _ => rows([2]).into(),
    });
    let (mailboxes, view) = read(&fake.connect()).await;
    assert_eq!((mailboxes.len(), view.expect("read").is_complete()), (2, true));
    let asked = fake.asked();
    assert_eq!(asked[1].query, asked[2].query);
    assert_eq!(asked[1].header("client-request-id"), asked[2].header("client-request-id"));
}

#[tokio::test(start_paused = true)]
async fn a_regional_host_is_kept_for_the_whole_enumeration_and_gets_the_token() {
    let fake = Fake::new(|number, seen| match (number, seen.host.as_str()) {
        (0, _) => {
            let to = format!("https://eur01.outlook.office365.com{COMMAND_PATH}?{}", seen.query);
            Reply::from(status(302, &[("location", &to)], ""))
        }
        (1, "eur01.outlook.office365.com") => page([1], "one").into(),
        (2, "eur01.outlook.office365.com") => rows([2]).into(),
        _ => panic!("request {number} came to {}", seen.host),
    });
    let (mailboxes, view) = read(&fake.connect()).await;
    assert!(view.expect("read").is_complete());
    assert_eq!(mailboxes.len(), 2);
    let asked = fake.asked();
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(asked[0].query, asked[1].query);
    assert_eq!(asked[2].header("authorization"), Some("Bearer token-0"));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_host_gets_nothing() {
    let fake = Fake::new(|_, _| status(302, &[("location", "https://outlook.example.net/adminapi")], ""));
    let error = read(&fake.connect()).await.1.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::RedirectRefused);
    assert_eq!(fake.asked().len(), 1);
}
