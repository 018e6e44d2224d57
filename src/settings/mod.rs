//! Settings: `mailwarden.yaml`, environment variables and `--set`, as typed values that remember where they
//! come from, or everything that is wrong with them. Nothing here opens what a setting names.
//!
//! ```text
//! file --file--> texts with places --+
//! environment, flags --overlay-------+--layers, value, build--> Settings
//! ```

mod build;
mod fault;
mod file;
mod keys;
mod layers;
mod overlay;
mod reference;
mod source;
#[cfg(test)]
mod tests;
mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use secrecy::SecretString;
use url::Url;

pub use fault::SettingsError;
pub use reference::reference;
pub use source::{Setting, Source};

use crate::domain::{Mode, TenantId, TenantName};
use crate::exchange::Cloud;
use crate::plan::{Limits, Percent};
use crate::telemetry::{Identities, Level, LogFormat};
use layers::Layers;

/// The variable that names the settings file.
pub const PATH_VARIABLE: &str = "MAILWARDEN_CONFIG";

/// Where the file is looked for, unless it is named.
pub const SEARCHED: [&str; 2] = ["mailwarden.yaml", "/etc/mailwarden/mailwarden.yaml"];

/// Says what is wrong with a cron line in a time zone, if anything is.
pub type ScheduleCheck<'a> = &'a dyn Fn(&str, &str) -> Result<(), String>;

/// What settings are made from.
#[derive(Clone)]
pub struct LoadInputs<'a> {
    /// The file, where a flag names it.
    pub path: Option<PathBuf>,
    /// The process's environment, as far as it is text.
    pub environment: &'a [(String, String)],
    /// The values of `--set`, in order.
    pub overrides: &'a [String],
    /// Who knows cron lines.
    pub check_schedule: ScheduleCheck<'a>,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The file that they were read from.
    pub path: PathBuf,
    /// The tenants, at least one, in the order of the file.
    pub tenants: Vec<TenantSettings>,
    /// Where policies are.
    pub policies: PolicySettings,
    /// Where the history is.
    pub history: Setting<HistoryUrl>,
    /// Where health, metrics and the page are served.
    pub listen: Setting<SocketAddr>,
    /// What is logged, and how.
    pub log: LogSettings,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantSettings {
    /// What its operators call it.
    pub name: Setting<TenantName>,
    /// What the service calls it.
    pub id: Setting<TenantId>,
    /// The national cloud.
    pub cloud: Setting<Cloud>,
    /// Whether anything is written.
    pub mode: Setting<Mode>,
    /// The time zone in which its dates end.
    pub time_zone: Setting<Tz>,
    /// Who signs in.
    pub authentication: Authentication,
    /// Another sign-in service than the cloud's.
    pub authority: Option<Setting<Url>>,
    /// Another Exchange service than the cloud's.
    pub exchange: Option<Setting<Url>>,
    /// Its limits: its own, or the program's.
    pub limits: LimitSettings,
    /// Its rhythm: its own, or the program's.
    pub reconcile: ReconcileSettings,
}

/// The application that signs in to a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Authentication {
    /// Its id.
    pub client_id: Setting<String>,
    /// How it proves its identity.
    pub credential: Setting<CredentialSource>,
}

/// Where the proof of an application's identity is.
#[derive(Debug, Clone)]
pub enum CredentialSource {
    /// Here: from an environment variable.
    Secret(SecretString),
    /// In a file that holds a secret and nothing else.
    SecretFile(PathBuf),
    /// In a PEM file with certificate and private key.
    CertificateFile(PathBuf),
}

impl PartialEq for CredentialSource {
    fn eq(&self, other: &Self) -> bool {
        use secrecy::ExposeSecret as _;
        match (self, other) {
            (Self::Secret(left), Self::Secret(right)) => left.expose_secret() == right.expose_secret(),
            (Self::SecretFile(left), Self::SecretFile(right))
            | (Self::CertificateFile(left), Self::CertificateFile(right)) => left == right,
            _ => false,
        }
    }
}

/// Where policies are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// The directory.
    pub path: Setting<PathBuf>,
    /// Whether deeper directories belong to the set.
    pub recursive: Setting<bool>,
}

/// How often a tenant is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconcileSettings {
    /// The cron line of full looks.
    pub full: Setting<String>,
    /// Its time zone.
    pub time_zone: Setting<Tz>,
    /// The pause between looks for new mailboxes.
    pub new: Setting<Duration>,
    /// The pause between looks at changed mailboxes.
    pub changed: Setting<Duration>,
    /// How far the looks of several tenants are spread.
    pub jitter: Setting<Duration>,
}

/// How much may happen.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitSettings {
    /// Calls that write, in a minute.
    pub writes_per_minute: Setting<u32>,
    /// Calls at once.
    pub max_concurrency: Setting<u32>,
    /// The cap of intended changes.
    pub max_changes: Setting<Option<u64>>,
    /// The same as a share.
    pub max_changes_percent: Setting<Option<Percent>>,
    /// The cap of weakening changes.
    pub max_weakening: Setting<u64>,
}

impl LimitSettings {
    /// The caps, as the guard takes them.
    pub const fn guard(&self) -> Limits {
        Limits {
            max_changes: self.max_changes.value,
            max_changes_percent: self.max_changes_percent.value,
            max_weakening: self.max_weakening.value,
        }
    }
}

/// Where the history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryUrl {
    /// In an SQLite file.
    File(PathBuf),
    /// In memory: gone with the process.
    Memory,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The form.
    pub format: Setting<LogFormat>,
    /// The least level.
    pub level: Setting<Level>,
    /// How drift events name a mailbox.
    pub identities: Setting<Identities>,
}

impl Settings {
    /// Keys whose new values need a restart, for a reload that would otherwise pass over them in silence.
    pub fn needing_restart(&self, new: &Self) -> Vec<&'static str> {
        let history = (self.history.value != new.history.value).then_some("history.url");
        let listen = (self.listen.value != new.listen.value).then_some("server.listen");
        // The log is set up once for the process.
        let values = |log: &LogSettings| (log.format.value, log.level.value, log.identities.value);
        let log = (values(&self.log) != values(&new.log)).then_some("log");
        history.into_iter().chain(listen).chain(log).collect()
    }
}

/// Finds and reads the settings.
pub fn load(inputs: &LoadInputs<'_>) -> Result<Settings, SettingsError> {
    load_from(inputs, &SEARCHED.map(Path::new))
}

fn load_from(inputs: &LoadInputs<'_>, searched: &[&Path]) -> Result<Settings, SettingsError> {
    let variable = inputs.environment.iter().find(|(name, value)| name == PATH_VARIABLE && !value.is_empty());
    let named = match (&inputs.path, variable) {
        (Some(path), _) => Some((path.clone(), "`--config`".to_owned())),
        (None, Some((name, path))) => Some((PathBuf::from(path), format!("`{name}`"))),
        (None, None) => None,
    };
    let is_named = named.is_some();
    let candidates = match named {
        Some(named) => vec![named],
        None => searched.iter().map(|path| (path.to_path_buf(), "the search for it".to_owned())).collect(),
    };
    for (path, named_by) in candidates {
        match std::fs::read(&path) {
            Ok(bytes) => return parse(&path, &bytes, inputs),
            Err(error) if !is_named && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(SettingsError::Unreadable { path, named_by, source }),
        }
    }
    Err(SettingsError::NotFound {
        searched: searched.iter().map(|path| path.display().to_string()).collect(),
    })
}

/// Reads settings from bytes, as if they stood in a file of this path; what `inputs` says beside the file
/// counts too.
pub fn parse(path: &Path, bytes: &[u8], inputs: &LoadInputs<'_>) -> Result<Settings, SettingsError> {
    let mut layers = Layers::new();
    file::read(&path.display().to_string(), bytes, &mut layers);
    overlay::environment(inputs.environment, &mut layers);
    overlay::flags(inputs.overrides, &mut layers);
    let settings = build::build(&mut layers, path, inputs.check_schedule);
    let faults = layers.into_faults();
    match settings {
        Some(settings) if faults.is_empty() => Ok(settings),
        _ => Err(SettingsError::Faulty(faults)),
    }
}

/// The commented file that `init` writes to start from.
pub const fn example() -> &'static str {
    include_str!("example.yaml")
}
