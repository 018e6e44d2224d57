//! `run`: the daemon. Signals, reloads and the ends of the process; what it does is `engine`'s.

mod facts;
mod once;

use std::sync::{Arc, Once};
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::cli::context::{self, Connected, Remembering, Shared, TenantArgs, VERSION};
use crate::cli::{Failure, Global, console};
use crate::domain::Mode;
use crate::engine::{self, Clock, Member, PolicyKeeper, PolicyPlace, Status, chain, holder};
use crate::history::{ErrorKind, History};
use crate::policy::render::Colour;
use crate::report::ExitCode;
use crate::server;
use crate::settings::Settings;
use crate::telemetry::{Event, LogOptions, ProcessEvent, Telemetry, install};
pub(super) use facts::DaemonFacts;

/// How often a history that could not be opened is tried again.
const HISTORY_RETRY: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Writes nothing to any tenant: looks, compares, logs
    #[arg(long)]
    observe: bool,
    /// One full cycle, then the end; for a scheduler such as a CronJob
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    tenant: TenantArgs,
}

/// Why the engine of a daemon is stopped.
enum Pause {
    /// For good.
    Stop(&'static str),
    /// To begin again with other settings, or with a history that works again.
    Again(Box<Settings>),
}

/// What lives as long as the process.
struct Process {
    telemetry: Arc<Telemetry>,
    status: Arc<Status>,
    clock: Clock,
    /// Done once the start was told: a reload is no second start.
    started: Once,
}

pub(super) async fn run(global: &Global, args: &RunArgs) -> Result<ExitCode, Failure> {
    let mut settings = context::settings(global)?;
    let clock = Clock::system();
    let log = &settings.log;
    let options = LogOptions::for_stderr(log.format.value, log.level.value, Arc::new(move || clock.now()));
    // Only a second subscriber in one process fails, and then the first one logs.
    let _ = install(options);
    let process = Process {
        telemetry: Arc::new(Telemetry::new(VERSION, log.identities.value)),
        status: Arc::new(Status::default()),
        clock,
        started: Once::new(),
    };
    if args.once {
        return once::run(&settings, args, &process).await;
    }
    let mut signals = Signals::new()?;
    let stop_serving = CancellationToken::new();
    let serving = serve(&settings, &process, stop_serving.clone()).await?;
    let reason = loop {
        match members(&settings, args, &process, &mut signals, global).await? {
            Pause::Stop(reason) => break reason,
            Pause::Again(new) => settings = *new,
        }
    };
    process.telemetry.emit(Event::Process(ProcessEvent::DaemonStopped { reason, in_flight: 0 }));
    stop_serving.cancel();
    let _ = serving.await;
    Ok(ExitCode::Done)
}

/// The signals that a daemon listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("no signals: {error}")));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }
}

/// Opens the port first of all: an address that is taken is a fault of the start, not of an hour later.
async fn serve(
    settings: &Settings,
    process: &Process,
    stop: CancellationToken,
) -> Result<tokio::task::JoinHandle<()>, Failure> {
    let address = settings.listen.value;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let what = format!("`server.listen`: {address} cannot be opened: {error}");
        Failure::with_remedy(what, "another program may listen there; choose another port")
    })?;
    let facts = Arc::new(DaemonFacts {
        status: process.status.clone(),
        telemetry: process.telemetry.clone(),
        clock: process.clock,
    });
    let router = server::router(facts);
    Ok(tokio::spawn(async move {
        if let Err(error) = server::serve(listener, router, stop.cancelled_owned()).await {
            tracing::error!(error = %error, "the page, the metrics and the health endpoints are gone");
        }
    }))
}

/// Runs the engine with these settings until a signal.
async fn members(
    settings: &Settings,
    args: &RunArgs,
    process: &Process,
    signals: &mut Signals,
    global: &Global,
) -> Result<Pause, Failure> {
    let history = open_history(settings, process).await;
    let shared = Shared {
        transport: context::network()?,
        history: history.clone(),
        telemetry: process.telemetry.clone(),
        status: process.status.clone(),
        clock: process.clock,
    };
    let mut connected = context::tenants(settings, &args.tenant, &shared)?;
    if args.observe {
        context::observe_only(&mut connected);
    }
    let mut members = Vec::new();
    for one in &connected {
        let lease = lease(one, history.as_ref()).await?;
        members.push(Member { tenant: one.tenant.clone(), lease });
    }
    process.started.call_once(|| tell_start(args, process, &connected));
    let names: Vec<_> = connected.iter().map(|one| one.tenant.name.clone()).collect();
    process.status.keep(&names);
    let stop = CancellationToken::new();
    let mut keeper =
        PolicyKeeper::new(place(settings), process.clock, process.telemetry.clone(), process.status.clone());
    keeper.load().await;
    let in_force = keeper.in_force();
    let reload = Arc::new(Notify::new());
    let keeping = tokio::spawn(keeper.run(reload.clone(), stop.clone()));
    let metering = tokio::spawn(facts::meter(connected, process.telemetry.clone(), stop.clone()));
    let engine =
        tokio::spawn(engine::run(members, in_force, process.status.clone(), process.clock, stop.clone()));
    let pause = wait(settings, signals, global, &reload, history.is_none(), process).await;
    stop.cancel();
    let _ = tokio::join!(engine, keeping, metering);
    Ok(pause)
}

/// The right to write to a tenant; none where nothing is written to it anyway. Another process that has it
/// is an error: two daemons on one history are a mistake of whoever started the second.
async fn lease(
    connected: &Connected,
    history: Option<&Arc<dyn History>>,
) -> Result<Option<crate::history::WriterLease>, Failure> {
    let (Some(history), Mode::Enforce) = (history, connected.tenant.mode) else { return Ok(None) };
    match history.acquire_writer(connected.tenant.id, holder("run")).await {
        Ok(lease) => Ok(Some(lease)),
        Err(error) if matches!(error.kind(), ErrorKind::WriterHeld { .. }) => {
            Err(super::plan::named(connected, error.into()))
        }
        // A history that cannot be written is observed without; it is tried again later.
        Err(error) => {
            console::error(&format!("warning: {}\n", chain(&error)));
            Ok(None)
        }
    }
}

async fn open_history(settings: &Settings, process: &Process) -> Option<Arc<dyn History>> {
    match context::history(settings, Remembering::Writing).await {
        Ok(history) => {
            process.status.set_history(None);
            history
        }
        Err(error) => {
            process.status.set_history(Some(chain(&error)));
            process.telemetry.emit(engine::history_unavailable(&error));
            None
        }
    }
}

fn tell_start(args: &RunArgs, process: &Process, connected: &[Connected]) {
    process.telemetry.emit(Event::Process(ProcessEvent::DaemonStarted {
        version: VERSION,
        tenants: connected.iter().map(|one| one.tenant.name.clone()).collect(),
        mode: if args.observe { Mode::Observe } else { Mode::Enforce },
    }));
}

fn place(settings: &Settings) -> PolicyPlace {
    PolicyPlace {
        path: settings.policies.path.value.clone(),
        recursion: context::recursion(settings.policies.recursive.value),
        last_good: context::beside_history(settings, "mailwarden.last-good-policies.json"),
    }
}

/// Waits for a reason to stop or to begin again.
async fn wait(
    settings: &Settings,
    signals: &mut Signals,
    global: &Global,
    reload: &Notify,
    is_forgetful: bool,
    process: &Process,
) -> Pause {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Pause::Stop("SIGTERM"),
            _ = signals.interrupt.recv() => return Pause::Stop("SIGINT"),
            _ = signals.hang_up.recv() => {
                reload.notify_one();
                if let Some(new) = reloaded(settings, global) {
                    return Pause::Again(Box::new(new));
                }
            }
            () = tokio::time::sleep(HISTORY_RETRY), if is_forgetful => {
                if open_history(settings, process).await.is_some() {
                    return Pause::Again(Box::new(settings.clone()));
                }
            }
        }
    }
}

/// The settings as they are now, where they are other than before and usable.
fn reloaded(settings: &Settings, global: &Global) -> Option<Settings> {
    let new = match context::settings(global) {
        Ok(new) => new,
        Err(failure) => {
            // Of an event that is not the catalogue's, only the message is written.
            let rendered = failure.render(Colour::Never);
            let first: Vec<&str> = rendered.lines().take(2).map(str::trim).collect();
            tracing::error!("the settings are faulty; those from before stay in force: {}", first.join(" "));
            return None;
        }
    };
    let fixed = settings.needing_restart(&new);
    if !fixed.is_empty() {
        tracing::warn!("these settings changed and need a restart: {}", fixed.join(", "));
    }
    let kept = Settings {
        history: settings.history.clone(),
        listen: settings.listen.clone(),
        log: settings.log.clone(),
        ..new
    };
    (kept != *settings).then_some(kept)
}
