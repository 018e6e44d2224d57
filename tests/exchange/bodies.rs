//! Bodies of every kind, each an error with its way out or an answer.

use std::io::Write;

use mailwarden::exchange::{Error, ErrorKind, Reader, Recovery, Scope, StoredOff};
use serde_json::json;

use crate::fake::{Fake, Reply, rows, status};

async fn off(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Result<StoredOff, Error>, usize) {
    let fake = Fake::new(move |number, _| answer(number));
    let outcome = fake.connect().stored_off(&Scope::default()).await;
    (outcome, fake.asked().len())
}

#[tokio::test(start_paused = true)]
async fn a_403_of_nul_bytes_under_a_false_gzip_header_names_what_to_grant() {
    let headers = [("content-encoding", "gzip"), ("x-exceptiontype", "CmdletAccessDeniedException")];
    let (outcome, requests) = off(move |_| status(403, &headers, [0; 4096]).into()).await;
    let error = outcome.expect_err("forbidden");
    assert_eq!(
        (error.kind(), error.recovery(), requests),
        (ErrorKind::Forbidden, Recovery::NeedsOperator, 1)
    );
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("Global Reader")));
}

#[tokio::test(start_paused = true)]
async fn a_compressed_page_is_read() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(rows([1, 2]).to_string().as_bytes()).expect("written");
    let packed = encoder.finish().expect("compressed");
    let (outcome, _) = off(move |_| status(200, &[("content-encoding", "gzip")], &packed).into()).await;
    assert_eq!(outcome.expect("read").ids.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_web_page_in_place_of_an_answer_names_the_proxy() {
    let (outcome, requests) =
        off(|_| status(200, &[("content-type", "text/html")], "<html>sign in</html>").into()).await;
    let error = outcome.expect_err("no answer of the service");
    assert_eq!((error.kind(), requests), (ErrorKind::Malformed, 1));
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("proxy")));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_keeps_breaking_off_is_an_error_and_never_no_rows() {
    for body in ["", r#"{"value":["#, r#"{"value":[]"#] {
        let (outcome, requests) = off(move |_| status(200, &[], body).into()).await;
        let error = outcome.expect_err("cut off");
        assert_eq!((error.kind(), error.recovery(), requests), (ErrorKind::BrokenOff, Recovery::Backoff, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn no_content_is_no_rows() {
    let (outcome, _) = off(|_| status(204, &[], "").into()).await;
    assert!(outcome.is_ok_and(|off| off.ids.is_empty() && off.view.is_complete()));
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_clothes_of_a_success_is_an_error() {
    let body = json!({"error": {"code": "x", "message": "no"}, "value": []}).to_string();
    let (outcome, _) = off(move |_| status(200, &[], &body).into()).await;
    assert_eq!(outcome.expect_err("an error").service_text(), Some("no"));
}

#[tokio::test(start_paused = true)]
async fn a_page_over_the_bound_is_refused() {
    let huge = vec![b' '; 64 * 1024 * 1024 + 1];
    let (outcome, requests) = off(move |_| status(200, &[], &huge).into()).await;
    assert_eq!((outcome.expect_err("too large").kind(), requests), (ErrorKind::TooLarge, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failing_service_is_asked_three_times_and_a_wrong_address_once() {
    let (outcome, requests) = off(|_| status(502, &[("content-type", "text/html")], "<html>").into()).await;
    assert_eq!((outcome.expect_err("failed").recovery(), requests), (Recovery::Backoff, 3));
    let (outcome, requests) = off(|_| status(404, &[], "").into()).await;
    let error = outcome.expect_err("no such address");
    assert_eq!((error.kind(), requests), (ErrorKind::Refused, 1));
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("endpoints.exchange")));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_enumeration_is_tried_twice_and_a_look_once() {
    let (outcome, requests) =
        off(|_| crate::fake::slow(std::time::Duration::from_secs(9999), rows([]))).await;
    assert_eq!((outcome.expect_err("no answer").kind(), requests), (ErrorKind::TimedOut, 2));
}
