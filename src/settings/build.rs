//! From texts with sources to typed settings. Everything is read before anything gives up, so that every
//! fault is found at once.

use std::path::Path;
use std::time::Duration;

use chrono_tz::Tz;
use secrecy::SecretString;

use super::fault::Problem;
use super::keys::Scope;
use super::layers::Layers;
use super::source::Setting;
use super::value::{self, Raw};
use super::{
    Authentication, CredentialSource, HistoryUrl, LimitSettings, LogSettings, PolicySettings,
    ReconcileSettings, ScheduleCheck, Settings, TenantSettings,
};
use crate::domain::{Mode, TenantId, TenantName};
use crate::exchange::Cloud;
use crate::telemetry::{Identities, Level, LogFormat};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Makes settings of what was given. None if anything is wrong; then the faults are in the layers.
pub(super) fn build(layers: &mut Layers, file: &Path, check: ScheduleCheck<'_>) -> Option<Settings> {
    let directory = file.parent().unwrap_or_else(|| Path::new(""));
    let limits = limits(layers, Scope::Global, None);
    let reconcile = reconcile(layers, Scope::Global, None, check);
    let policies = layers.value(Scope::Global, "policies.path", None, value::text);
    let recursive = layers.value(Scope::Global, "policies.recursive", None, value::truth);
    let history = layers.value(Scope::Global, "history.url", None, history_url);
    let listen = layers.value(Scope::Global, "server.listen", None, value::listen);
    let log = log(layers);
    let base = limits.zip(reconcile);
    let tenants: Vec<Option<TenantSettings>> = (0..layers.tenants.len())
        .map(|position| tenant(layers, position, base.as_ref(), Context { directory, check }))
        .collect();
    let tenants = tenants.into_iter().collect::<Option<Vec<_>>>();
    check_unique(layers, tenants.as_deref().unwrap_or_default());
    let path = policies?;
    let history = history?;
    Some(Settings {
        path: file.to_path_buf(),
        tenants: tenants?,
        policies: PolicySettings {
            path: Setting { value: path.source.resolve(directory, &path.value), source: path.source },
            recursive: recursive?,
        },
        history: Setting {
            value: match history.value.as_deref() {
                Some(path) => HistoryUrl::File(history.source.resolve(directory, path)),
                None => HistoryUrl::Memory,
            },
            source: history.source,
        },
        listen: listen?,
        log: log?,
    })
}

#[derive(Clone, Copy)]
struct Context<'a> {
    directory: &'a Path,
    check: ScheduleCheck<'a>,
}

fn limits(layers: &mut Layers, scope: Scope, base: Option<&LimitSettings>) -> Option<LimitSettings> {
    let narrow = |setting: Setting<u64>| setting.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let wide = |setting: &Setting<u32>| setting.clone().map(u64::from);
    let writes = base.map(|base| wide(&base.writes_per_minute));
    let writes = layers.value(scope, "limits.writesPerMinute", writes.as_ref(), value::whole(1, 60_000));
    let calls = base.map(|base| wide(&base.max_concurrency));
    let calls = layers.value(scope, "limits.maxConcurrency", calls.as_ref(), value::whole(1, 64));
    let changes = base.map(|base| &base.max_changes);
    let changes =
        layers.value(scope, "limits.maxChanges", changes, value::nullable(value::whole(0, u64::MAX)));
    let share = base.map(|base| &base.max_changes_percent);
    let share = layers.value(scope, "limits.maxChangesPercent", share, value::nullable(value::percent));
    let weakening = base.map(|base| &base.max_weakening);
    let weakening = layers.value(scope, "limits.maxWeakening", weakening, value::whole(0, u64::MAX));
    Some(LimitSettings {
        writes_per_minute: narrow(writes?),
        max_concurrency: narrow(calls?),
        max_changes: changes?,
        max_changes_percent: share?,
        max_weakening: weakening?,
    })
}

fn reconcile(
    layers: &mut Layers,
    scope: Scope,
    base: Option<&ReconcileSettings>,
    check: ScheduleCheck<'_>,
) -> Option<ReconcileSettings> {
    let full = layers.value(scope, "reconcile.full", base.map(|base| &base.full), value::text);
    let zone = layers.value(scope, "reconcile.timeZone", base.map(|base| &base.time_zone), value::time_zone);
    let new = layers.value(scope, "reconcile.new", base.map(|base| &base.new), value::duration(SECOND, HOUR));
    let changed = base.map(|base| &base.changed);
    let changed = layers.value(scope, "reconcile.changed", changed, value::duration(SECOND, 24 * HOUR));
    let jitter = base.map(|base| &base.jitter);
    let jitter = layers.value(scope, "reconcile.jitter", jitter, value::duration(Duration::ZERO, HOUR));
    let (full, zone) = full.zip(zone)?;
    // A tenant that overrides neither was checked with the program's own.
    let is_own = base.is_none()
        || ["reconcile.full", "reconcile.timeZone"]
            .iter()
            .any(|path| layers.source_of(scope, path).is_some());
    if is_own && let Err(reason) = check(&full.value, zone.value.name()) {
        layers.fault(&full.source, Problem::new(&reason).hint("write five fields, such as `0 */6 * * *`"));
        return None;
    }
    Some(ReconcileSettings { full, time_zone: zone, new: new?, changed: changed?, jitter: jitter? })
}

fn log(layers: &mut Layers) -> Option<LogSettings> {
    let format = value::word(&[("json", LogFormat::Json), ("text", LogFormat::Text)]);
    let format = layers.value(Scope::Global, "log.format", None, format);
    let level = layers.value(
        Scope::Global,
        "log.level",
        None,
        value::word(&Level::ALL.map(|level| (level.as_str(), level))),
    );
    let identities = value::word(&[("upn", Identities::Upn), ("guid", Identities::Guid)]);
    let identities = layers.value(Scope::Global, "log.identities", None, identities);
    Some(LogSettings { format: format?, level: level?, identities: identities? })
}

fn tenant(
    layers: &mut Layers,
    position: usize,
    base: Option<&(LimitSettings, ReconcileSettings)>,
    context: Context<'_>,
) -> Option<TenantSettings> {
    let scope = Scope::Tenant(position);
    let name = layers.required(scope, "name", |given| {
        let text = value::text(given)?;
        TenantName::parse(&text).ok_or_else(|| Problem::invalid_name(&text))
    });
    let id = layers.required(scope, "tenantId", value::guid);
    let clouds = Cloud::ALL.map(|cloud| (cloud.as_str(), cloud));
    let cloud = layers.value(scope, "cloud", None, value::word(&clouds));
    let modes = [("enforce", Mode::Enforce), ("observe", Mode::Observe)];
    let mode = layers.value(scope, "mode", None, value::word(&modes));
    let zone: Option<Setting<Tz>> = layers.value(scope, "timeZone", None, value::time_zone);
    let authentication = authentication(layers, scope, context.directory);
    let authority = layers.optional(scope, "endpoints.authority", value::endpoint);
    let exchange = layers.optional(scope, "endpoints.exchange", value::endpoint);
    let limits = limits(layers, scope, base.map(|(limits, _)| limits));
    let reconcile = reconcile(layers, scope, base.map(|(_, reconcile)| reconcile), context.check);
    // Without a base its faults are reported already, and the defaults stand in for it above.
    base?;
    Some(TenantSettings {
        name: name?,
        id: id?.map(TenantId),
        cloud: cloud?,
        mode: mode?,
        time_zone: zone?,
        authentication: authentication?,
        authority: authority?,
        exchange: exchange?,
        limits: limits?,
        reconcile: reconcile?,
    })
}

/// Exactly one proof: with two of them, the one that is out of date would be found out at the wrong time.
fn authentication(layers: &mut Layers, scope: Scope, directory: &Path) -> Option<Authentication> {
    let client_id = layers.required(scope, "auth.clientId", value::text);
    let secret = layers.optional(scope, "auth.clientSecret", |given| {
        value::text(given).map(|text| CredentialSource::Secret(SecretString::from(text)))
    })?;
    let secret_file = layers.optional(scope, "auth.clientSecretFile", value::text)?;
    let certificate = layers.optional(scope, "auth.certificateFile", value::text)?;
    let file = |path: Setting<String>, make: fn(std::path::PathBuf) -> CredentialSource| Setting {
        value: make(path.source.resolve(directory, &path.value)),
        source: path.source,
    };
    let proofs = [
        secret,
        secret_file.map(|path| file(path, CredentialSource::SecretFile)),
        certificate.map(|path| file(path, CredentialSource::CertificateFile)),
    ];
    let mut proofs = proofs.into_iter().flatten();
    let Some(first) = proofs.next() else {
        layers.missing(
            scope,
            "auth.clientSecretFile",
            "a file with the secret of the application; `auth.certificateFile`, or the environment variable MAILWARDEN_TENANTS__<NAME>__AUTH__CLIENT_SECRET, stands in for it",
        );
        return None;
    };
    if let Some(second) = proofs.next() {
        let problem = Problem::new("the application proves its identity in one way, and two are given");
        layers.fault(&second.source, problem.hint(&format!("keep this or the other, at {}", first.source)));
        return None;
    }
    Some(Authentication { client_id: client_id?, credential: first })
}

fn check_unique(layers: &mut Layers, tenants: &[TenantSettings]) {
    for (position, tenant) in tenants.iter().enumerate() {
        let before = &tenants[..position];
        if let Some(first) = before.iter().find(|other| other.name.value == tenant.name.value) {
            let problem = Problem::not_unique("name", tenant.name.value.as_str(), &first.name.source);
            layers.fault(&tenant.name.source, problem);
        }
        if let Some(first) = before.iter().find(|other| other.id.value == tenant.id.value) {
            let problem = Problem::not_unique("id", &tenant.id.value.to_string(), &first.id.source);
            layers.fault(&tenant.id.source, problem);
        }
    }
}

/// The path of a file, or none for memory. An address that this version does not take may hold a
/// password, so no message repeats it.
fn history_url(given: value::Given<'_>) -> value::Decoded<Option<String>> {
    let Raw { text, .. } = given.raw;
    let scheme = text.split(':').next().unwrap_or_default();
    if matches!(scheme, "postgres" | "postgresql") {
        return Err(Problem::not_in_this_version("postgres").confidential());
    }
    let path = text.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    match path {
        Some(":memory:") => Ok(None),
        Some(path) if !path.is_empty() && !path.contains('?') => Ok(Some(path.to_owned())),
        _ => Err(Problem::wrong_shape(given.key.takes, "this text").confidential()),
    }
}
