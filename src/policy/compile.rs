//! From files to a policy set, or to everything that is wrong with them. Faults of one document are
//! found in `document`; here are those of the whole set.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::diagnostic::{self, Diagnostic, Sink};
use super::document::{self, Document, Named};
use super::model::Kind;
use super::set::PolicySet;
use super::source_text::Location;
use super::yaml;
use crate::domain::ContentHash;

/// A file of a policy set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as shown to users.
    pub path: String,
    /// What the file holds.
    pub bytes: Vec<u8>,
}

/// What became of a policy set.
#[derive(Debug)]
pub struct Compilation {
    /// The set; none if any diagnostic is an error.
    pub policies: Option<PolicySet>,
    /// Everything found, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles a set as it reads at a moment. The order of the files does not matter.
pub fn compile(files: &[SourceFile], as_of: DateTime<Utc>) -> Compilation {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    let mut diagnostics = Vec::new();
    let mut documents = Vec::new();
    for file in &files {
        let source = match yaml::decode_text(&file.path, &file.bytes) {
            Ok(source) => Arc::new(source),
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                continue;
            }
        };
        let mut sink = Sink::new(source);
        let found = yaml::parse(&mut sink);
        if found.is_empty() && sink.errors() == 0 {
            sink.push(Default::default(), diagnostic::empty_file());
        }
        documents.extend(found.iter().map(|node| document::decode(node, as_of, &mut sink)));
        diagnostics.extend(sink.finish());
    }
    report_duplicate_names(&documents, &mut diagnostics);
    if documents.is_empty() && !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.push(diagnostic::empty_set());
    }
    Diagnostic::sort(&mut diagnostics);
    let faulty = diagnostics.iter().any(Diagnostic::is_error);
    let policies = documents.into_iter().filter_map(|document| document.policy).collect();
    let policies = (!faulty).then(|| PolicySet::new(revision(&files), policies));
    Compilation { policies, diagnostics }
}

fn report_duplicate_names(documents: &[Document], diagnostics: &mut Vec<Diagnostic>) {
    let mut first: HashMap<(Kind, &str), &Location> = HashMap::new();
    for Named { kind, name, location } in documents.iter().filter_map(|document| document.named.as_ref()) {
        if let Some(first) = first.get(&(*kind, name.as_str())) {
            let message = diagnostic::duplicate_name(kind.as_str(), name, Location::clone(first));
            diagnostics.push(message.at(location.clone()));
        } else {
            first.insert((*kind, name), location);
        }
    }
}

/// The hash of the files' names and bytes. Names are taken below the directory that all files share,
/// so that a set has the same revision wherever it is mounted.
fn revision(files: &[&SourceFile]) -> ContentHash {
    let shared = shared_directory(files);
    ContentHash::of_parts(
        files.iter().flat_map(|file| [&file.path.as_bytes()[shared..], file.bytes.as_slice()]),
    )
}

fn shared_directory(files: &[&SourceFile]) -> usize {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let directory = |path: &str| path.bytes().rposition(|byte| is_separator(&byte)).map_or(0, |at| at + 1);
    let Some((first, rest)) = files.split_first() else { return 0 };
    let mut shared = directory(&first.path);
    for file in rest {
        let limit = shared.min(directory(&file.path));
        let same = first.path.bytes().zip(file.path.bytes()).take(limit).take_while(|(a, b)| a == b).count();
        shared = first.path.as_bytes()[..same].iter().rposition(is_separator).map_or(0, |at| at + 1);
    }
    shared
}
