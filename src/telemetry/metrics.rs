//! The metrics, in a registry of their own. Labels are words of closed vocabularies and the configured
//! names of tenants; no label can hold a mailbox. When they move on an event is in `counting`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::domain::{Class, ContentHash, Field, Lane, State, TenantName};

/// Names and words; an absent part has no label.
type Labels = Vec<(&'static str, String)>;
type Seconds = Counter<f64, AtomicU64>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// What [`Metrics::render`] is to be served as.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every metric of the program.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    cycles: Family<Labels, Counter>,
    cycle_duration: Histograms,
    mailboxes: Family<Labels, Gauge>,
    drift_mailboxes: Family<Labels, Gauge>,
    corrections: Family<Labels, Counter>,
    time_to_protect: Histograms,
    age_at_discovery: Histograms,
    last_success: Family<Labels, Gauge>,
    requests: Family<Labels, Counter>,
    throttled: Family<Labels, Seconds>,
    write_queue: Family<Labels, Gauge>,
    missed: Family<Labels, Counter>,
    policies: Gauge,
    policies_rejected: Gauge,
    policy_revision: Family<Labels, Gauge>,
    credential_expiry: Family<Labels, Gauge>,
    journal_entries: Family<Labels, Counter>,
    build: Family<Labels, Gauge>,
}

/// What came of a correction, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CorrectionOutcome {
    /// A later look shows it.
    Verified,
    /// No look showed it in time.
    Unverified,
    /// The service refused it, or could not be asked.
    Failed,
}

impl CorrectionOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
        }
    }
}

/// From a look of a twentieth of a second to a sweep of hours.
fn cycle_histogram() -> Histogram {
    Histogram::new([0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0])
}

/// From 5 seconds to a day.
fn protection_histogram() -> Histogram {
    Histogram::new([
        5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21_600.0, 43_200.0, 86_400.0,
    ])
}

/// From a minute to a month: mailboxes that were there long before are no news.
fn age_histogram() -> Histogram {
    Histogram::new([60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0])
}

/// Metrics under the names that contracts give them; counters get their `_total` when they are written.
struct Register(Registry);

impl Register {
    fn family<M: TypedMetric + EncodeMetric + Default + Clone + fmt::Debug + Send + Sync + 'static>(
        &mut self,
        name: &str,
        help: &str,
    ) -> Family<Labels, M> {
        let family = Family::default();
        self.0.register(name, help, family.clone());
        family
    }

    fn histograms(&mut self, name: &str, help: &str, new: fn() -> Histogram) -> Histograms {
        let family = Histograms::new_with_constructor(new);
        self.0.register(name, help, family.clone());
        family
    }

    fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.0.register(name, help, gauge.clone());
        gauge
    }
}

fn of_tenant(tenant: &TenantName) -> Labels {
    vec![("tenant", tenant.as_str().to_owned())]
}

fn in_lane(tenant: &TenantName, lane: Lane) -> Labels {
    vec![("tenant", tenant.as_str().to_owned()), ("lane", lane.as_str().to_owned())]
}

fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Metrics {
    /// All metrics, without a value yet; `version` is this program's.
    pub fn new(version: &'static str) -> Self {
        let mut r = Register(Registry::with_prefix("mailwarden"));
        let protection = "From the first answer that holds a new mailbox to its verified correction";
        let missed = "Drifts that only a full look found, and a faster one should have";
        let metrics = Self {
            cycles: r.family("cycles", "Looks, by how they ended"),
            cycle_duration: r.histograms("cycle_duration_seconds", "How long looks took", cycle_histogram),
            mailboxes: r.family("mailboxes", "Mailboxes of the last view, by state"),
            drift_mailboxes: r.family("drift_mailboxes", "Mailboxes that drifted, by field"),
            corrections: r.family("corrections", "Corrections, by what came of them"),
            time_to_protect: r.histograms("time_to_protect_seconds", protection, protection_histogram),
            age_at_discovery: r.histograms(
                "age_at_discovery_seconds",
                "From a mailbox's creation to its first sight",
                age_histogram,
            ),
            last_success: r.family("last_success_timestamp_seconds", "When the last complete look ended"),
            requests: r.family("requests", "Requests to the service, by result"),
            throttled: r.family("throttled_seconds", "How long the service made us wait"),
            write_queue: r.family("write_queue_length", "Changes that wait to be written"),
            missed: r.family("missed_by_fast_lanes", missed),
            policies: r.gauge("policies_loaded", "Policies in force"),
            policies_rejected: r
                .gauge("policies_rejected", "Whether the policies as they are now are rejected"),
            policy_revision: r.family("policy_revision_info", "The policy set in force"),
            credential_expiry: r.family("credential_expiry_timestamp_seconds", "When the credential ends"),
            journal_entries: r.family("journal_entries", "Entries of the journal"),
            build: r.family("build_info", "This program"),
            registry: r.0,
        };
        metrics.build.get_or_create(&vec![("version", version.to_owned())]).set(1);
        metrics
    }

    /// All metrics as text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// How many mailboxes are in each state; states that are not named have none.
    pub fn set_mailboxes(&self, tenant: &TenantName, counts: &BTreeMap<State, u64>) {
        for state in State::ALL {
            let labels = vec![("tenant", tenant.as_str().to_owned()), ("state", state.as_str().to_owned())];
            self.mailboxes.get_or_create(&labels).set(gauge(counts.get(state).copied().unwrap_or(0)));
        }
    }

    /// How many mailboxes drift in each field; fields that are not named have none.
    pub fn set_drift_mailboxes(&self, tenant: &TenantName, counts: &BTreeMap<Field, u64>) {
        for field in Field::ALL {
            let labels = vec![("tenant", tenant.as_str().to_owned()), ("field", field.as_str().to_owned())];
            self.drift_mailboxes.get_or_create(&labels).set(gauge(counts.get(field).copied().unwrap_or(0)));
        }
    }

    /// How many changes wait to be written.
    pub fn set_write_queue_length(&self, tenant: &TenantName, length: u64) {
        self.write_queue.get_or_create(&of_tenant(tenant)).set(gauge(length));
    }

    /// When the last complete look of a lane ended; also at a start, from the history.
    pub fn set_last_success(&self, tenant: &TenantName, lane: Lane, at: DateTime<Utc>) {
        self.last_success.get_or_create(&in_lane(tenant, lane)).set(at.timestamp());
    }

    /// When a tenant's credential ends.
    pub fn set_credential_expiry(&self, tenant: &TenantName, at: DateTime<Utc>) {
        self.credential_expiry.get_or_create(&of_tenant(tenant)).set(at.timestamp());
    }

    /// How many entries a tenant's journal has.
    pub fn set_journal_entries(&self, tenant: &TenantName, entries: u64) {
        self.journal_entries.get_or_create(&of_tenant(tenant)).inner().store(entries, Ordering::Relaxed);
    }

    /// Counts a request. `operation` and `result` are words of the client's own closed vocabularies.
    pub fn count_request(&self, tenant: &TenantName, operation: &'static str, result: &'static str) {
        let mut labels = of_tenant(tenant);
        labels.extend([("operation", operation.to_owned()), ("result", result.to_owned())]);
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts drifts that only a full look found.
    pub fn count_missed_by_fast_lanes(&self, tenant: &TenantName, drifts: u64) {
        self.missed.get_or_create(&of_tenant(tenant)).inc_by(drifts);
    }

    /// Whether the policies as they stand in their files are rejected; an older set may be in force then.
    pub fn set_policies_rejected(&self, are_rejected: bool) {
        self.policies_rejected.set(i64::from(are_rejected));
    }

    pub(super) fn set_policies(&self, revision: ContentHash, policies: u64) {
        self.policies.set(gauge(policies));
        self.policy_revision.clear();
        self.policy_revision.get_or_create(&vec![("revision", revision.to_string())]).set(1);
    }

    pub(super) fn count_cycle(&self, tenant: &TenantName, lane: Lane, outcome: &'static str, took: Duration) {
        let mut labels = in_lane(tenant, lane);
        self.cycle_duration.get_or_create(&labels).observe(took.as_secs_f64());
        labels.push(("outcome", outcome.to_owned()));
        self.cycles.get_or_create(&labels).inc();
    }

    pub(super) fn count_correction(
        &self,
        tenant: &TenantName,
        field: Field,
        class: Option<Class>,
        outcome: CorrectionOutcome,
    ) {
        let mut labels = of_tenant(tenant);
        labels.push(("field", field.as_str().to_owned()));
        labels.extend(class.map(|class| ("class", class.as_str().to_owned())));
        labels.push(("outcome", outcome.as_str().to_owned()));
        self.corrections.get_or_create(&labels).inc();
    }

    pub(super) fn observe_time_to_protect(&self, tenant: &TenantName, time: Duration) {
        self.time_to_protect.get_or_create(&of_tenant(tenant)).observe(time.as_secs_f64());
    }

    pub(super) fn observe_age_at_discovery(&self, tenant: &TenantName, age: Duration) {
        self.age_at_discovery.get_or_create(&of_tenant(tenant)).observe(age.as_secs_f64());
    }

    pub(super) fn count_throttled(&self, tenant: &TenantName, wait: Duration) {
        self.throttled.get_or_create(&of_tenant(tenant)).inc_by(wait.as_secs_f64());
    }
}
