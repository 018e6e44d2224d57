//! Whatever bytes a policy file holds, reading it ends, and what is said of it has a place in it. And
//! whatever is accepted means the same to another reader of YAML.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its files has failed")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use mailwarden::policy::render::{self, Colour};
use mailwarden::policy::yaml::{self, Node, Value};
use mailwarden::policy::{Sink, SourceFile, compile};
use proptest::prelude::*;

fn as_of() -> DateTime<Utc> {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

fn survives(bytes: &[u8]) {
    let file = SourceFile { path: "t.yaml".to_owned(), bytes: bytes.to_vec() };
    let compilation = compile(&[file], as_of());
    let faulty = compilation.diagnostics.iter().any(|one| one.is_error());
    assert_eq!(compilation.policies.is_none(), faulty);
    for location in compilation.diagnostics.iter().filter_map(|one| one.location.as_ref()) {
        assert!(location.range.start <= location.range.end && location.range.end <= bytes.len());
        assert!(location.line >= 1 && location.column >= 1 && location.end_line >= location.line);
    }
    let text = render::text(&compilation.diagnostics, Colour::Never);
    assert!(!text.contains('\u{1b}'));
    render::json(&compilation.diagnostics);
}

/// Fragments that matter to a reader of YAML or of the language, to be strung together at random.
const FRAGMENTS: &[&str] = &[
    "apiVersion: mailwarden/v1\n",
    "kind: MailboxAuditPolicy\n",
    "metadata:\n",
    "  name: a\n",
    "spec:\n",
    "  selector:\n",
    "    match: all\n",
    "  audit:\n",
    "    owner: ",
    "default\n",
    "{ atLeast: [",
    "Update, ",
    "] }\n",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "? ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "|\n",
    ">\n",
    "\n",
    "\r",
    "\t",
    " ",
    "  ",
    "#",
    "%YAML 1.2\n",
    "\u{feff}",
    "\u{0}",
    "ü",
    "\u{2028}",
    "\\x1b",
    "@",
    "`",
    "~",
    "null",
    "007",
];

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,300}") {
        survives(text.as_bytes());
    }

    #[test]
    fn any_string_of_fragments_is_survived(parts in proptest::collection::vec(proptest::sample::select(FRAGMENTS), 0..60)) {
        survives(parts.concat().as_bytes());
    }

    #[test]
    fn any_cut_or_changed_policy_is_survived(at in 0_usize..2000, with in proptest::sample::select(FRAGMENTS), cut in any::<bool>()) {
        let text = include_str!("../policies/executive-assistant/executive-assistant.yaml");
        let at = text.floor_char_boundary(at.min(text.len()));
        let rest = if cut { "" } else { &text[at..] };
        survives(format!("{}{with}{rest}", &text[..at]).as_bytes());
    }
}

#[test]
fn no_depth_and_no_repetition_exhausts_anything() {
    let started = std::time::Instant::now();
    let mebibyte = 1024 * 1024 - 64;
    for unit in [
        "- ", "[", "{", "{a: ", "? ", "a:\n ", "\"", "---\n", "&a [", "*a ", "[],", "- - \n", "a: b\n", "!",
        "#", "'", "|\n",
    ] {
        survives(unit.repeat(mebibyte / unit.len()).as_bytes());
    }
    let indented: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    survives(indented.as_bytes());
    let keys: String = (0..60_000).map(|number| format!("key{number}: x\n")).collect();
    survives(keys.as_bytes());
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

fn yaml_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let nested = folders.iter().flat_map(|folder| yaml_files(folder));
    let yaml = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    yaml.chain(nested).collect()
}

/// Whether another reader's value is ours: scalars by their text where it keeps the text.
fn same(node: &Node, other: &serde_yaml::Value) -> bool {
    match (&node.value, other) {
        (Value::Scalar(scalar), serde_yaml::Value::String(text)) => scalar.text == *text,
        (Value::Scalar(scalar), serde_yaml::Value::Bool(value)) => {
            scalar.plain && scalar.text == value.to_string()
        }
        (Value::Scalar(scalar), serde_yaml::Value::Number(value)) => {
            scalar.plain && scalar.text == value.to_string()
        }
        (Value::Scalar(scalar), serde_yaml::Value::Null) => scalar.is_null(),
        (Value::Sequence(items), serde_yaml::Value::Sequence(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| same(item, other))
        }
        (Value::Mapping(mapping), serde_yaml::Value::Mapping(others)) => {
            mapping.entries.len() == others.len()
                && mapping.entries.iter().all(|entry| {
                    others.get(entry.key.value.as_str()).is_some_and(|other| same(&entry.value, other))
                })
        }
        _ => false,
    }
}

fn means_the_same(name: &str, text: &str) -> usize {
    use serde::Deserialize as _;
    let source = yaml::decode_text(name, text.as_bytes()).unwrap();
    let mut sink = Sink::new(Arc::new(source));
    let ours = yaml::parse(&mut sink);
    assert_eq!(sink.errors(), 0, "{name}");
    let theirs: Vec<serde_yaml::Value> = serde_yaml::Deserializer::from_str(text)
        .map(|document| serde_yaml::Value::deserialize(document).unwrap())
        .filter(|value| !value.is_null())
        .collect();
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(same(ours, theirs), "{name}: {ours:?} is not {theirs:?}");
    }
    ours.len()
}

#[test]
fn every_accepted_document_means_the_same_to_another_reader() {
    let mut documents = 0;
    for path in
        yaml_files(Path::new("policies")).into_iter().chain(yaml_files(Path::new("tests/policy_accepted")))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = SourceFile { path: path.display().to_string(), bytes: text.clone().into_bytes() };
        let compilation = compile(&[file], as_of());
        assert!(compilation.policies.is_some(), "{}", render::text(&compilation.diagnostics, Colour::Never));
        documents += means_the_same(&path.display().to_string(), &text);
    }
    assert!(documents >= 10, "{documents}");
}
