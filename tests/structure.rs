//! The shape of the crate, kept by a test: floors import downward only, the core stays pure, files and
//! functions stay within their budget. The map of the floors is in the crate's doc.
//!
//! The checker reads tokens, not types: comments, strings and `#[cfg(test)]` items are blanked first, then
//! paths and bodies are looked at. Each rule has a small bad example below, so that it is known to fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken tree must stop the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each top-level module and its floor. A module imports itself and lower floors; siblings never each other.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("policy", 1),
    ("plan", 2),
    ("telemetry", 2),
    ("source", 3),
    ("exchange", 3),
    ("history", 3),
    ("engine", 4),
    ("settings", 5),
    ("report", 5),
    ("server", 5),
    ("cli", 6),
];
/// Stands beside the tower: imports nothing of the crate, and only `cli` and tests import it.
const BESIDE: &str = "simulator";
const FIRST_FLOOR_WITH_IO: u8 = 3;
const WALL_CLOCK: &str = "engine/clock.rs";
const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 70;

#[test]
fn the_crate_keeps_its_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let faults = check(&rust_files(&root.join("src")));
    assert!(faults.is_empty(), "{} faults in the crate's structure:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_test_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    for (path, text) in rust_files(&root.join("tests")) {
        faults.extend(head(&path, &text));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn rust_files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

// ---- the rules ----

/// All faults of a tree given as (path below `src`, text).
fn check(files: &BTreeMap<String, String>) -> Vec<String> {
    let tests = test_only(files);
    let mut faults = Vec::new();
    for (path, text) in files {
        faults.extend(head(path, text));
        if tests.contains(path) {
            continue;
        }
        let (code, test_lines) = without_tests(&blank(text));
        let file = File { path, module: module_of(path), tokens: tokens(&code) };
        faults.extend(file_length(path, text.lines().count().saturating_sub(test_lines)));
        file.imports(&mut faults);
        file.purity(&mut faults);
        file.clocks(&mut faults);
        file.unwraps(&mut faults);
        file.function_lengths(&mut faults);
    }
    faults
}

fn head(path: &str, text: &str) -> Option<String> {
    (!text.starts_with("//!"))
        .then(|| format!("{path}:1: opens without `//!`. Say in its first line what the file is for"))
}

fn file_length(path: &str, lines: usize) -> Option<String> {
    (lines > MAX_FILE_LINES).then(|| {
        format!(
            "{path}: {lines} lines without its tests, the budget is {MAX_FILE_LINES}. Find the second idea in \
             it and give it a file of its own"
        )
    })
}

fn floor_of(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

fn module_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or(path)
}

/// How many modules deep the file's own module lies below the crate root.
fn depth_of(path: &str) -> usize {
    let parts = path.split('/').count();
    if path.ends_with("mod.rs") { parts - 1 } else { parts }
}

struct File<'a> {
    path: &'a str,
    module: &'a str,
    tokens: Vec<Token>,
}

impl File<'_> {
    fn imports(&self, faults: &mut Vec<String>) {
        let Self { path, module, .. } = self;
        if *module == "lib" {
            return;
        }
        if *module == "main" {
            for (line, target) in self.paths_below(&["mailwarden"]).into_iter().filter(|(_, t)| t != "cli") {
                faults.push(format!(
                    "{path}:{line}: main.rs imports `{target}`. It may import only `cli`: move the work there"
                ));
            }
            return;
        }
        if *module != BESIDE && floor_of(module).is_none() {
            faults.push(format!(
                "{path}: module `{module}` is on no floor. Put it below a module of the map in the crate's doc, or \
                 add its floor there and to FLOORS in tests/structure.rs"
            ));
            return;
        }
        for (line, target) in self.crate_paths() {
            if let Some(reason) = refusal(module, &target) {
                faults.push(format!("{path}:{line}: `{module}` imports `{target}`: {reason}"));
            }
        }
    }

    /// Every (line, top-level module) that a path of this file names, in imports and in bodies.
    fn crate_paths(&self) -> Vec<(usize, String)> {
        let mut found = self.paths_below(&["crate"]);
        let up = vec!["super"; depth_of(self.path)];
        found.extend(self.paths_below(&up).into_iter().filter(|(_, t)| floor_of(t).is_some() || t == BESIDE));
        found
    }

    /// What stands directly below a path prefix: `a::x`, and each first name of `a::{x::y, z}`.
    fn paths_below(&self, prefix: &[&str]) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for at in 0..self.tokens.len() {
            let starts = at == 0 || self.tokens[at - 1].text != "::";
            let matches = prefix
                .iter()
                .enumerate()
                .all(|(n, p)| self.is(at + 2 * n, p) && self.is(at + 2 * n + 1, "::"));
            if !(starts && matches) {
                continue;
            }
            let first = at + 2 * prefix.len();
            if self.is(first, "{") {
                found.extend(self.group(first));
            } else if let Some(token) = self.tokens.get(first).filter(|t| t.is_name()) {
                found.push((token.line, token.text.clone()));
            }
        }
        found
    }

    /// The first name of each member of the group that opens at `open`.
    fn group(&self, open: usize) -> Vec<(usize, String)> {
        let mut depth = 0;
        let mut found = Vec::new();
        for at in open..self.tokens.len() {
            let token = &self.tokens[at];
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ if depth == 1 && token.is_name() && (self.is(at - 1, "{") || self.is(at - 1, ",")) => {
                    found.push((token.line, token.text.clone()));
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        found
    }

    fn purity(&self, faults: &mut Vec<String>) {
        let Self { path, module, .. } = self;
        let counts = self.paths_below(&["prometheus_client"]).into_iter().map(|(line, _)| line).next();
        if let Some(line) = counts.filter(|_| *module != "telemetry") {
            faults.push(format!(
                "{path}:{line}: `{module}` uses the metrics registry. Only `telemetry` counts: emit an Event"
            ));
        }
        if floor_of(module).is_none_or(|floor| floor >= FIRST_FLOOR_WITH_IO) {
            return;
        }
        for (at, token) in self.tokens.iter().enumerate() {
            let what = match token.text.as_str() {
                "async" | "await" => "is async",
                // Telemetry hands events on by a channel, without waiting.
                "tokio" if self.is(at + 1, "::") && *module != "telemetry" => "uses tokio",
                "SystemTime" | "Utc" | "Local" | "Instant" if self.calls_now(at) => "reads a clock",
                "tracing" if self.is(at + 1, "::") && *module != "telemetry" => "logs",
                _ => continue,
            };
            faults.push(format!(
                "{path}:{}: `{module}` {what}. Below floor {FIRST_FLOOR_WITH_IO} everything is a pure function of \
                 its arguments: take the value (`as_of`, bytes, an answer) from the caller",
                token.line
            ));
        }
        for (line, target) in self.paths_below(&["std"]) {
            if *module != "telemetry" && ["fs", "net", "env", "process", "thread"].contains(&target.as_str())
            {
                faults.push(format!(
                    "{path}:{line}: `{module}` uses std::{target}. Below floor {FIRST_FLOOR_WITH_IO} nothing does \
                     IO: `source`, `exchange` and `history` read and write, and hand down data"
                ));
            }
        }
    }

    fn clocks(&self, faults: &mut Vec<String>) {
        if self.path == WALL_CLOCK || self.module == BESIDE {
            return;
        }
        for (at, token) in self.tokens.iter().enumerate() {
            if ["SystemTime", "Utc", "Local"].contains(&token.text.as_str()) && self.calls_now(at) {
                faults.push(format!(
                    "{}:{}: `{}::now`. Wall time is read in src/{WALL_CLOCK} alone: take `as_of` or the engine's \
                     Clock, so that paused time works in tests",
                    self.path, token.line, token.text
                ));
            }
        }
    }

    fn calls_now(&self, at: usize) -> bool {
        self.is(at + 1, "::") && self.is(at + 2, "now")
    }

    fn unwraps(&self, faults: &mut Vec<String>) {
        for at in 0..self.tokens.len() {
            let unwrap = self.is(at + 1, "unwrap") && self.is(at + 3, ")");
            if self.is(at, ".") && (unwrap || self.is(at + 1, "expect")) && self.is(at + 2, "(") {
                faults.push(format!(
                    "{}:{}: `.{}(` outside tests. Return an error that says who must act, or make the bad case \
                     impossible to build",
                    self.path,
                    self.tokens[at + 1].line,
                    self.tokens[at + 1].text
                ));
            }
        }
    }

    fn function_lengths(&self, faults: &mut Vec<String>) {
        for at in 0..self.tokens.len() {
            let Some(name) = self.tokens.get(at + 1).filter(|t| self.is(at, "fn") && t.is_name()) else {
                continue;
            };
            let Some(end) = self.body_end(at + 2) else { continue };
            let lines = self.tokens[end].line - self.tokens[at].line + 1;
            if lines > MAX_FUNCTION_LINES {
                faults.push(format!(
                    "{}:{}: fn {} has {lines} lines, the budget is {MAX_FUNCTION_LINES}. Name its steps as functions",
                    self.path, self.tokens[at].line, name.text
                ));
            }
        }
    }

    /// The closing brace of the body that follows a signature; none for a declaration.
    fn body_end(&self, from: usize) -> Option<usize> {
        let (mut parens, mut braces) = (0_i32, 0_i32);
        for at in from..self.tokens.len() {
            match self.tokens[at].text.as_str() {
                "(" | "[" => parens += 1,
                ")" | "]" => parens -= 1,
                ";" if parens == 0 && braces == 0 => return None,
                "{" => braces += 1,
                "}" => {
                    braces -= 1;
                    if braces == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text == text)
    }
}

/// Why `module` may not import `target`; none where it may.
fn refusal(module: &str, target: &str) -> Option<String> {
    if module == target {
        return None;
    }
    if module == BESIDE {
        return Some("the simulator imports nothing of the crate. Write what it needs on its own".into());
    }
    if target == BESIDE {
        return (module != "cli").then(|| "only `cli` and tests may. Reach it through a port".into());
    }
    match (floor_of(module)?, floor_of(target)) {
        (_, None) => Some("it is on no floor. Import from the module that defines it".into()),
        (own, Some(other)) if other > own => Some(format!(
            "floor {own} may not see floor {other}. Hand the value down, or move the noun to a lower floor"
        )),
        (own, Some(other)) if other == own => Some(format!(
            "siblings on floor {own}. What both need belongs on a lower floor, what joins them on a higher one"
        )),
        _ => None,
    }
}

// ---- reading Rust ----

struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Names, `::` and single characters, with their lines, of code whose comments and strings are blanked.
fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (number, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = match name {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                _ => name,
            };
            found.push(Token { line: number + 1, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// The same text with every comment, string and character literal as blanks, line by line.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        match end {
            Some(end) => {
                out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
                at = end;
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; none where none starts.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let next = |n: usize| chars.get(at + n).copied();
    let find = |from: usize, stop: &[char]| {
        (from..chars.len()).find(|i| chars[*i..].starts_with(stop)).map_or(chars.len(), |i| i + stop.len())
    };
    match chars[at] {
        '/' if next(1) == Some('/') => Some(find(at, &['\n']) - 1),
        '/' if next(1) == Some('*') => Some(find(at + 2, &['*', '/'])),
        '"' => Some(string_end(chars, at)),
        'r' if !at.checked_sub(1).is_some_and(|i| is_word(chars[i]) && !matches!(chars[i], 'b' | 'c')) => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            let stop: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            (next(1 + hashes) == Some('"')).then(|| find(at + 2 + hashes, &stop))
        }
        '\'' if next(1) == Some('\\') => Some(find(at + 3, &['\''])),
        '\'' if next(2) == Some('\'') => Some(at + 3),
        _ => None,
    }
}

fn string_end(chars: &[char], open: usize) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Blanks every `#[cfg(test)]` item; also how many lines these took.
fn without_tests(code: &str) -> (String, usize) {
    const MARK: &str = "#[cfg(test)]";
    let (mut out, mut rest, mut lines) = (String::new(), code, 0);
    while let Some(start) = rest.find(MARK) {
        let item = &rest[start..];
        let end = item_end(item, MARK.len());
        out.push_str(&rest[..start]);
        out.push_str(&"\n".repeat(item[..end].matches('\n').count()));
        lines += item[..end].matches('\n').count() + 1;
        rest = &item[end..];
    }
    out.push_str(rest);
    (out, lines)
}

fn item_end(item: &str, from: usize) -> usize {
    let (mut parens, mut braces) = (0_i32, 0_i32);
    for (at, c) in item.char_indices().skip_while(|(at, _)| *at < from) {
        match c {
            '(' | '[' => parens += 1,
            ')' | ']' => parens -= 1,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        if (c == '}' && braces <= 0) || (c == ';' && parens == 0 && braces == 0) {
            return at + 1;
        }
    }
    item.len()
}

/// Files that only `#[cfg(test)] mod name;` brings in, with everything below them.
fn test_only(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in files {
        let code = blank(text);
        let home = match path.rsplit_once('/') {
            Some((dir, "mod.rs")) => format!("{dir}/"),
            None if ["lib.rs", "main.rs"].contains(&path.as_str()) => String::new(),
            _ => format!("{}/", path.trim_end_matches(".rs")),
        };
        for item in code.split("#[cfg(test)]").skip(1) {
            let declared = tokens(item.split(['{', ';']).next().unwrap_or_default());
            if let Some(name) = declared.windows(2).find(|w| w[0].text == "mod").map(|w| w[1].text.clone()) {
                let (file, below) = (format!("{home}{name}.rs"), format!("{home}{name}/"));
                found.extend(files.keys().filter(|p| **p == file || p.starts_with(&below)).cloned());
            }
        }
    }
    found
}

// ---- the checker, checked ----

fn faults_of(path: &str, body: &str) -> Vec<String> {
    check(&BTreeMap::from([(path.to_owned(), format!("//! Example.\n{body}"))]))
}

#[test]
fn bad_examples_are_found() {
    let long_body = "    let _ = 1;\n".repeat(MAX_FUNCTION_LINES);
    let long_file = "const A: u8 = 1;\n".repeat(MAX_FILE_LINES);
    let examples: &[(&str, &str, &str)] = &[
        (
            "policy/x.rs",
            "use crate::engine::Clock;",
            "x.rs:2: `policy` imports `engine`: floor 1 may not see floor 4",
        ),
        ("plan/x.rs", "use crate::telemetry::Event;", "siblings on floor 2"),
        (
            "domain/x.rs",
            "use crate::{\n    domain::A,\n    plan::{B, C},\n};",
            "x.rs:4: `domain` imports `plan`",
        ),
        ("domain/x.rs", "fn f() {\n    crate::policy::g();\n}", "x.rs:3: `domain` imports `policy`"),
        ("history/sqlite/x.rs", "use super::super::super::engine::Clock;", "`history` imports `engine`"),
        ("simulator/mod.rs", "use crate::domain::Mailbox;", "imports nothing of the crate"),
        ("engine/x.rs", "use crate::simulator::Tenant;", "only `cli` and tests may"),
        ("main.rs", "use mailwarden::engine::run;", "main.rs imports `engine`"),
        ("helpers.rs", "", "module `helpers` is on no floor"),
        ("plan/x.rs", "async fn f() {}", "`plan` is async"),
        ("plan/x.rs", "fn f() { Instant::now(); }", "`plan` reads a clock"),
        ("plan/x.rs", "use tokio::sync::mpsc;", "`plan` uses tokio"),
        ("telemetry/x.rs", "async fn f() {}", "`telemetry` is async"),
        ("policy/x.rs", "use std::{fmt, fs};", "`policy` uses std::fs"),
        ("policy/x.rs", "fn f() { tracing::info!(\"a\"); }", "`policy` logs"),
        ("engine/x.rs", "use prometheus_client::registry::Registry;", "Only `telemetry` counts"),
        (
            "engine/x.rs",
            "fn f() { chrono::Utc::now(); }",
            "`Utc::now`. Wall time is read in src/engine/clock.rs",
        ),
        ("cli/x.rs", "fn f() { g().unwrap(); }", "`.unwrap(` outside tests"),
        ("cli/x.rs", "fn f() { g()\n        .expect(\"a\"); }", "x.rs:3: `.expect(` outside tests"),
        ("cli/x.rs", &format!("fn f() {{\n{long_body}}}"), "fn f has 72 lines"),
        ("cli/x.rs", &long_file, "501 lines without its tests"),
    ];
    for (path, body, expected) in examples {
        let faults = faults_of(path, body);
        assert!(
            faults.iter().any(|f| f.contains(expected)),
            "expected `{expected}` of:\n{body}\ngot: {faults:?}"
        );
    }
    let headless = check(&BTreeMap::from([("cli/x.rs".to_owned(), "fn f() {}".to_owned())]));
    assert!(headless.iter().any(|f| f.contains("opens without `//!`")), "{headless:?}");
}

#[test]
fn good_examples_are_left_alone() {
    let examples = [
        ("engine/x.rs", "use crate::{domain::A, exchange::{Reader, Writer}};\npub(crate) fn f() {}"),
        ("engine/clock.rs", "fn f() { Utc::now(); Instant::now(); }"),
        ("simulator/clock.rs", "fn f() { Utc::now(); }"),
        ("cli/x.rs", "use crate::simulator::Tenant;"),
        ("main.rs", "fn main() { mailwarden::cli::main() }"),
        (
            "plan/x.rs",
            "// crate::engine::f().unwrap() async\n/* crate::cli */ const A: &str = \"crate::engine\";",
        ),
        (
            "plan/x.rs",
            "const A: &str = r#\"a \" crate::engine\"#; const B: char = '\"'; fn f<'a>(_: &'a u8) {}",
        ),
        (
            "plan/x.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::engine::A;\n    fn f() { g().unwrap(); }\n}",
        ),
        ("plan/x.rs", "fn f(a: Option<u8>) -> u8 { a.unwrap_or(0) }\n#[expect(unused)]\nfn g() {}"),
        ("plan/x.rs", "use super::super::domain::A;\nuse super::Drift;"),
    ];
    for (path, body) in examples {
        let faults = faults_of(path, body);
        assert!(faults.is_empty(), "{body}\n{faults:?}");
    }
}

#[test]
fn files_that_only_tests_bring_in_are_tests() {
    let files = BTreeMap::from([
        ("plan/diff.rs".to_owned(), "//! Diff.\n#[cfg(test)]\nmod tests;".to_owned()),
        (
            "plan/diff/tests.rs".to_owned(),
            "//! Tests.\nuse crate::engine::A;\nfn f() { g().unwrap(); }".to_owned(),
        ),
        ("plan/other.rs".to_owned(), "//! Not a test.\nuse crate::engine::A;".to_owned()),
    ]);
    let faults = check(&files);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("plan/other.rs:2:"), "{faults:?}");
}
