//! What the verbs stand on: settings read, policies compiled, tenants connected, the history opened.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::{Failure, Global};
use crate::domain::{Mode, TenantName};
use crate::engine::{Clock, Pace, Schedule, Status, Tenant, chain};
use crate::exchange::{
    Credential, EndpointOverrides, Exchange, ExchangeOptions, HttpTransport, Limits, Proof, Transport,
};
use crate::history::{ErrorKind, History, MemoryHistory, SqliteHistory};
use crate::policy::{PolicySet, Severity, SourceFile, compile};
use crate::settings::{CredentialSource, HistoryUrl, LoadInputs, Settings, TenantSettings, load};
use crate::source::{Recursion, read};
use crate::telemetry::{Level, LogFormat, LogOptions, Telemetry, install};

/// This program's version, as metrics and `version` say it.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which tenants a verb is about.
#[derive(Debug, Args)]
pub(super) struct TenantArgs {
    /// Only this tenant [default: every tenant of the settings]
    #[arg(long, value_name = "TENANT")]
    pub(super) tenant: Option<String>,
}

/// Reads the settings as the flags, the environment and the file say.
pub(super) fn settings(global: &Global) -> Result<Settings, Failure> {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let inputs = LoadInputs {
        path: global.config.clone(),
        environment: &environment,
        overrides: &global.overrides,
        check_schedule: &check_schedule,
    };
    Ok(load(&inputs)?)
}

fn check_schedule(text: &str, zone: &str) -> Result<(), String> {
    let zone = Schedule::zone(zone).map_err(|error| error.to_string())?;
    Schedule::parse(text, zone).map(|_| ()).map_err(|error| error.to_string())
}

/// Whether deeper directories belong to a policy set.
pub(super) const fn recursion(recursive: bool) -> Recursion {
    if recursive { Recursion::Deep } else { Recursion::Direct }
}

/// Reads and compiles a policy set; warnings go to standard error.
pub(super) fn policies(settings: &Settings) -> Result<Arc<PolicySet>, Failure> {
    let files = read(&settings.policies.path.value, recursion(settings.policies.recursive.value))?;
    compile_files(&files)
}

/// Compiles files; warnings go to standard error.
pub(super) fn compile_files(files: &[SourceFile]) -> Result<Arc<PolicySet>, Failure> {
    let compilation = compile(files, Clock::system().now());
    match compilation.policies {
        Some(set) => {
            let warnings: Vec<_> = compilation
                .diagnostics
                .into_iter()
                .filter(|diagnostic| diagnostic.severity() == Severity::Warning)
                .collect();
            let colour = super::console::colour_of_stderr();
            super::console::error(&crate::policy::render::text(&warnings, colour));
            Ok(Arc::new(set))
        }
        None => Err(Failure::Policies(compilation.diagnostics)),
    }
}

/// Logs for a verb: warnings and up, for people.
pub(super) fn log_for_people() {
    let clock = Clock::system();
    let options = LogOptions::for_stderr(LogFormat::Text, Level::Warn, Arc::new(move || clock.now()));
    // A second call in one process, as tests make, changes nothing.
    let _ = install(options);
}

/// How the history is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remembering {
    /// Read, where there is one.
    Reading,
    /// Read and written; created where there is none.
    Writing,
}

/// Opens the history. Verbs that only read do without where there is none yet.
pub(super) async fn history(
    settings: &Settings,
    remembering: Remembering,
) -> Result<Option<Arc<dyn History>>, crate::history::Error> {
    match (&settings.history.value, remembering) {
        (HistoryUrl::Memory, Remembering::Reading) => Ok(None),
        (HistoryUrl::Memory, Remembering::Writing) => Ok(Some(Arc::new(MemoryHistory::new()))),
        (HistoryUrl::File(path), Remembering::Writing) => {
            Ok(Some(Arc::new(SqliteHistory::open(path.clone()).await?)))
        }
        (HistoryUrl::File(path), Remembering::Reading) => {
            match SqliteHistory::open_read_only(path.clone()).await {
                Ok(history) => Ok(Some(Arc::new(history))),
                Err(error) if *error.kind() == ErrorKind::Missing => Ok(None),
                // A look needs no memory: it is poorer without, and still true.
                Err(error) => {
                    super::console::error(&format!(
                        "warning: going on without the history: {}\n",
                        chain(&error)
                    ));
                    Ok(None)
                }
            }
        }
    }
}

/// What tenants share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) history: Option<Arc<dyn History>>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) status: Arc<Status>,
    pub(super) clock: Clock,
}

impl Shared {
    /// For a verb: the network, a telemetry that nobody scrapes, the machine's clock.
    pub(super) fn for_verb(settings: &Settings, history: Option<Arc<dyn History>>) -> Result<Self, Failure> {
        Ok(Self {
            transport: network()?,
            history,
            telemetry: Arc::new(Telemetry::new(VERSION, settings.log.identities.value)),
            status: Arc::new(Status::default()),
            clock: Clock::system(),
        })
    }
}

/// The network.
pub(super) fn network() -> Result<Arc<dyn Transport>, Failure> {
    let transport = HttpTransport::from_environment()
        .map_err(|error| Failure::new(format!("no way to the network: {}", chain(&error))))?;
    Ok(Arc::new(transport))
}

/// A tenant with the client that speaks for it.
pub(super) struct Connected {
    pub(super) tenant: Tenant,
    pub(super) exchange: Arc<Exchange>,
}

/// Connects the tenants that a verb is about. Nothing is sent yet.
pub(super) fn tenants(
    settings: &Settings,
    args: &TenantArgs,
    shared: &Shared,
) -> Result<Vec<Connected>, Failure> {
    let wanted = |tenant: &&TenantSettings| {
        args.tenant.as_ref().is_none_or(|name| *name == *tenant.name.value.as_str())
    };
    let connected: Vec<Connected> = settings
        .tenants
        .iter()
        .filter(wanted)
        .map(|tenant| connect(tenant, shared))
        .collect::<Result<_, _>>()?;
    if connected.is_empty() {
        let names: Vec<&str> = settings.tenants.iter().map(|tenant| tenant.name.value.as_str()).collect();
        let what = format!("no tenant is called `{}`", args.tenant.as_deref().unwrap_or_default());
        return Err(Failure::with_remedy(what, format!("the settings have: {}", names.join(", "))));
    }
    Ok(connected)
}

fn connect(settings: &TenantSettings, shared: &Shared) -> Result<Connected, Failure> {
    let authentication = &settings.authentication;
    let proof = match &authentication.credential.value {
        CredentialSource::Secret(secret) => Proof::Secret(secret.clone()),
        CredentialSource::SecretFile(path) => Proof::SecretFile(path.clone()),
        CredentialSource::CertificateFile(path) => Proof::Certificate { file: path.clone(), key_file: None },
    };
    let limits = &settings.limits;
    let options = ExchangeOptions {
        tenant_id: settings.id.value,
        cloud: settings.cloud.value,
        endpoints: EndpointOverrides {
            authority: settings.authority.as_ref().map(|url| url.value.to_string()),
            exchange: settings.exchange.as_ref().map(|url| url.value.to_string()),
        },
        read: Credential { client_id: authentication.client_id.value.clone(), proof },
        write: None,
        limits: Limits {
            writes_per_minute: limits.writes_per_minute.value,
            max_concurrency: limits.max_concurrency.value,
        },
    };
    let clock = shared.clock;
    let exchange = Exchange::connect(options, shared.transport.clone(), Arc::new(move || clock.now()))
        .map_err(|error| Failure::new(format!("tenant `{}`: {}", settings.name.value, chain(&error))))?;
    let exchange = Arc::new(exchange);
    let tenant = Tenant {
        name: settings.name.value.clone(),
        id: settings.id.value,
        mode: settings.mode.value,
        reader: exchange.clone(),
        writer: exchange.clone(),
        history: shared.history.clone(),
        telemetry: shared.telemetry.clone(),
        status: shared.status.clone(),
        clock,
        limits: limits.guard(),
        writes_per_minute: limits.writes_per_minute.value,
        identity: authentication.client_id.value.clone(),
        pace: pace(settings)?,
    };
    Ok(Connected { tenant, exchange })
}

fn pace(settings: &TenantSettings) -> Result<Pace, Failure> {
    let reconcile = &settings.reconcile;
    let full = Schedule::parse(&reconcile.full.value, reconcile.time_zone.value)
        .map_err(|error| Failure::new(format!("reconcile.full: {error}")))?;
    // One phase for a tenant, the same after every restart.
    let phase = phase(&settings.name.value);
    Ok(Pace {
        full,
        new: reconcile.new.value,
        changed: reconcile.changed.value,
        jitter: reconcile.jitter.value.mul_f64(phase),
    })
}

/// A share of the jitter, from the tenant's name.
fn phase(name: &TenantName) -> f64 {
    let hash = crate::domain::ContentHash::of(name.as_str().as_bytes());
    f64::from(hash.as_bytes()[0]) / 256.0
}

/// The directory beside the history, for what is kept there; none in memory.
pub(super) fn beside_history(settings: &Settings, name: &str) -> Option<PathBuf> {
    match &settings.history.value {
        HistoryUrl::File(path) => Some(path.with_file_name(name)),
        HistoryUrl::Memory => None,
    }
}

/// Every tenant as if the settings said `mode: observe`.
pub(super) fn observe_only(connected: &mut [Connected]) {
    for one in connected {
        one.tenant.mode = Mode::Observe;
    }
}
