//! Diagnostics as people and as machines read them. Which stream they go to is the caller's.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::diagnostic::{Diagnostic, Severity};
use super::source_text::{Location, displayable};

/// Whether text carries the escapes of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// With escapes.
    Always,
}

impl Colour {
    fn paint(self, text: &str, style: Style) -> String {
        match self {
            Self::Never => text.to_owned(),
            Self::Always => format!("{style}{text}{style:#}"),
        }
    }
}

const FRAME: Style = AnsiColor::Blue.on_default().bold();

const fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => AnsiColor::Cyan.on_default().bold(),
    }
}

/// Every diagnostic with its line, a caret and its hint, an empty line between two.
pub fn text(diagnostics: &[Diagnostic], colour: Colour) -> String {
    let texts: Vec<String> = diagnostics.iter().map(|diagnostic| one(diagnostic, colour)).collect();
    texts.join("\n")
}

fn one(diagnostic: &Diagnostic, colour: Colour) -> String {
    let style = style_of(diagnostic.severity());
    let head = format!("{}[{}]", diagnostic.severity(), diagnostic.code);
    let mut out = format!("{}: {}\n", colour.paint(&head, style), diagnostic.message);
    let places = diagnostic.location.iter().chain(diagnostic.labels.iter().map(|label| &label.location));
    let gutter = places.map(|place| place.line.to_string().len()).max().unwrap_or(1);
    if let Some(location) = &diagnostic.location {
        let caret = colour.paint(&"^".repeat(location.excerpt.width), style);
        snippet(&mut out, location, Frame { arrow: "-->", gutter, colour }, &caret);
    }
    for label in &diagnostic.labels {
        let line = "-".repeat(label.location.excerpt.width);
        let mark = colour.paint(&format!("{line} {}", label.text), FRAME);
        snippet(&mut out, &label.location, Frame { arrow: ":::", gutter, colour }, &mark);
    }
    if let Some(hint) = &diagnostic.hint {
        let _ = writeln!(out, "{}: {hint}", colour.paint("hint", AnsiColor::Green.on_default().bold()));
    }
    out
}

struct Frame {
    arrow: &'static str,
    gutter: usize,
    colour: Colour,
}

/// Writing to a string cannot fail, so its results are dropped here.
fn snippet(out: &mut String, location: &Location, frame: Frame, mark: &str) {
    let Frame { arrow, gutter, colour } = frame;
    let Location { path, line, column, excerpt, .. } = location;
    let (path, indent) = (displayable(path), " ".repeat(gutter));
    let _ = writeln!(out, "{indent}{} {path}:{line}:{column}", colour.paint(arrow, FRAME));
    if excerpt.text.is_empty() {
        return;
    }
    let bar = colour.paint("|", FRAME);
    let number = colour.paint(&format!("{line:>gutter$}"), FRAME);
    let _ = writeln!(out, "{number} {bar} {}", excerpt.text);
    let _ = writeln!(out, "{indent} {bar} {}{mark}", " ".repeat(excerpt.indent));
}

/// The version of the shape of [`json`].
pub const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format_version: u32,
    errors: usize,
    warnings: usize,
    notes: usize,
    diagnostics: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    code: String,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    labels: Vec<LabelItem<'a>>,
}

#[derive(Serialize)]
struct LabelItem<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'a> From<&'a Location> for Place<'a> {
    fn from(location: &'a Location) -> Self {
        let Location { path, line, column, end_line, end_column, .. } = location;
        Self { path, line: *line, column: *column, end_line: *end_line, end_column: *end_column }
    }
}

/// The same as a JSON object: `format_version`, counts, and `diagnostics` in the same order.
pub fn json(diagnostics: &[Diagnostic]) -> serde_json::Value {
    let count = |severity| diagnostics.iter().filter(|one| one.severity() == severity).count();
    let items = diagnostics.iter().map(|diagnostic| Item {
        code: diagnostic.code.to_string(),
        severity: diagnostic.severity().as_str(),
        message: &diagnostic.message,
        place: diagnostic.location.as_ref().map(Place::from),
        hint: diagnostic.hint.as_deref(),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelItem { message: &label.text, place: Place::from(&label.location) })
            .collect(),
    });
    let report = Report {
        format_version: FORMAT_VERSION,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        diagnostics: items.collect(),
    };
    // Plain strings and numbers always have a JSON form.
    serde_json::to_value(report).unwrap_or_default()
}
