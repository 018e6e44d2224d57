//! Every event once, held against the table: names, levels, fields, who is named, what is counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::domain::{
    ActionSet, AuditAction, AuditTier, Cause, Class, ContentHash, Field, Lane, LogonType, MailboxId, Mode,
    OrganizationSwitch, State, TenantName,
};

const UPN: &str = "ada@contoso.example";
const MAILBOX: Uuid = Uuid::from_u128(0x9feb_45ad_0cc9_43dc_a609_2110_e221_6c15);

fn tenant() -> TenantName {
    TenantName::parse("contoso").unwrap()
}

fn cycle() -> CycleFacts {
    CycleFacts { tenant: tenant(), cycle_id: Uuid::from_u128(7), lane: Lane::Full }
}

fn mailbox() -> MailboxFacts {
    MailboxFacts { id: MailboxId(MAILBOX), user_principal_name: Some(UPN.into()) }
}

fn hash(text: &str) -> ContentHash {
    ContentHash::of(text.as_bytes())
}

fn drift(cause: Cause) -> Box<DriftFacts> {
    Box::new(DriftFacts {
        cycle: cycle(),
        drift_id: Uuid::from_u128(8),
        mailbox: Some(mailbox()),
        field: Field::Owner,
        cause,
        mode: Mode::Enforce,
        class: Some(Class::Corrective),
        policies: vec!["executives".into(), "baseline".into()],
        responsible: vec!["messaging@contoso.example".into()],
        policy_revision: hash("set"),
        observed: "Update".into(),
        desired: "HardDelete,Update".into(),
        missing: ActionSet::parse(["Zeta", "HardDelete", "alpha"]),
        extra: ActionSet::EMPTY,
        change_id: Some(hash("change")),
        effective_gap: Some(Duration::from_secs(90)),
    })
}

fn failure() -> Failure {
    Failure {
        kind: "forbidden",
        text: format!("the service answered 403 about '{UPN}'"),
        remedy: Some("assign the role `Audit Logs`".into()),
        request_id: Some("0f6e".into()),
    }
}

fn at() -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// One of each, in the order of the table.
fn samples() -> Vec<Event> {
    let mut samples = Vec::new();
    samples.extend(of_process().into_iter().map(Event::Process));
    samples.extend(of_cycle().into_iter().map(|what| Event::Cycle(cycle(), what)));
    for what in [MailboxEvent::Discovered(Some(Duration::from_secs(40))), MailboxEvent::Vanished] {
        samples.push(Event::Mailbox(cycle(), mailbox(), what));
    }
    samples.extend(of_drift().into_iter().map(|what| Event::Drift(drift(Cause::External), what)));
    samples.extend(of_finding().into_iter().map(|what| Event::Finding(cycle(), what)));
    samples.extend(of_service().into_iter().map(Event::Service));
    samples.sort_by_key(EventKind::of);
    samples
}

fn of_process() -> Vec<ProcessEvent> {
    vec![
        ProcessEvent::DaemonStarted { version: "0.1.0", tenants: vec![tenant()], mode: Mode::Enforce },
        ProcessEvent::DaemonStopped { reason: "SIGTERM", in_flight: 2 },
        ProcessEvent::PolicyLoaded { policy_revision: hash("set"), policies: 3 },
        ProcessEvent::PolicyRejected {
            in_force: Some(hash("set")),
            faults: 2,
            first: "policies/executives.yaml:12:32: MW014".into(),
        },
    ]
}

fn of_cycle() -> Vec<CycleEvent> {
    let elapsed = Duration::from_millis(1250);
    vec![
        CycleEvent::Started,
        CycleEvent::Completed {
            end: CycleEnd::Complete,
            at: at(),
            examined: 2500,
            corrected: 12,
            unknown: 0,
            elapsed,
            policy_revision: hash("set"),
            journal_head: Some(hash("head")),
        },
        CycleEvent::Failed { failure: failure(), elapsed },
        CycleEvent::ViewPartial { examined: 1000, unknown: 1500, failure: failure() },
    ]
}

fn of_drift() -> Vec<DriftEvent> {
    vec![
        DriftEvent::Detected,
        DriftEvent::Corrected { time_to_protect: Some(Duration::from_secs(41)) },
        DriftEvent::Unverified { next_try_at: at() },
        DriftEvent::Held { remedy: "apply --accept weakening=1 --reason ...".into() },
        DriftEvent::Conflict,
        DriftEvent::Resolved { how: "resolved" },
        DriftEvent::Open { since: at() },
        DriftEvent::Persisting { since: at() },
        DriftEvent::CorrectionFailed(failure()),
        DriftEvent::WeakeningApplied { reason: "works council".into(), ticket: Some("CHG-12".into()) },
    ]
}

fn of_finding() -> Vec<Finding> {
    let (logon_type, tier) = (LogonType::Owner, AuditTier::Standard);
    let (grown, shrunk) = (ActionSet::parse(["Send"]), ActionSet::parse(["Move"]));
    vec![
        Finding::ActionUnsupported {
            action: AuditAction::parse("MailItemsAccessed"),
            logon_type,
            tier,
            mailboxes: 5,
            text: format!("is not valid for {UPN}."),
        },
        Finding::OrganizationAuditingOff { switch: OrganizationSwitch::MailboxAuditing, mode: Mode::Enforce },
        Finding::DefaultSetChanged { tier, logon_type, grown, shrunk },
        Finding::PlanHeld {
            class: Class::Weakening,
            mailboxes: 1,
            limit: 0,
            digest: hash("plan"),
            remedy: "apply --accept weakening=1 --reason ...".into(),
        },
    ]
}

fn of_service() -> Vec<ServiceEvent> {
    vec![
        ServiceEvent::Throttled { tenant: tenant(), operation: "set_mailbox", wait: Duration::from_secs(30) },
        ServiceEvent::AuthFailed { tenant: tenant(), failure: failure() },
        ServiceEvent::CredentialExpiring { tenant: tenant(), expires_at: at(), days: 20 },
        ServiceEvent::HistoryUnavailable { tenant: None, failure: failure() },
    ]
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: LogFormat, level: Level, work: impl FnOnce()) -> String {
    let sink = Sink::default();
    let writer = sink.clone();
    let options = LogOptions { format, level, color: false, now: Arc::new(at) };
    tracing::subscriber::with_default(subscriber(options, move || writer.clone()), work);
    String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
}

fn lines(identities: Identities, format: LogFormat) -> Vec<String> {
    let telemetry = Telemetry::new("0.1.0", identities);
    let text = logged(format, Level::Debug, || samples().into_iter().for_each(|event| telemetry.emit(event)));
    text.lines().map(str::to_owned).collect()
}

fn parsed(line: &str) -> BTreeMap<String, serde_json::Value> {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn every_event_has_a_sample() {
    let kinds: Vec<EventKind> = samples().iter().map(EventKind::of).collect();
    assert_eq!(kinds, EventKind::ALL);
}

#[test]
fn lines_are_flat_and_hold_what_the_table_says() {
    let lines = lines(Identities::Upn, LogFormat::Json);
    assert_eq!(lines.len(), EventKind::ALL.len());
    for (kind, line) in EventKind::ALL.iter().zip(&lines) {
        let object = parsed(line);
        assert_eq!(object["event"], kind.as_str());
        assert!(object.values().all(|value| value.is_string() || value.is_number()), "{line}");
        assert!(object["message"] != "", "{line}");
        let level = object["level"].as_str().unwrap();
        assert!(kind.doc().level.split([' ', ',']).any(|word| word == level), "{line}");
        let told: Vec<&str> = kind.doc().fields.iter().copied().flatten().copied().collect();
        for name in object.keys().filter(|name| !ALWAYS.contains(&name.as_str())) {
            assert!(told.contains(&name.as_str()), "`{name}` of {} is not in the table", kind.as_str());
        }
        // `tenant` is absent where the whole history fails, `extra` where nothing is.
        for name in told.iter().filter(|name| !["tenant", "extra"].contains(*name)) {
            assert!(object.contains_key(*name), "`{name}` of {} never comes", kind.as_str());
        }
        assert!(line.starts_with(r#"{"timestamp":"2026-09-21T14:13:20.000Z","level":""#), "{line}");
    }
}

#[test]
fn lists_are_joined_and_sorted_and_empty_ones_absent() {
    let telemetry = Telemetry::new("0.1.0", Identities::Upn);
    let event = Event::Drift(drift(Cause::NewMailbox), DriftEvent::Detected);
    let text = logged(LogFormat::Json, Level::Info, || telemetry.emit(event));
    let object = parsed(text.trim());
    assert_eq!(object["missing"], "HardDelete,Zeta,alpha");
    assert_eq!(object["policy"], "baseline,executives");
    assert_eq!((&object["level"], &object["effective_gap_seconds"]), (&"info".into(), &90.into()));
    assert!(!object.contains_key("extra"));
}

#[test]
fn mailboxes_are_named_about_drift_and_mailboxes_only() {
    let id = MAILBOX.to_string();
    let names_one = |kind: &EventKind| {
        let fields = kind.doc().fields.concat();
        fields.contains(&"mailbox")
    };
    for (kind, line) in EventKind::ALL.iter().zip(lines(Identities::Upn, LogFormat::Json)) {
        assert_eq!(line.contains(&id), names_one(kind), "{line}");
        assert_eq!(line.contains(UPN), names_one(kind), "{line}");
    }
    for format in [LogFormat::Json, LogFormat::Text] {
        let lines = lines(Identities::Guid, format).join("\n");
        assert!(lines.contains(&id) && !lines.contains(UPN), "{lines}");
    }
    let named: Vec<&str> =
        EventKind::ALL.iter().filter(|kind| names_one(kind)).map(|kind| kind.as_str()).collect();
    let about = |name: &&&str| {
        ["mailbox.", "drift.", "correction.", "weakening."].iter().any(|start| name.starts_with(start))
    };
    assert_eq!(named.iter().filter(about).count(), named.len());
}

#[test]
fn metrics_follow_events_and_name_no_mailbox() {
    let telemetry = Telemetry::new("0.1.0", Identities::Upn);
    samples().into_iter().for_each(|event| telemetry.emit(event));
    let metrics = telemetry.metrics();
    metrics.set_mailboxes(&tenant(), &BTreeMap::from([(State::InSync, 2500)]));
    metrics.set_drift_mailboxes(&tenant(), &BTreeMap::from([(Field::Owner, 3)]));
    metrics.set_write_queue_length(&tenant(), 9);
    metrics.set_journal_entries(&tenant(), 41);
    metrics.set_journal_entries(&tenant(), 42);
    metrics.count_request(&tenant(), "set_mailbox", "ok");
    metrics.count_missed_by_fast_lanes(&tenant(), 1);
    let text = telemetry.render();
    for line in [
        r#"mailwarden_cycles_total{tenant="contoso",lane="full",outcome="complete"} 1"#,
        r#"mailwarden_cycles_total{tenant="contoso",lane="full",outcome="failed"} 1"#,
        r#"mailwarden_cycle_duration_seconds_count{tenant="contoso",lane="full"} 2"#,
        r#"mailwarden_mailboxes{tenant="contoso",state="in_sync"} 2500"#,
        r#"mailwarden_mailboxes{tenant="contoso",state="held"} 0"#,
        r#"mailwarden_drift_mailboxes{tenant="contoso",field="owner"} 3"#,
        r#"mailwarden_corrections_total{tenant="contoso",field="owner",class="corrective",outcome="verified"} 1"#,
        r#"mailwarden_corrections_total{tenant="contoso",field="owner",class="corrective",outcome="failed"} 1"#,
        r#"mailwarden_time_to_protect_seconds_bucket{le="60.0",tenant="contoso"} 1"#,
        r#"mailwarden_time_to_protect_seconds_bucket{le="86400.0",tenant="contoso"} 1"#,
        r#"mailwarden_age_at_discovery_seconds_sum{tenant="contoso"} 40.0"#,
        r#"mailwarden_last_success_timestamp_seconds{tenant="contoso",lane="full"} 1790000000"#,
        r#"mailwarden_requests_total{tenant="contoso",operation="set_mailbox",result="ok"} 1"#,
        r#"mailwarden_throttled_seconds_total{tenant="contoso"} 30.0"#,
        r#"mailwarden_write_queue_length{tenant="contoso"} 9"#,
        r#"mailwarden_missed_by_fast_lanes_total{tenant="contoso"} 1"#,
        r#"mailwarden_policies_loaded 3"#,
        r#"mailwarden_credential_expiry_timestamp_seconds{tenant="contoso"} 1790000000"#,
        r#"mailwarden_journal_entries_total{tenant="contoso"} 42"#,
        r#"mailwarden_build_info{version="0.1.0"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert_eq!(text.matches("mailwarden_policy_revision_info{").count(), 1);
    assert!(!text.contains(UPN) && !text.contains(&MAILBOX.to_string()));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn rejected_policies_are_a_metric_until_a_set_is_loaded() {
    let telemetry = Telemetry::new("0.1.0", Identities::Upn);
    let shows = |line: &str| telemetry.render().lines().any(|found| found == line);
    assert!(shows("mailwarden_policies_rejected 0"));
    let rejected = ProcessEvent::PolicyRejected { in_force: None, faults: 2, first: String::new() };
    telemetry.emit(Event::Process(rejected));
    assert!(shows("mailwarden_policies_rejected 1"));
    let policy_revision = ContentHash::of(b"policies");
    telemetry.emit(Event::Process(ProcessEvent::PolicyLoaded { policy_revision, policies: 3 }));
    assert!(shows("mailwarden_policies_rejected 0") && shows("mailwarden_policies_loaded 3"));
}

#[test]
fn text_is_for_people_and_cannot_drive_their_terminal() {
    let telemetry = Telemetry::new("0.1.0", Identities::Upn);
    let failure = Failure { text: "refused\n\u{1b}[31m".into(), ..failure() };
    let event = Event::Service(ServiceEvent::AuthFailed { tenant: tenant(), failure });
    let text = logged(LogFormat::Text, Level::Warn, || {
        telemetry.emit(event);
        telemetry.emit(Event::Process(ProcessEvent::DaemonStopped { reason: "SIGTERM", in_flight: 0 }));
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("2026-09-21T14:13:20Z error the service does not let us in"), "{text}");
    assert!(text.contains("tenant=contoso") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn libraries_are_heard_in_the_same_form() {
    let text = logged(LogFormat::Json, Level::Debug, || {
        tracing::warn!(secret = "s3cret", "a library warns");
        tracing::info!("a library chats");
    });
    let object = parsed(text.trim());
    assert_eq!((&object["event"], &object["message"]), (&"log".into(), &"a library warns".into()));
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_failure_tells_the_whole_chain_once() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the page")]
    struct Outer(#[source] io::Error);
    let failure = Failure::of("transport", &Outer(io::Error::other("connection reset")));
    assert_eq!(failure.text, "cannot read the page: connection reset");
}

#[test]
fn listeners_hear_and_never_hold_up() {
    let telemetry = Telemetry::new("0.1.0", Identities::Upn);
    let mut listener = telemetry.subscribe(2);
    drop(telemetry.subscribe(1));
    samples().into_iter().for_each(|event| telemetry.emit(event));
    assert_eq!(EventKind::of(&listener.try_recv().unwrap()), EventKind::DaemonStarted);
    assert!(listener.try_recv().is_ok() && listener.try_recv().is_err());
}

/// `docs/events.md`, as it should be.
fn reference() -> String {
    let mut text = String::from(
        "# Events\n\n\
         What `mailwarden run` writes to standard error: one flat JSON object a line. Every line has `timestamp`,\n\
         `level`, `event` and `message`; the other fields are there or absent, never null, and lists are joined by\n\
         commas. This page is generated from the table in the source by `UPDATE_DOCS=1 cargo test events_are_documented`.\n",
    );
    for (kind, line) in EventKind::ALL.iter().zip(lines(Identities::Upn, LogFormat::Json)) {
        let doc = kind.doc();
        let fields: Vec<String> = doc.fields.concat().iter().map(|name| format!("`{name}`")).collect();
        write!(
            text,
            "\n## `{}`\n\n{}\n\n- Level: {}\n- Fields: {}\n- To do: {}\n\n```json\n{line}\n```\n",
            kind.as_str(),
            doc.meaning,
            doc.level,
            fields.join(", "),
            doc.to_do
        )
        .unwrap();
    }
    text
}

#[test]
fn events_are_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == reference(),
        "docs/events.md is stale: UPDATE_DOCS=1 cargo test events_are_documented"
    );
}
