//! Refusals in every form that was seen in public.

use super::*;
use crate::exchange::Recovery;

fn of(operation: Operation, status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Error {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().expect("a header"));
    }
    let now = "2026-11-21T10:00:00Z".parse().expect("a moment");
    of_answer(operation, StatusCode::from_u16(status).expect("a status"), &map, body, now)
}

#[test]
fn the_innermost_words_win() {
    let body = include_bytes!("../../../tests/wire/error_not_found.json");
    let error = of(Operation::SetMailbox, 404, &[("request-id", "r-1")], body);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.recovery(), Recovery::SkipMailbox);
    let words =
        "The operation couldn't be performed because object 'x' couldn't be found on 'SERVER.contoso'.";
    assert_eq!(error.service_text(), Some(words));
    assert_eq!(
        error.exception(),
        Some("Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException")
    );
    assert_eq!(error.request_id(), Some("r-1"));
}

#[test]
fn not_found_is_told_by_its_exception_under_another_status_too() {
    let body = include_bytes!("../../../tests/wire/error_not_found.json");
    assert_eq!(of(Operation::SetMailbox, 400, &[], body).kind(), ErrorKind::NotFound);
}

#[test]
fn the_three_forms_of_a_detail() {
    let forms = [
        r#"Ex6F9304|Microsoft.Exchange.X.SomeException|Invalid audit operation specified."#,
        r#"|Microsoft.Exchange.X.SomeException|Invalid audit operation specified."#,
        r#"{"Message":"Invalid audit operation specified.","TypeName":"Microsoft.Exchange.X.SomeException"}"#,
        r#"{"Message":"Invalid audit operation specified.","ClassName":"Microsoft.Exchange.X.SomeException"}"#,
    ];
    for message in forms {
        let body = serde_json::json!({"error": {"code": "BadRequest", "message": "Error executing cmdlet",
            "details": [{"code": "Context", "target": "", "message": message}]}});
        let error = of(Operation::SetMailbox, 400, &[], body.to_string().as_bytes());
        assert_eq!(error.kind(), ErrorKind::RejectedArgument, "{message}");
        assert_eq!(error.service_text(), Some("Invalid audit operation specified."), "{message}");
        assert_eq!(error.exception(), Some("Microsoft.Exchange.X.SomeException"), "{message}");
    }
}

#[test]
fn a_403_of_nul_bytes_that_claims_gzip_names_the_role() {
    let headers = [("content-encoding", "gzip"), ("x-exceptiontype", "CmdletAccessDeniedException")];
    let error = of(Operation::SetMailbox, 403, &headers, &[0; 512]);
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Forbidden, Recovery::NeedsOperator));
    assert_eq!(error.exception(), Some("CmdletAccessDeniedException"));
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("Audit Logs")));
    assert_eq!(error.service_text(), None);
    assert_eq!(error.diagnostics(), [("x-exceptiontype", "CmdletAccessDeniedException".into())]);
}

#[test]
fn a_403_without_a_word_is_a_permission_that_has_not_arrived() {
    let error = of(Operation::Rows, 403, &[], b"");
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("Exchange.ManageAsApp")));
    let bare = of(Operation::Rows, 403, &[], br#"{"code":"Forbidden","message":"User is not allowed"}"#);
    assert_eq!(bare.service_text(), Some("User is not allowed"));
    assert!(bare.remedy().is_some_and(|remedy| remedy.contains("Global Reader")));
}

#[test]
fn plain_text_is_shown_and_a_web_page_is_not() {
    let text = b"You have reached the maximum number of concurrent requests per tenant.\r\nPlease wait\0";
    let error = of(Operation::Rows, 429, &[("retry-after", "17")], text);
    assert_eq!(error.recovery(), Recovery::RetryAfter(Duration::from_secs(17)));
    assert!(error.service_text().is_some_and(|text| text.ends_with("per tenant. Please wait")));
    let page = of(Operation::Rows, 502, &[("content-type", "text/html")], b"<html>gateway</html>");
    assert_eq!((page.kind(), page.service_text()), (ErrorKind::Failed, None));
    assert!(page.remedy().is_some_and(|remedy| remedy.contains("proxy")));
}

#[test]
fn a_date_to_wait_for_is_measured_by_the_clock_of_the_service() {
    let date = [("retry-after", "Sat, 21 Nov 2026 12:00:30 GMT"), ("date", "Sat, 21 Nov 2026 12:00:00 GMT")];
    let error = of(Operation::Rows, 503, &date, b"");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let past = [("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT")];
    assert_eq!(of(Operation::Rows, 503, &past, b"").retry_after(), Some(Duration::ZERO));
    assert_eq!(of(Operation::Rows, 503, &[("retry-after", "soon")], b"").retry_after(), None);
}

#[test]
fn transient_exceptions_are_transient_whatever_the_status() {
    let body = br#"{"error":{"message":"x","innererror":{"internalexception":
        {"message":"busy","type":"Microsoft.Exchange.Data.Storage.StorageTransientException"}}}}"#;
    for status in [400, 404, 500] {
        assert_eq!(of(Operation::SetMailbox, status, &[], body).kind(), ErrorKind::Transient);
    }
}

#[test]
fn an_expired_page_is_told_by_its_words() {
    let body = include_bytes!("../../../tests/wire/error_paging_expired.json");
    assert_eq!(of(Operation::Rows, 400, &[], body).kind(), ErrorKind::PagingExpired);
}

#[test]
fn a_404_that_is_not_the_services_own_is_a_wrong_address() {
    let error = of(Operation::SetMailbox, 404, &[], b"");
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Refused, Recovery::AbortCycle));
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("tenantId")));
}

#[test]
fn a_long_text_is_one_bounded_line() {
    let long = "word ".repeat(1_000);
    let line = one_line(&long).expect("text");
    assert!(line.len() < TEXT_BOUND + 10 && line.ends_with('…'));
    assert_eq!(one_line("a\n\tb\u{1b}[31m\0").as_deref(), Some("a b [31m"));
    assert_eq!(one_line(" \0 "), None);
}
