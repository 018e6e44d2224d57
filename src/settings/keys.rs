//! The table of settings: every key, what it takes, its default and what it is for. Reading, suggestions,
//! the names of environment variables and `docs/settings.md` all follow from it.

/// How a key may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It must be given.
    Required,
    /// It may be given; without it, this is read in its place.
    Default(&'static str),
    /// It may be given; without it there is no value.
    Optional,
    /// Only the file may give it.
    FileOnly,
    /// Only an environment variable may give it: a secret.
    VariableOnly,
    /// A later version takes it.
    NotYet,
}

/// One setting.
#[derive(Debug)]
pub(super) struct Key {
    /// Its path; of a tenant's setting the path below the tenant.
    pub(super) path: &'static str,
    pub(super) status: Status,
    /// What it takes, in a few words that fit "... is needed here".
    pub(super) takes: &'static str,
    /// What it is for.
    pub(super) doc: &'static str,
}

const fn key(path: &'static str, status: Status, takes: &'static str, doc: &'static str) -> Key {
    Key { path, status, takes, doc }
}

const fn later(path: &'static str) -> Key {
    key(path, Status::NotYet, "", "")
}

use Status::{Default, FileOnly, Optional, Required, VariableOnly};

/// Settings of the whole program.
pub(super) const GLOBAL: &[Key] = &[
    key(
        "policies.path",
        Default("./policies"),
        "a path",
        "the directory whose `*.yaml` files are the policy set",
    ),
    key(
        "policies.recursive",
        Default("false"),
        "`true` or `false`",
        "whether deeper directories belong to the set",
    ),
    later("policies.git"),
    later("policies.baseline"),
    key(
        "reconcile.full",
        Default("0 */6 * * *"),
        "a cron line",
        "when everything is looked at, beside each start and each change of the policies: \
         five fields, or six with seconds",
    ),
    key("reconcile.timeZone", Default("UTC"), "an IANA time zone", "the time zone of that cron line"),
    key(
        "reconcile.new",
        Default("30s"),
        "a duration of 1s to 1h",
        "how often mailboxes whose stored value is off are looked for",
    ),
    key(
        "reconcile.changed",
        Default("5m"),
        "a duration of 1s to 24h",
        "how often mailboxes that changed are looked at, and the tenant's switches",
    ),
    key(
        "reconcile.jitter",
        Default("10s"),
        "a duration of 0s to 1h",
        "how far the looks of several tenants are spread; chosen once, at start",
    ),
    later("reconcile.bypass"),
    key(
        "limits.writesPerMinute",
        Default("120"),
        "a number of 1 to 60000",
        "how many calls that write a tenant gets in a minute; its administrators share the service's limit",
    ),
    key("limits.maxConcurrency", Default("6"), "a number of 1 to 64", "how many calls run at once"),
    key(
        "limits.maxChanges",
        Default("null"),
        "a number, or `null` for no cap",
        "mailboxes that intended changes may touch in 24 hours; repairs and new mailboxes are never capped",
    ),
    key(
        "limits.maxChangesPercent",
        Default("null"),
        "a share such as `5%`, or `null` for no cap",
        "the same as a share of the tenant's mailboxes; never fewer than 10 mailboxes",
    ),
    key("limits.maxWeakening", Default("0"), "a number", "mailboxes that may be audited less in 24 hours"),
    later("limits.maxFreezing"),
    later("limits.maxUncovered"),
    key(
        "history.url",
        Default("sqlite:mailwarden.db"),
        "`sqlite:` and a path, or `sqlite::memory:`",
        "where cycles, drift and the journal are kept; a change needs a restart",
    ),
    key(
        "server.listen",
        Default("127.0.0.1:9464"),
        "an address and a port, such as `127.0.0.1:9464`",
        "where health, metrics and the page are served, without a login; a change needs a restart",
    ),
    key("log.format", Default("json"), "`json` or `text`", "the form of the log of `run`"),
    key("log.level", Default("info"), "`error`, `warn`, `info` or `debug`", "the least level that is logged"),
    key("log.identities", Default("upn"), "`upn` or `guid`", "how drift events name a mailbox"),
];

/// Settings of one tenant, below `tenants`.
pub(super) const TENANT: &[Key] = &[
    key("name", FileOnly, "a name", "your word for the tenant: policies, logs and metrics use it; unique"),
    key("tenantId", Required, "a GUID", "the directory's id; unique"),
    key("cloud", Default("global"), "`global`, `gcc`, `gcc-high`, `dod` or `china`", "the national cloud"),
    key(
        "mode",
        Default("enforce"),
        "`enforce` or `observe`",
        "`observe`: the tenant is watched and never written to",
    ),
    key(
        "timeZone",
        Default("UTC"),
        "an IANA time zone",
        "kept for dates that end in the tenant's zone; nothing in this version does, `allowWeakening.until` ends in UTC",
    ),
    key("auth.clientId", Required, "the id of an application", "the application that signs in"),
    key(
        "auth.clientSecretFile",
        Optional,
        "a path",
        "a file that holds the application's secret and nothing else",
    ),
    key(
        "auth.certificateFile",
        Optional,
        "a path",
        "a PEM file with the application's certificate and private key",
    ),
    key(
        "auth.clientSecret",
        VariableOnly,
        "a secret",
        "the application's secret itself; never in the file and never a flag",
    ),
    later("auth.certificatePasswordFile"),
    later("auth.workloadIdentity"),
    later("auth.managedIdentity"),
    later("auth.read"),
    later("auth.write"),
    key(
        "endpoints.authority",
        Optional,
        "an address such as `https://login.example`",
        "another sign-in service; `http` only on this machine itself",
    ),
    key(
        "endpoints.exchange",
        Optional,
        "an address such as `https://exchange.example`",
        "another Exchange service; `http` only on this machine itself",
    ),
];

/// Sections that a tenant may hold too, and then override.
const OVERRIDABLE: [&str; 2] = ["limits", "reconcile"];

/// Whose settings are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The program's.
    Global,
    /// Those of the tenant at this place in the file's list.
    Tenant(usize),
}

/// The keys that may be given in a scope.
pub(super) fn keys(scope: Scope) -> impl Iterator<Item = &'static Key> {
    let own = match scope {
        Scope::Global => GLOBAL,
        Scope::Tenant(_) => TENANT,
    };
    let overriding = GLOBAL.iter().filter(move |key| scope != Scope::Global && is_overridable(key));
    own.iter().chain(overriding)
}

/// Whether a tenant may hold the key too.
pub(super) fn is_overridable(key: &Key) -> bool {
    key.path.split('.').next().is_some_and(|section| OVERRIDABLE.contains(&section))
}

/// The key of a path.
pub(super) fn find(scope: Scope, path: &str) -> Option<&'static Key> {
    keys(scope).find(|key| key.path == path)
}

/// Whether keys stand below the path.
pub(super) fn is_section(scope: Scope, path: &str) -> bool {
    keys(scope).any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The words that may stand directly below a path (the empty one is the top), without those of later
/// versions and those that no file may hold.
pub(super) fn words_below(scope: Scope, path: &str) -> Vec<&'static str> {
    let mut words: Vec<&'static str> =
        if scope == Scope::Global && path.is_empty() { vec!["tenants"] } else { vec![] };
    for key in keys(scope).filter(|key| !matches!(key.status, Status::NotYet | VariableOnly)) {
        let rest = if path.is_empty() {
            Some(key.path)
        } else {
            key.path.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'))
        };
        let Some(word) = rest.and_then(|rest| rest.split('.').next()) else { continue };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The part of an environment variable's name that stands for a path: `limits.writesPerMinute` is
/// `LIMITS__WRITES_PER_MINUTE`.
pub(super) fn variable_part(path: &str) -> String {
    let mut name = String::new();
    for character in path.chars() {
        match character {
            '.' => name.push_str("__"),
            upper if upper.is_ascii_uppercase() => {
                name.push('_');
                name.push(upper);
            }
            other => name.push(other.to_ascii_uppercase()),
        }
    }
    name
}

/// The same for a tenant's name: what is no letter and no digit becomes `_`.
pub(super) fn variable_part_of_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
