//! A tenant of the simulator with the whole engine on it, in process, under paused time.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mailwarden::domain::{Lane, Mode, TenantId, TenantName};
use mailwarden::engine::{
    Clock, Cycle, Drained, Executor, Pace, Queue, Request, Schedule, Status, Target, Tenant, decide, drain,
    remember,
};
use mailwarden::exchange::{
    Cloud, Credential, EndpointOverrides, Exchange, ExchangeOptions, Limits, Proof, RouterTransport,
};
use mailwarden::history::{History, MemoryHistory};
use mailwarden::policy::{PolicySet, SourceFile, compile};
use mailwarden::simulator::{Simulation, SimulationOptions};
use mailwarden::telemetry::{Event, Identities, Telemetry};
use tokio::sync::mpsc;

pub(crate) const BASELINE: &str = r"
apiVersion: mailwarden/v1
kind: MailboxAuditPolicy
metadata: { name: baseline, responsible: messaging@contoso.example }
spec:
  mode: enforce
  selector: { match: all }
  audit: { enabled: true, admin: default, delegate: default, owner: default }
---
apiVersion: mailwarden/v1
kind: OrganizationAuditPolicy
metadata: { name: organization }
spec: { mode: enforce, mailboxAuditing: required, unifiedAuditLogIngestion: required }
";

pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

pub(crate) fn policies(text: &str) -> Arc<PolicySet> {
    let files = [SourceFile { path: "policies/test.yaml".into(), bytes: text.as_bytes().to_vec() }];
    let compilation = compile(&files, start());
    Arc::new(compilation.policies.unwrap_or_else(|| panic!("{:?}", compilation.diagnostics)))
}

pub(crate) struct World {
    pub(crate) simulation: Simulation,
    pub(crate) tenant: Tenant,
    pub(crate) history: Arc<dyn History>,
    pub(crate) events: mpsc::Receiver<Arc<Event>>,
}

impl World {
    pub(crate) fn new(options: SimulationOptions) -> Self {
        Self::with_limits(options, 60_000)
    }

    pub(crate) fn with_limits(options: SimulationOptions, writes_per_minute: u32) -> Self {
        let options = SimulationOptions { started_at: Some(start()), ..options };
        let simulation = Simulation::new(options.clone());
        let clock = Clock::following(start());
        let credential = Credential {
            client_id: options.credentials.client_id.clone(),
            proof: Proof::Secret(options.credentials.client_secret.clone().into()),
        };
        let exchange = Exchange::connect(
            ExchangeOptions {
                tenant_id: TenantId(options.tenant_id),
                cloud: Cloud::Global,
                endpoints: EndpointOverrides::default(),
                read: credential,
                write: None,
                limits: Limits { writes_per_minute, max_concurrency: 6 },
            },
            Arc::new(RouterTransport::new(simulation.router())),
            Arc::new(move || clock.now()),
        )
        .unwrap();
        let exchange = Arc::new(exchange);
        let history: Arc<dyn History> = Arc::new(MemoryHistory::new());
        let telemetry = Telemetry::new("test", Identities::Upn);
        let events = telemetry.subscribe(100_000);
        let tenant = Tenant {
            name: TenantName::parse("contoso").unwrap(),
            id: TenantId(options.tenant_id),
            mode: Mode::Enforce,
            reader: exchange.clone(),
            writer: exchange,
            history: Some(history.clone()),
            telemetry: Arc::new(telemetry),
            status: Arc::new(Status::default()),
            clock,
            limits: mailwarden::plan::Limits::default(),
            writes_per_minute,
            identity: options.credentials.client_id,
            pace: Pace {
                full: Schedule::parse("0 */6 * * *", chrono_tz::UTC).unwrap(),
                new: Duration::from_secs(30),
                changed: Duration::from_secs(300),
                jitter: Duration::ZERO,
            },
        };
        Self { simulation, tenant, history, events }
    }

    pub(crate) fn request(target: Target) -> Request {
        Request::new(Lane::Manual, target)
    }

    pub(crate) async fn plan(&self, policies: &PolicySet) -> Cycle {
        decide(&self.tenant, policies, &Self::request(Target::Everything)).await.unwrap()
    }

    /// What `apply` does: look, remember, write, verify.
    pub(crate) async fn apply(&self, policies: &PolicySet) -> (Cycle, Drained) {
        let request = Self::request(Target::Everything);
        let cycle = decide(&self.tenant, policies, &request).await.unwrap();
        remember(&self.tenant, &self.history, &cycle, &request).await.unwrap();
        let executor = Arc::new(Executor::new(self.tenant.clone(), self.history.clone()).await.unwrap());
        let queue = Queue::default();
        cycle.work.iter().cloned().for_each(|work| {
            queue.offer(work);
        });
        let drained = drain(&executor, &queue, &mut || {}).await.unwrap();
        (cycle, drained)
    }

    pub(crate) fn writes(&self) -> usize {
        self.simulation.requests().iter().filter(|request| request.cmdlet.starts_with("Set-")).count()
    }

    pub(crate) fn events(&mut self) -> Vec<Arc<Event>> {
        let mut events = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            events.push(event);
        }
        events
    }
}
