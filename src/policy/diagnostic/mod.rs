//! What a policy author is told: code, place, message, hint. One function a message, in the files
//! beside this one, so that a search for `diagnostic::` lists every fault that a user can see.
//! How it looks is `render`'s.

mod code;
mod language;
mod meaning;
mod yaml;

pub use code::{Code, Severity};
pub(crate) use language::*;
pub(crate) use meaning::*;
pub(crate) use yaml::*;

use std::sync::Arc;

use super::source_text::{Location, SourceText, Span, displayable};

/// One thing to tell the author of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which message it is.
    pub code: Code,
    /// One sentence without a full stop.
    pub message: String,
    /// Where; absent only where no file is at fault.
    pub location: Option<Location>,
    /// Other places that belong to it.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Another place that belongs to a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub location: Location,
    /// What is there.
    pub text: String,
}

impl Diagnostic {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), location: None, labels: Vec::new(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    fn label(mut self, location: Location, text: impl Into<String>) -> Self {
        self.labels.push(Label { location, text: text.into() });
        self
    }

    /// The same diagnostic at a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// How bad it is: every code has one severity.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it keeps the set from being used.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// By file, then by place, then by code: the order in which people read.
    pub fn sort(diagnostics: &mut [Self]) {
        diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
    }

    fn sort_key(&self) -> (Option<(&str, Span)>, Code) {
        (self.location.as_ref().map(|location| (&*location.path, location.range)), self.code)
    }
}

/// How many diagnostics one file may cause. A broken file of a megabyte has no end of faults, and
/// nobody reads more.
const MOST_PER_FILE: usize = 1000;

/// Collects what is found in one file.
#[derive(Debug)]
pub struct Sink {
    source: Arc<SourceText>,
    found: Vec<Diagnostic>,
    errors: usize,
    overflow: usize,
}

impl Sink {
    /// Nothing found yet.
    pub const fn new(source: Arc<SourceText>) -> Self {
        Self { source, found: Vec::new(), errors: 0, overflow: 0 }
    }

    /// Adds a diagnostic at a place of the file.
    pub fn push(&mut self, span: Span, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.is_error());
        if self.found.len() >= MOST_PER_FILE {
            self.overflow += 1;
            return;
        }
        let location = self.source.locate(span);
        self.found.push(diagnostic.at(location));
    }

    /// How many errors there were so far.
    pub const fn errors(&self) -> usize {
        self.errors
    }

    /// The file.
    pub const fn source(&self) -> &Arc<SourceText> {
        &self.source
    }

    /// A place of the file as people read it.
    pub fn locate(&self, span: Span) -> Location {
        self.source.locate(span)
    }

    /// What was found, in the order of the file.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        Diagnostic::sort(&mut self.found);
        if self.overflow > 0 {
            let end = self.source.text().len();
            let more = more_not_shown(self.overflow).at(self.source.locate(Span::new(end, end)));
            self.found.push(more);
        }
        self.found
    }
}

/// A user's own words inside a message: in backticks, fit for a terminal, not too long.
fn quoted(words: &str) -> String {
    format!("`{}`", shown(words))
}

fn shown(words: &str) -> String {
    let mut characters = words.chars();
    let head = displayable(&characters.by_ref().take(60).collect::<String>());
    if characters.next().is_some() { head + "..." } else { head }
}

fn did_you_mean(suggestion: Option<&str>) -> Option<String> {
    suggestion.map(|word| format!("did you mean `{word}`?"))
}

/// `a`, `a` and `b`, `a`, `b` and `c`, each in backticks.
fn listed<S: AsRef<str>>(words: &[S], joiner: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} {joiner} {last}", head.join(", ")),
    }
}
