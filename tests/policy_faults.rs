//! Broken policy files of every kind. Each `tests/policy_faults/*.yaml` is a set of its own, compared
//! with what is said about it in the file of the same name that ends in `.txt`. Run with `BLESS=1` to
//! write what is said now, and read the difference.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its files has failed")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use mailwarden::policy::render::{self, Colour};
use mailwarden::policy::{Code, SourceFile, compile};

fn as_of() -> DateTime<Utc> {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

fn fixtures() -> Vec<(PathBuf, SourceFile)> {
    let entries = std::fs::read_dir("tests/policy_faults").unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        (path, SourceFile { path: name, bytes })
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn each_file_is_told_all_its_faults() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut differing = Vec::new();
    for (path, file) in fixtures() {
        let compilation = compile(&[file], as_of());
        let said = render::text(&compilation.diagnostics, Colour::Never);
        let expected = path.with_extension("txt");
        if bless {
            std::fs::write(&expected, &said).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != said {
            differing.push(format!("--- {}\n{said}", expected.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn every_code_is_caused_by_some_file() {
    let mut caused: BTreeSet<Code> = BTreeSet::new();
    for (_, file) in fixtures() {
        caused.extend(compile(&[file], as_of()).diagnostics.iter().map(|one| one.code));
    }
    caused.extend(compile(&[], as_of()).diagnostics.iter().map(|one| one.code));
    let big = SourceFile { path: "big.yaml".to_owned(), bytes: vec![b'#'; 1024 * 1024 + 1] };
    caused.extend(compile(&[big], as_of()).diagnostics.iter().map(|one| one.code));
    let many = SourceFile { path: "many.yaml".to_owned(), bytes: b"- a\n---\n".repeat(2000) };
    caused.extend(compile(&[many], as_of()).diagnostics.iter().map(|one| one.code));
    let missing: Vec<String> = Code::ALL
        .iter()
        .filter(|code| !caused.contains(code))
        .map(|code| format!("{code} {}", code.title()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_documented_example_is_rendered_as_documented() {
    let text = "apiVersion: mailwarden/v1\nkind: MailboxAuditPolicy\nmetadata:\n  name: executives\nspec:\n  mode: enforce\n  \
                selector:\n    match: all\n  audit:\n    enabled: true\n    delegate: default\n    \
                owner: { atLeast: [Update, FolderBind] }\n";
    let file = SourceFile { path: "policies/executives.yaml".to_owned(), bytes: text.into() };
    let found = compile(&[file], as_of()).diagnostics;
    let expected = "\
error[MW014]: `FolderBind` is not an audit action of logon type `owner`
  --> policies/executives.yaml:12:32
12 |     owner: { atLeast: [Update, FolderBind] }
   |                                ^^^^^^^^^^
hint: `FolderBind` can be audited for `admin` and `delegate`
";
    assert_eq!(render::text(&found, Colour::Never), expected);
    let json = render::json(&found);
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["errors"], 1);
    let one = &json["diagnostics"][0];
    assert_eq!(
        (&one["code"], &one["line"], &one["column"], &one["end_column"]),
        (&"MW014".into(), &12.into(), &32.into(), &42.into())
    );
    assert!(render::text(&found, Colour::Always).contains("\u{1b}[1m"));
}
