//! Settings as their users give them: what is taken, what is refused, and that no message holds a secret.

use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::keys::{GLOBAL, Scope, Status, TENANT, find, variable_part};
use super::*;
use crate::policy::render::Colour;

const ONE_TENANT: &str = "\
tenants:
  - name: contoso
    tenantId: 11111111-2222-3333-4444-555555555555
    auth: { clientId: app, clientSecretFile: secret }
";

#[derive(Default)]
struct Given<'a> {
    file: &'a str,
    environment: &'a [(&'a str, &'a str)],
    flags: &'a [&'a str],
}

impl Given<'_> {
    fn load(&self) -> Result<Settings, SettingsError> {
        let environment: Vec<(String, String)> =
            self.environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let overrides: Vec<String> = self.flags.iter().map(|flag| (*flag).into()).collect();
        let inputs = LoadInputs {
            path: None,
            environment: &environment,
            overrides: &overrides,
            check_schedule: &|line, _| match line.split_whitespace().count() {
                5 | 6 => Ok(()),
                _ => Err(format!("`{line}` is no cron line")),
            },
        };
        parse(Path::new("etc/mailwarden.yaml"), self.file.as_bytes(), &inputs)
    }

    fn settings(&self) -> Settings {
        self.load().unwrap_or_else(|error| panic!("{}", error.render(Colour::Never)))
    }

    fn faults(&self) -> String {
        match self.load() {
            Ok(_) => panic!("no fault was found"),
            Err(error) => error.render(Colour::Never),
        }
    }
}

fn file(text: &str) -> Given<'_> {
    Given { file: text, ..Given::default() }
}

#[test]
fn the_least_file_is_enough_and_paths_are_relative_to_it() {
    let settings = file(ONE_TENANT).settings();
    assert_eq!(settings.policies.path.value, Path::new("etc/policies"));
    assert_eq!(settings.history.value, HistoryUrl::File("etc/mailwarden.db".into()));
    assert_eq!(settings.listen.value.to_string(), "127.0.0.1:9464");
    assert_eq!(settings.log.level.value, Level::Info);
    let tenant = &settings.tenants[0];
    assert_eq!(tenant.mode.value, Mode::Enforce);
    assert_eq!(tenant.limits.writes_per_minute.value, 120);
    assert_eq!(tenant.limits.guard(), Limits::default());
    assert_eq!(tenant.reconcile.new.value, Duration::from_secs(30));
    assert!(matches!(&tenant.authentication.credential.value,
        CredentialSource::SecretFile(path) if path == Path::new("etc/secret")));
    assert_eq!(tenant.id.source.to_string(), "etc/mailwarden.yaml:3:15");
    assert_eq!(tenant.cloud.source, Source::Default);
}

#[test]
fn the_starter_file_loads() {
    let settings = file(example()).settings();
    assert_eq!(settings.tenants[0].mode.value, Mode::Observe);
}

#[test]
fn every_key_commented_out_in_the_starter_file_is_one_of_this_version_with_its_default() {
    let uncommented: String = example()
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| {
                    rest.starts_with(' ') || rest.contains(":\n") || rest.trim_end().ends_with(':')
                })
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let all = file(&uncommented).settings();
    let least = file(example()).settings();
    assert!(matches!(all.log.format.source, Source::File(_)), "{uncommented}");
    assert_eq!(all.log.format.value, least.log.format.value);
    assert_eq!(all.listen.value, least.listen.value);
    assert_eq!(all.history.value, least.history.value);
    assert_eq!(all.tenants[0].limits.guard(), least.tenants[0].limits.guard());
    assert_eq!(all.tenants[0].reconcile.changed.value, least.tenants[0].reconcile.changed.value);
}

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let text = format!("{ONE_TENANT}limits: {{ writesPerMinute: 10, maxConcurrency: 2 }}\n");
    let given = Given {
        file: &text,
        environment: &[
            ("MAILWARDEN_LIMITS__WRITES_PER_MINUTE", "20"),
            ("MAILWARDEN_LIMITS__MAX_CONCURRENCY", "3"),
        ],
        flags: &["limits.writesPerMinute=30"],
    };
    let limits = given.settings().tenants.remove(0).limits;
    assert_eq!((limits.writes_per_minute.value, limits.max_concurrency.value), (30, 3));
    assert_eq!(limits.writes_per_minute.source.to_string(), "flag `--set limits.writesPerMinute`");
    assert_eq!(
        limits.max_concurrency.source.to_string(),
        "environment variable `MAILWARDEN_LIMITS__MAX_CONCURRENCY`"
    );
}

#[test]
fn a_tenant_overrides_limits_and_reconcile_for_itself_alone() {
    let text = "\
tenants:
  - name: small
    tenantId: 11111111-2222-3333-4444-555555555555
    auth: { clientId: app, certificateFile: /run/app.pem }
    limits: { maxChangesPercent: 5%, maxChanges: null }
    reconcile: { new: 1m, timeZone: Europe/Dublin }
  - name: large-eu
    tenantId: 11111111-2222-3333-4444-555555555556
    auth: { clientId: app, clientSecretFile: secret }
limits: { maxChanges: 50, maxChangesPercent: 7 }
";
    let given = Given {
        file: text,
        environment: &[("MAILWARDEN_TENANTS__LARGE_EU__LIMITS__MAX_WEAKENING", "4")],
        flags: &["tenants.large-eu.mode=observe"],
    };
    let settings = given.settings();
    let [small, large] = &settings.tenants[..] else { panic!() };
    assert_eq!(small.limits.guard().max_changes_percent, Percent::new(5.0));
    assert_eq!(small.limits.guard().max_changes, None);
    assert_eq!(small.reconcile.new.value, Duration::from_secs(60));
    assert_eq!(small.reconcile.time_zone.value.name(), "Europe/Dublin");
    assert_eq!(large.limits.guard().max_changes, Some(50));
    assert_eq!(large.limits.guard().max_weakening, 4);
    assert_eq!(small.limits.guard().max_weakening, 0);
    assert_eq!((small.mode.value, large.mode.value), (Mode::Enforce, Mode::Observe));
}

#[test]
fn names_of_the_cluster_are_ignored_and_slips_in_ours_are_not() {
    let injected = [
        ("MAILWARDEN_PORT_9464_TCP", "tcp://10.0.0.1:9464"),
        ("MAILWARDEN_SERVICE_HOST", "10.0.0.1"),
        ("MAILWARDEN_SERVER_SERVICE_PORT", "9464"),
        ("MAILWARDEN_OTHER__THING", "1"),
        ("MAILWARDEN_LIMITS__WRITES_PER_MINUTE", ""),
        ("MAILWARDEN_BLESS", "1"),
    ];
    Given { file: ONE_TENANT, environment: &injected, flags: &[] }.settings();
    let slip = [("MAILWARDEN_LIMITS__WRITES_PER_MINUT", "9")];
    let faults = Given { file: ONE_TENANT, environment: &slip, flags: &[] }.faults();
    assert!(faults.contains("environment variable `MAILWARDEN_LIMITS__WRITES_PER_MINUT`"), "{faults}");
    assert!(faults.contains("did you mean `LIMITS__WRITES_PER_MINUTE`?"), "{faults}");
}

#[test]
fn a_tenant_that_only_a_variable_or_flag_knows_is_an_error() {
    let given = Given {
        file: ONE_TENANT,
        environment: &[("MAILWARDEN_TENANTS__FABRIKAM__MODE", "observe")],
        flags: &["tenants.fabrikam.mode=observe"],
    };
    let faults = given.faults();
    assert_eq!(faults.matches("the settings file has no tenant of this name").count(), 2, "{faults}");
    assert!(faults.contains("it names `contoso`"), "{faults}");
}

#[test]
fn every_fault_of_every_source_is_shown_at_once() {
    let text = "\
tenants:
  - name: .bad
    tenantId: 1234
    clud: global
    mode: enforced
    auth: { clientId: app, managedIdentity: {}, clientSecretFile: s }
    endpoints: { authority: http://login.example, exchange: https://e.example/path }
policies: { pth: x }
reconcile: { new: 30, timeZone: Europe/Dubln, bypass: 1h }
limits: { writesPerMinute: 0, maxChangesPercent: 101%, maxFreezing: 3 }
history: { url: \"postgres://user:hunter2@db/x\" }
server: { listen: \":9464\" }
log: { level: verbose }
tenents: []
";
    let given = Given {
        file: text,
        environment: &[("MAILWARDEN_LOG__FORMAT", "xml")],
        flags: &["limits.maxConcurrency=65", "limit.maxChanges=1", "reconcile.jitter"],
    };
    let faults = given.faults();
    for expected in [
        "`.bad` is not usable as a name\n --> etc/mailwarden.yaml:2:11",
        "a GUID is needed here, not `1234`",
        "unknown key `clud`",
        "did you mean `cloud`?",
        "did you mean `enforce`?",
        "`managedIdentity` is not in this version",
        "secrets and tokens would travel unencrypted",
        "write scheme, host and port",
        "did you mean `path`?",
        "a duration of 1s to 1h is needed here, not `30`",
        "did you mean `Europe/Dublin`?",
        "`bypass` is not in this version",
        "a number of 1 to 60000 is needed here, not `0`",
        "not `101%`",
        "`maxFreezing` is not in this version",
        "`postgres` is not in this version",
        "write `127.0.0.1:9464`",
        "`verbose` is not possible here",
        "did you mean `tenants`?",
        "environment variable `MAILWARDEN_LOG__FORMAT`: `xml` is not possible here",
        "flag `--set limits.maxConcurrency`: a number of 1 to 64 is needed here, not `65`",
        "did you mean `limits.maxChanges`?",
        "flag `--set reconcile.jitter`: a value is missing",
    ] {
        assert!(faults.contains(expected), "{expected}\n---\n{faults}");
    }
    assert!(!faults.contains("hunter2"), "{faults}");
}

#[test]
fn a_fault_in_the_file_is_shown_with_its_line_even_where_a_variable_outweighs_it() {
    let text = format!("{ONE_TENANT}limits: {{ writesPerMinute: many }}\n");
    let given =
        Given { file: &text, environment: &[("MAILWARDEN_LIMITS__WRITES_PER_MINUTE", "20")], flags: &[] };
    let faults = given.faults();
    let expected = "\
error[MW023]: a number of 1 to 60000 is needed here, not `many`
 --> etc/mailwarden.yaml:5:28
5 | limits: { writesPerMinute: many }
  |                            ^^^^
";
    assert_eq!(faults, expected);
}

#[test]
fn no_secret_is_taken_from_the_file_or_a_flag_and_none_is_shown() {
    for line in [
        "auth: { clientId: app, clientSecret: hunter2 }",
        "auth: { clientId: app, clientSecert: hunter2, clientID: x }",
        "clientSecret: hunter2",
        "auth: { clientId: app, \"clientSecret\" : hunter2, mode: [ }",
        "auth: { clientId: app, client_secret: hunter2, tag: !x y }",
        "auth: { clientId: app, clientSecret:\n      hunter2 [ }",
        "auth:\n      clientSecret: hunter2\n      clientSecret: hunter2",
        "auth: { clientId: app, certificatePasswordFile: p, clientSecret: [hunter2] }",
    ] {
        let text = format!("tenants:\n  - name: contoso\n    tenantId: 1\n    {line}\n");
        let given = Given {
            file: &text,
            environment: &[("MAILWARDEN_TENANTS__CONTOSO__AUTH__CLIENT_SECERT", "hunter2")],
            flags: &["tenants.contoso.auth.clientSecret=hunter2"],
        };
        let error = given.load().unwrap_err();
        let said = format!("{error} {error:?} {}", error.render(Colour::Never));
        assert!(!said.contains("hunter2"), "{said}");
    }
    let faults = file("tenants:\n  - name: contoso-eu\n    auth: { clientSecret: x }\n").faults();
    assert!(faults.contains("`clientSecretFile`"), "{faults}");
    assert!(faults.contains("`MAILWARDEN_TENANTS__CONTOSO_EU__AUTH__CLIENT_SECRET`"), "{faults}");
}

#[test]
fn a_secret_comes_from_its_variable_and_is_never_formatted() {
    let text = ONE_TENANT.replace(", clientSecretFile: secret", "");
    let variable = [("MAILWARDEN_TENANTS__CONTOSO__AUTH__CLIENT_SECRET", "hunter2")];
    let settings = Given { file: &text, environment: &variable, flags: &[] }.settings();
    let credential = &settings.tenants[0].authentication.credential;
    assert!(
        matches!(&credential.value, CredentialSource::Secret(secret) if secret.expose_secret() == "hunter2")
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
    let both = Given { file: ONE_TENANT, environment: &variable, flags: &[] }.faults();
    assert!(both.contains("in one way, and two are given"), "{both}");
    assert!(file(&text).faults().contains("`auth.clientSecretFile` is missing"));
}

#[test]
fn names_and_ids_are_unique() {
    let text = format!("{ONE_TENANT}{}", ONE_TENANT.replace("tenants:\n", ""));
    let faults = file(&text).faults();
    assert!(faults.contains("another tenant has the name `contoso` already"), "{faults}");
    assert!(faults.contains("another tenant has the id"), "{faults}");
    assert!(faults.contains("first at etc/mailwarden.yaml:2:11"), "{faults}");
    let text = format!(
        "{ONE_TENANT}{}",
        ONE_TENANT.replace("tenants:\n", "").replace("contoso", "Contoso").replace("5\n", "6\n")
    );
    let variable = [("MAILWARDEN_TENANTS__CONTOSO__MODE", "observe")];
    let faults = Given { file: &text, environment: &variable, flags: &[] }.faults();
    assert!(faults.contains("two tenants of the settings file are meant"), "{faults}");
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    for (address, taken) in [
        ("http://127.0.0.1:8080", true),
        ("http://[::1]:8080", true),
        ("http://localhost:8080/", true),
        ("https://login.example", true),
        ("http://login.example", false),
        ("http://127.0.0.1.example", false),
        ("https://user:pass@login.example", false),
        ("ftp://127.0.0.1", false),
        ("login.example", false),
    ] {
        let text = format!("{ONE_TENANT}    endpoints: {{ authority: \"{address}\" }}\n");
        assert_eq!(file(&text).load().is_ok(), taken, "{address}");
    }
}

#[test]
fn history_is_a_file_or_memory() {
    for (url, expected) in [
        ("sqlite:data/x.db", HistoryUrl::File("etc/data/x.db".into())),
        ("sqlite:///var/lib/x.db", HistoryUrl::File("/var/lib/x.db".into())),
        ("sqlite::memory:", HistoryUrl::Memory),
    ] {
        let text = format!("{ONE_TENANT}history: {{ url: \"{url}\" }}\n");
        assert_eq!(file(&text).settings().history.value, expected, "{url}");
    }
    let flag = Given { file: ONE_TENANT, environment: &[], flags: &["history.url=sqlite:here.db"] };
    assert_eq!(flag.settings().history.value, HistoryUrl::File("here.db".into()));
    assert!(file(&format!("{ONE_TENANT}history: {{ url: mysql:x }}\n")).load().is_err());
}

#[test]
fn the_cron_line_is_checked_where_it_is_given() {
    let text = format!("{ONE_TENANT}    reconcile: {{ full: \"every hour\" }}\n");
    let faults = file(&text).faults();
    assert!(faults.contains("`every hour` is no cron line\n --> etc/mailwarden.yaml:5:24"), "{faults}");
}

#[test]
fn files_that_are_no_settings_say_so_once() {
    for (text, expected) in [
        ("", "`tenants` is missing"),
        ("# nothing\n", "`tenants` is missing"),
        ("- a\n", "a mapping is needed here, not a list"),
        ("tenants: []\n", "`tenants` is missing"),
        ("tenants: { contoso: {} }\n", "a list of tenants is needed here, not a mapping"),
        ("tenants: [contoso]\n", "a mapping is needed here, not a text"),
        ("tenants:\n\t- a\n", "tab"),
    ] {
        let faults = file(text).faults();
        assert!(faults.contains(expected), "{text:?}: {faults}");
        assert_eq!(faults.matches("error[").count(), 1, "{text:?}: {faults}");
    }
    assert!(file("tenants: []\n---\ntenants: []\n").faults().contains("one document"));
}

#[test]
fn a_section_with_nothing_in_it_is_no_fault() {
    file(&format!("{ONE_TENANT}limits:\nlog: ~\n")).settings();
}

#[test]
fn every_key_of_the_table_is_read_from_every_source() {
    for (scope, prefix, table) in
        [(Scope::Global, "", GLOBAL), (Scope::Tenant(0), "tenants.contoso.", TENANT)]
    {
        for key in table {
            assert_eq!(find(scope, key.path).map(|found| found.path), Some(key.path));
            let flag = format!("{prefix}{}=\u{7}", key.path);
            let value = if key.status == Status::VariableOnly { "x" } else { "\u{7}" };
            let variable =
                format!("MAILWARDEN_{}{}", prefix.to_uppercase().replace('.', "__"), variable_part(key.path));
            let changed = |given: Given<'_>| match given.load() {
                Ok(settings) => settings != file(ONE_TENANT).settings(),
                Err(_) => true,
            };
            assert!(changed(Given { file: ONE_TENANT, environment: &[], flags: &[&flag] }), "{flag}");
            let environment = [(variable.as_str(), value)];
            assert!(changed(Given { file: ONE_TENANT, environment: &environment, flags: &[] }), "{variable}");
        }
    }
}

#[test]
fn files_are_found_by_flag_then_variable_then_search() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailwarden.yaml");
    let missing = directory.path().join("missing.yaml");
    let inputs = LoadInputs { path: None, environment: &[], overrides: &[], check_schedule: &|_, _| Ok(()) };
    let error = load_from(&inputs, &[&path]).unwrap_err();
    assert!(error.to_string().contains("`mailwarden init`"), "{error}");
    std::fs::write(&path, ONE_TENANT).unwrap();
    assert!(load_from(&inputs, &[&missing, &path]).is_ok());
    let environment = [("MAILWARDEN_CONFIG".to_owned(), missing.display().to_string())];
    let by_variable = LoadInputs { environment: &environment, ..inputs.clone() };
    let error = load_from(&by_variable, &[&path]).unwrap_err();
    assert!(error.to_string().contains("named by `MAILWARDEN_CONFIG`"), "{error}");
    assert!(load_from(&LoadInputs { path: Some(path), ..by_variable }, &[]).is_ok());
}

#[test]
fn a_reload_says_what_needs_a_restart() {
    let old = file(ONE_TENANT).settings();
    let text = format!("{ONE_TENANT}server: {{ listen: \"0.0.0.0:1\" }}\nlog: {{ level: debug }}\n");
    assert_eq!(old.needing_restart(&file(&text).settings()), ["server.listen", "log"]);
    assert!(old.needing_restart(&old).is_empty());
    let moved = format!("# a comment above\n{ONE_TENANT}log: {{ level: info }}\n");
    assert!(
        old.needing_restart(&file(&moved).settings()).is_empty(),
        "the same values elsewhere are no change"
    );
}

#[test]
fn a_name_may_hold_what_separates_keys_and_stays_in_the_file() {
    let second =
        ONE_TENANT.replace("tenants:\n", "").replace("contoso", "contoso--eu.west").replace("5\n", "6\n");
    let text = format!("{ONE_TENANT}{second}");
    let given = Given {
        file: &text,
        environment: &[("MAILWARDEN_TENANTS__CONTOSO__EU_WEST__MODE", "observe")],
        flags: &["tenants.contoso--eu.west.cloud=dod"],
    };
    let settings = given.settings();
    let modes: Vec<Mode> = settings.tenants.iter().map(|tenant| tenant.mode.value).collect();
    assert_eq!(modes, [Mode::Enforce, Mode::Observe]);
    assert_eq!(settings.tenants[1].cloud.value, Cloud::Dod);
    let renamed = Given {
        file: ONE_TENANT,
        environment: &[("MAILWARDEN_TENANTS__CONTOSO__NAME", "x")],
        flags: &["tenants.contoso.name=x"],
    };
    assert_eq!(renamed.faults().matches("`name` can only be set in the file").count(), 2);
}

#[test]
fn everything_of_a_later_version_is_refused_as_such() {
    for (section, keys) in [
        ("    auth:", "workloadIdentity managedIdentity read write certificatePasswordFile"),
        ("    reconcile:", "bypass"),
        ("    limits:", "maxFreezing maxUncovered"),
        ("policies:", "git"),
        ("limits:", "maxFreezing"),
    ] {
        for key in keys.split(' ') {
            let text = ONE_TENANT.replace("    auth: { clientId: app, clientSecretFile: secret }\n", "");
            let faults = file(&format!("{text}{section} {{ {key}: {{ a: b }} }}\n")).faults();
            assert!(faults.contains(&format!("`{key}` is not in this version")), "{faults}");
            assert!(faults.contains("a later version of mailwarden takes it"), "{faults}");
        }
    }
}
