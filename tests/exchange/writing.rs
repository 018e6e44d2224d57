//! Writes: exactly one call, exactly the parameters, at the pace that is allowed.

use std::time::Duration;

use mailwarden::domain::{ActionSet, LogonType, OrganizationSwitch};
use mailwarden::exchange::{
    Credential, Error, ErrorKind, Exchange, ExchangeOptions, Limits, Operation, Population, Priority, Proof,
    Recovery, RequestResult, RouterTransport, Writer, Written,
};
use mailwarden::plan::{Correction, Object};
use serde_json::json;
use std::sync::Arc;
use tokio::time::Instant;

use crate::fake::{Fake, Reply, fault, id, now, options, rows, slow, status};

async fn enable(exchange: &Exchange, number: u128) -> Result<Written, Error> {
    let (object, plain) = (Object::Mailbox(id(number)), Population::Plain);
    exchange.correct(object, plain, &[Correction::Enable], Priority::Normal).await
}

#[tokio::test(start_paused = true)]
async fn a_change_is_one_request_with_its_parameters_alone() {
    let fake = Fake::new(|_, _| rows([]));
    let corrections = [
        Correction::Enable,
        Correction::Add { kind: LogonType::Owner, actions: ActionSet::parse(["HardDelete"]) },
    ];
    let exchange = fake.connect();
    let written =
        exchange.correct(Object::Mailbox(id(7)), Population::PublicFolders, &corrections, Priority::Urgent);
    let written = written.await.expect("written");
    assert_eq!(written, Written { request_id: Some("r-1".into()), unchanged: false });
    let asked = fake.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].json(),
        json!({"CmdletInput": {"CmdletName": "Set-Mailbox", "Parameters": {
            "Identity": "00000000-0000-0000-0000-000000000007", "PublicFolder": true, "AuditEnabled": true,
            "AuditOwner": {"@odata.type": "#Exchange.GenericHashTable", "Add": ["HardDelete"]}}}})
    );
    assert_eq!((asked[0].query.as_str(), asked[0].header("prefer")), ("", None));
}

#[tokio::test(start_paused = true)]
async fn every_form_of_success_is_one() {
    for answer in [
        || Reply::from(rows([])),
        || Reply::from(json!({"value": null})),
        || Reply::from(status(200, &[], "")),
        || Reply::from(status(204, &[], "")),
    ] {
        let fake = Fake::new(move |_, _| answer());
        assert!(enable(&fake.connect(), 1).await.is_ok_and(|written| !written.unchanged));
    }
    let unchanged =
        Fake::new(|_, _| Reply::from(status(200, &[], include_str!("../wire/set_mailbox_unchanged.json"))));
    assert!(enable(&unchanged.connect(), 1).await.is_ok_and(|written| written.unchanged));
}

#[tokio::test(start_paused = true)]
async fn the_switches_are_written_with_their_own_anchors() {
    let fake = Fake::new(|_, _| status(204, &[], ""));
    let exchange = fake.connect();
    for switch in OrganizationSwitch::ALL {
        let corrections = [Correction::SwitchOn(switch)];
        let write = exchange.correct(Object::Organization, Population::Plain, &corrections, Priority::Urgent);
        write.await.expect("written");
    }
    let asked = fake.asked();
    assert_eq!(
        (asked[0].cmdlet().as_str(), asked[0].parameters()),
        ("Set-OrganizationConfig", json!({"AuditDisabled": false}))
    );
    assert_eq!(
        (asked[1].cmdlet().as_str(), asked[1].parameters()),
        ("Set-AdminAuditLogConfig", json!({"UnifiedAuditLogIngestionEnabled": true}))
    );
    assert!(asked[0].header("x-anchormailbox").is_some_and(|anchor| anchor.contains("bb558c35")));
    assert!(asked[1].header("x-anchormailbox").is_some_and(|anchor| anchor.contains("8cc370d3")));
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_is_not_sent_again() {
    let hanging = Fake::new(|_, _| slow(Duration::from_secs(3600), rows([])));
    let start = Instant::now();
    let error = enable(&hanging.connect(), 1).await.expect_err("no answer");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::TimedOut, Recovery::RereadThenDecide));
    assert_eq!((hanging.asked().len(), start.elapsed().as_secs()), (1, 120));

    let html = Fake::new(|_, _| status(200, &[("content-type", "text/html")], "<html></html>"));
    let error = enable(&html.connect(), 1).await.expect_err("no answer of the service");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Malformed, Recovery::RereadThenDecide));
    let failed = Fake::new(|_, _| status(500, &[], ""));
    assert_eq!(
        enable(&failed.connect(), 1).await.expect_err("failed").recovery(),
        Recovery::RereadThenDecide
    );
    assert_eq!((html.asked().len(), failed.asked().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_is_asked_again_when_it_said() {
    let fake = Fake::new(|number, _| match number {
        0 => Reply::from(status(
            429,
            &[("retry-after", "17")],
            "You have reached the maximum number of concurrent requests per tenant. Please wait and try again",
        )),
        1 => fault(500, "Microsoft.Exchange.Data.Storage.StorageTransientException", "busy"),
        2 => Reply::from(status(503, &[("retry-after", "5")], "")),
        _ => rows([]).into(),
    });
    let exchange = fake.connect();
    enable(&exchange, 1).await.expect("written in the end");
    let asked = fake.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!((asked[1].at - asked[0].at).as_secs(), 17);
    let pause = (asked[2].at - asked[1].at).as_secs_f64();
    assert!((3.5..=4.5).contains(&pause), "{pause}");
    assert_eq!((asked[3].at - asked[2].at).as_secs(), 5);
    let metrics = exchange.metrics();
    assert_eq!(metrics.throttled.as_secs(), 22);
    assert_eq!(metrics.count(Operation::SetMailbox, RequestResult::Throttled), 1);
    assert_eq!(metrics.count(Operation::SetMailbox, RequestResult::Failed), 2);
    assert_eq!(metrics.count(Operation::SetMailbox, RequestResult::Ok), 1);
}

#[tokio::test(start_paused = true)]
async fn repetitions_end() {
    let fake = Fake::new(|_, _| status(429, &[("retry-after", "1")], ""));
    let error = enable(&fake.connect(), 1).await.expect_err("still busy");
    assert_eq!(error.recovery(), Recovery::RetryAfter(Duration::from_secs(1)));
    assert_eq!(fake.asked().len(), 6);

    let away = Fake::new(|_, _| status(503, &[("retry-after", "7200")], ""));
    let start = Instant::now();
    let error = enable(&away.connect(), 1).await.expect_err("away for long");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7200)));
    assert_eq!((away.asked().len(), start.elapsed().as_secs()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_service_asks_for_is_everybodys() {
    let fake = Fake::new(|number, _| match number {
        0 => Reply::from(status(429, &[("retry-after", "30")], "")),
        _ => rows([]).into(),
    });
    let exchange = fake.connect();
    let (first, second) = tokio::join!(enable(&exchange, 1), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        enable(&exchange, 2).await
    });
    assert!(first.is_ok() && second.is_ok());
    let asked = fake.asked();
    assert!(asked[1..].iter().all(|seen| (seen.at - asked[0].at).as_secs() >= 30));
}

#[tokio::test(start_paused = true)]
async fn the_write_budget_holds_over_many_writers() {
    let fake = Fake::new(|_, _| slow(Duration::from_millis(300), rows([])));
    let exchange =
        fake.connect_with(crate::fake::secret(), Limits { writes_per_minute: 120, max_concurrency: 4 });
    let start = Instant::now();
    let all = futures_util::future::join_all((1..=240).map(|number| enable(&exchange, number))).await;
    assert!(all.iter().all(Result::is_ok));
    let took = start.elapsed().as_secs_f64();
    assert!((119.5..=122.0).contains(&took), "{took} s for 240 writes at 120 a minute");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_one_mailbox_are_told_apart() {
    let of = async |code: u16, exception: &'static str, text: &'static str| {
        let fake = Fake::new(move |_, _| fault(code, exception, text));
        let error = enable(&fake.connect(), 1).await.expect_err("refused");
        assert_eq!(fake.asked().len(), 1);
        error
    };
    let action = of(400, "X.RecipientTaskException", "Invalid audit operation specified.").await;
    assert_eq!(action.recovery(), Recovery::RejectedArgument);
    assert_eq!(action.service_text(), Some("Invalid audit operation specified."));
    assert_eq!(action.request_id(), Some("r-9"));
    let gone = of(404, "X.ManagementObjectNotFoundException", "couldn't be found").await;
    assert_eq!((gone.kind(), gone.recovery()), (ErrorKind::NotFound, Recovery::SkipMailbox));
    let denied = of(403, "CmdletAccessDeniedException", "not allowed").await;
    assert_eq!(denied.recovery(), Recovery::NeedsOperator);
}

#[tokio::test(start_paused = true)]
async fn a_writer_of_its_own_has_its_own_token() {
    let fake = Fake::new(|_, _| rows([])).signing_in(|_, seen| {
        let name = seen.field("client_id").expect("a client");
        json!({"access_token": format!("token-of-{name}"), "expires_in": 3600})
    });
    let writer =
        Credential { client_id: "app-2".to_owned(), proof: Proof::Secret("other".to_owned().into()) };
    let options = ExchangeOptions { write: Some(writer), ..options() };
    let transport = Arc::new(RouterTransport::new(fake.router()));
    let exchange = Exchange::connect(options, transport, Arc::new(now)).expect("endpoints");
    enable(&exchange, 1).await.expect("written");
    assert_eq!(fake.asked()[0].header("authorization"), Some("Bearer token-of-app-2"));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_given_up_leaves_the_client_in_order() {
    let fake = Fake::new(|number, _| slow(Duration::from_secs(if number == 0 { 60 } else { 0 }), rows([])));
    let exchange =
        fake.connect_with(crate::fake::secret(), Limits { writes_per_minute: 60, max_concurrency: 1 });
    assert!(tokio::time::timeout(Duration::from_secs(1), enable(&exchange, 1)).await.is_err());
    enable(&exchange, 2).await.expect("written");
    assert_eq!(exchange.metrics().in_flight, 0);
}
