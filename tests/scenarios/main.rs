//! Scenarios: each directory beside this file is a tenant, policies and a script of command lines for the
//! real program; what it prints and how it ends is compared with `expected.txt`. `BLESS=1` writes that file
//! anew, and then the difference is to be read: is it what the documents promise?

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken stage must stop the test")]

mod stage;
mod tenant;
mod volatile;

use std::path::Path;

use stage::Stage;

fn run(name: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    let script = std::fs::read_to_string(directory.join("script")).unwrap();
    let said = Stage::set(&directory).play(&script);
    let path = directory.join("expected.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, said).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if said != expected {
        let differs = expected.lines().zip(said.lines()).position(|(one, other)| one != other);
        let line = differs.unwrap_or_else(|| expected.lines().count().min(said.lines().count())) + 1;
        panic!("{name}: differs from expected.txt at line {line}; `BLESS=1` rewrites it. It said:\n{said}");
    }
}

macro_rules! scenarios {
    ($($(#[$attribute:meta])* $name:ident,)+) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $name() {
                run(stringify!($name));
            }
        )+

        #[test]
        fn every_directory_is_run() {
            let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
            let mut found: Vec<String> = std::fs::read_dir(here)
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.path().is_dir())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            found.sort();
            let mut run = vec![$(stringify!($name)),+];
            run.sort_unstable();
            assert_eq!(found, run);
        }
    };
}

scenarios! {
    away,
    caps,
    conflict,
    corrective,
    daemon,
    default_set_shrinks,
    effective,
    exit_codes,
    explain,
    faulty_policies,
    faulty_settings,
    first_apply,
    kinds,
    list_drift,
    log_age,
    names,
    no_organization_policy,
    no_permission,
    observe,
    observing_policy,
    organization,
    refused,
    rejected,
    run_once,
    second_writer,
    several_returns,
    shipped_sets,
    starter_files,
    throttled,
    truncated,
    #[ignore = "waits three minutes of real time for writes that never show"]
    vanishing_writes,
    weakening,
    wrong_secret,
}
