//! What the daemon's page, health endpoints and request metrics are fed from.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::context::{Connected, VERSION};
use crate::domain::{Lane, OrganizationSwitch};
use crate::engine::{Clock, Status, TenantStatus};
use crate::exchange::{Operation, RequestResult};
use crate::server::{
    Facts, Health, LaneFacts, PageFacts, PolicyFacts, Ready, SwitchFacts, TenantFacts, ViewFacts,
};
use crate::telemetry::{Event, ServiceEvent, Telemetry};

/// How often the client's counters are read.
const PACE: Duration = Duration::from_secs(5);

/// Days before the end of a certificate on which it is told.
const EXPIRY_WARNING_DAYS: i64 = 30;

/// The daemon as the server sees it.
pub(in crate::cli) struct DaemonFacts {
    pub(in crate::cli) status: Arc<Status>,
    pub(in crate::cli) telemetry: Arc<Telemetry>,
    pub(in crate::cli) clock: Clock,
}

impl Facts for DaemonFacts {
    fn health(&self) -> Health {
        if self.status.is_alive(self.clock.now()) {
            return Health::Alive;
        }
        Health::Stuck { reason: "the supervisor has not ticked for 30 seconds".to_owned() }
    }

    fn ready(&self) -> Ready {
        let mut reasons = Vec::new();
        if self.status.policies().revision.is_none() {
            reasons.push("no policy set is in force".to_owned());
        }
        if let Some(error) = self.status.history_error() {
            reasons.push(format!("the history cannot be written: {error}"));
        }
        Ready { reasons }
    }

    fn metrics(&self) -> String {
        self.telemetry.render()
    }

    fn page(&self) -> PageFacts {
        let policies = self.status.policies();
        PageFacts {
            version: VERSION.to_owned(),
            now: self.clock.now(),
            policies: PolicyFacts {
                revision: policies.revision,
                count: policies.count,
                rejected: policies.rejected.iter().flat_map(|text| text.lines().map(str::to_owned)).collect(),
            },
            history_error: self.status.history_error(),
            tenants: self
                .status
                .tenants()
                .into_iter()
                .map(|(name, status)| tenant(name.as_str().to_owned(), &status))
                .collect(),
        }
    }
}

fn tenant(name: String, status: &TenantStatus) -> TenantFacts {
    TenantFacts {
        name,
        mode: status.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        states: status.states.iter().map(|(state, count)| (state.as_str().to_owned(), *count)).collect(),
        view: status.view.map(|view| ViewFacts {
            examined: view.examined,
            unknown: view.unknown,
            truncated: view.truncated,
            complete: status.complete,
        }),
        switches: OrganizationSwitch::ALL
            .into_iter()
            .map(|switch| SwitchFacts {
                name: switch.as_str().to_owned(),
                state: status.organization.get(switch).as_str().to_owned(),
            })
            .collect(),
        lanes: [Lane::New, Lane::Changed, Lane::Full]
            .into_iter()
            .map(|lane| LaneFacts {
                lane: lane.as_str().to_owned(),
                last_success: status.last_success.get(&lane).copied(),
                failing: status.failing.get(&lane).cloned(),
            })
            .collect(),
        held: status.held.clone(),
    }
}

/// Carries the clients' counters over into the metrics, and tells of throttling and ending certificates.
pub(in crate::cli) async fn meter(
    connected: Vec<Connected>,
    telemetry: Arc<Telemetry>,
    stop: CancellationToken,
) {
    let mut meters: Vec<Meter> = connected.into_iter().map(Meter::new).collect();
    loop {
        for meter in &mut meters {
            meter.read(&telemetry);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PACE) => {}
        }
    }
}

struct Meter {
    connected: Connected,
    requests: HashMap<(Operation, RequestResult), u64>,
    throttled: Duration,
    warned_on_day: Option<i64>,
}

impl Meter {
    fn new(connected: Connected) -> Self {
        Self { connected, requests: HashMap::new(), throttled: Duration::ZERO, warned_on_day: None }
    }

    fn read(&mut self, telemetry: &Telemetry) {
        let tenant = &self.connected.tenant;
        let now = self.connected.exchange.metrics();
        for (operation, result, count) in now.requests {
            let before = self.requests.entry((operation, result)).or_default();
            for _ in *before..count {
                telemetry.metrics().count_request(&tenant.name, operation.as_str(), result.as_str());
            }
            *before = count;
        }
        if now.throttled > self.throttled {
            let wait = now.throttled - self.throttled;
            self.throttled = now.throttled;
            let tenant = tenant.name.clone();
            telemetry.emit(Event::Service(ServiceEvent::Throttled { tenant, operation: "any", wait }));
        }
        self.read_expiry(telemetry);
    }

    /// Told once a day from a month before the end.
    fn read_expiry(&mut self, telemetry: &Telemetry) {
        let tenant = &self.connected.tenant;
        let Some(expires_at) = self.connected.exchange.credential_expiry() else { return };
        telemetry.metrics().set_credential_expiry(&tenant.name, expires_at);
        let days = (expires_at - tenant.clock.now()).num_days();
        if days <= EXPIRY_WARNING_DAYS && self.warned_on_day != Some(days) {
            self.warned_on_day = Some(days);
            let tenant = tenant.name.clone();
            telemetry.emit(Event::Service(ServiceEvent::CredentialExpiring { tenant, expires_at, days }));
        }
    }
}
