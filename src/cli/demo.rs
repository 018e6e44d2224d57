//! `demo`: a simulated tenant, the baseline and the daemon in one process, and what they do as it happens.

mod story;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::context::{VERSION, compile_files};
use crate::cli::run::DaemonFacts;
use crate::cli::{Failure, console};
use crate::domain::{Lane, Mode, TenantId, TenantName};
use crate::engine::{self, Clock, Member, Pace, Request, Schedule, Status, Target, Tenant, decide, holder};
use crate::exchange::{
    Cloud, Credential, EndpointOverrides, Exchange, ExchangeOptions, Limits, Proof, RouterTransport,
};
use crate::history::{History, MemoryHistory};
use crate::policy::baseline;
use crate::report::ExitCode;
use crate::server;
use crate::simulator::{Churn, Simulation, SimulationOptions};
use crate::telemetry::{Identities, Telemetry};
use story::Story;

/// What the story is told from; more events than a screen can show in a second.
const EVENTS_AT_ONCE: usize = 4_096;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Ends by itself after this long, such as 60s or 5m [default: runs until ctrl-C]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// How many mailboxes the simulated tenant has
    #[arg(long, default_value_t = 250, value_name = "N")]
    mailboxes: usize,
    /// The same seed tells the same story
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where the page is; port 0 takes a free one [default: MAILWARDEN_SERVER__LISTEN, else 127.0.0.1:9464]
    #[arg(long, env = "MAILWARDEN_SERVER__LISTEN", hide_env = true, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(args: DemoArgs) -> Result<ExitCode, Failure> {
    let policies = compile_files(&baseline())?;
    let simulation = Simulation::new(SimulationOptions {
        seed: args.seed,
        mailboxes: args.mailboxes,
        churn: Churn::lively(),
        ..SimulationOptions::default()
    });
    let clock = Clock::system();
    let telemetry = Arc::new(Telemetry::new(VERSION, Identities::Upn));
    let status = Arc::new(Status::default());
    let events = telemetry.subscribe(EVENTS_AT_ONCE);
    let history: Arc<dyn History> = Arc::new(MemoryHistory::new());
    let tenant = tenant(&simulation, clock, &telemetry, &status, &history)?;
    let stop = CancellationToken::new();
    let facts = DaemonFacts { status: status.clone(), telemetry: telemetry.clone(), clock };
    let (page, serving) = serve(&args, Arc::new(facts), stop.clone()).await?;

    let mut story = Story::begin(simulation.mailbox_count(), &page);
    let first = decide(&tenant, &policies, &Request::new(Lane::Manual, Target::Everything)).await?;
    story.found(&first.looked.plan);
    let lease = history.acquire_writer(tenant.id, holder("demo")).await?;
    let members = vec![Member { tenant, lease: Some(lease) }];
    status.set_policies(|known| {
        known.revision = Some(policies.revision().to_string());
        known.count = policies.len();
    });
    let (_in_force, receiver) = tokio::sync::watch::channel(Some(policies));
    let daemon = tokio::spawn(engine::run(members, receiver, status, clock, stop.clone()));
    story.tell(&simulation, events, args.duration).await;
    stop.cancel();
    let _ = tokio::join!(daemon, serving);
    story.end(&simulation);
    Ok(ExitCode::Done)
}

/// `45s`, `5m` or `1h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("a duration is a number with s, m or h, such as 60s".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{number}` is no whole number"))?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

fn tenant(
    simulation: &Simulation,
    clock: Clock,
    telemetry: &Arc<Telemetry>,
    status: &Arc<Status>,
    history: &Arc<dyn History>,
) -> Result<Tenant, Failure> {
    let options = simulation.options();
    let id = TenantId(options.tenant_id);
    let limits = Limits { writes_per_minute: 600, ..Limits::default() };
    let credential = Credential {
        client_id: options.credentials.client_id.clone(),
        proof: Proof::Secret(options.credentials.client_secret.clone().into()),
    };
    let exchange = Exchange::connect(
        ExchangeOptions {
            tenant_id: id,
            cloud: Cloud::Global,
            endpoints: EndpointOverrides::default(),
            read: credential,
            write: None,
            limits,
        },
        Arc::new(RouterTransport::new(simulation.router())),
        Arc::new(move || clock.now()),
    );
    let exchange = Arc::new(exchange.map_err(|error| Failure::new(engine::chain(&error)))?);
    let full = Schedule::parse("*/10 * * * *", chrono_tz::UTC);
    let name = TenantName::parse("demo").ok_or_else(|| Failure::new("the demo's name is no name"))?;
    Ok(Tenant {
        name,
        id,
        mode: Mode::Enforce,
        reader: exchange.clone(),
        writer: exchange,
        history: Some(history.clone()),
        telemetry: telemetry.clone(),
        status: status.clone(),
        clock,
        limits: crate::plan::Limits::default(),
        writes_per_minute: limits.writes_per_minute,
        identity: options.credentials.client_id.clone(),
        // Faster than the defaults, so that a minute shows what an hour would.
        pace: Pace {
            full: full.map_err(|error| Failure::new(error.to_string()))?,
            new: Duration::from_secs(5),
            changed: Duration::from_secs(10),
            jitter: Duration::ZERO,
        },
    })
}

/// Opens the page. Without a named address a taken port is no obstacle: another one will do.
async fn serve(
    args: &DemoArgs,
    facts: Arc<DaemonFacts>,
    stop: CancellationToken,
) -> Result<(String, tokio::task::JoinHandle<()>), Failure> {
    let wanted = args.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 9464)));
    let listener = match TcpListener::bind(wanted).await {
        Err(_) if args.listen.is_none() => TcpListener::bind("127.0.0.1:0").await,
        bound => bound,
    };
    let listener = listener.map_err(|error| Failure::new(format!("{wanted} cannot be opened: {error}")))?;
    let address = listener.local_addr().map_or_else(|_| wanted.to_string(), |address| address.to_string());
    let router = server::router(facts);
    let serving = tokio::spawn(async move {
        if let Err(error) = server::serve(listener, router, stop.cancelled_owned()).await {
            console::error(&format!("warning: the page is gone: {error}\n"));
        }
    });
    Ok((format!("http://{address}/"), serving))
}
