//! Why a verb ends with code 1, as it is printed: once, with what helps.

use crate::domain::TenantName;
use crate::engine::{LookError, Stop, chain};
use crate::policy::Diagnostic;
use crate::policy::render::{Colour, text};
use crate::settings::SettingsError;
use crate::{exchange, history, source};

/// Longer than what tells one refusal from another.
const LONGEST_DIAGNOSTIC: usize = 160;

/// A verb that could not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// The policies are faulty.
    Policies(Vec<Diagnostic>),
    /// The settings are.
    Settings(Box<SettingsError>),
    /// Anything else: what happened, what the service's support asks for, and what helps.
    Said { what: String, traces: Vec<String>, remedy: Option<String> },
}

impl Failure {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self::Said { what: what.into(), traces: Vec::new(), remedy: None }
    }

    pub(super) fn with_remedy(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Said { what: what.into(), traces: Vec::new(), remedy: Some(remedy.into()) }
    }

    pub(super) fn render(&self, colour: Colour) -> String {
        match self {
            Self::Policies(diagnostics) => text(diagnostics, colour),
            Self::Settings(error) => error.render(colour),
            Self::Said { what, traces, remedy } => lines("error", what, traces, remedy.as_deref()),
        }
    }
}

/// An error of the service that does not end a verb, as a warning.
pub(super) fn warning(tenant: &TenantName, error: &exchange::Error) -> String {
    let what = format!("tenant `{tenant}`: {}", chain(error));
    lines("warning", &what, &traces(error), error.remedy())
}

fn lines(word: &str, what: &str, traces: &[String], remedy: Option<&str>) -> String {
    let mut text = format!("{word}: {what}\n");
    let hint = remedy.map(|remedy| format!("hint: {remedy}"));
    for line in traces.iter().chain(&hint) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// What Microsoft's support asks for. Of a refusal also its headers, since its text often says nothing;
/// they are texts of one line without a secret, and cut where they are long.
fn traces(error: &exchange::Error) -> Vec<String> {
    let mut traces: Vec<String> =
        error.request_id().map(|id| format!("request id: {id}")).into_iter().collect();
    let diagnostics: Vec<String> = error
        .diagnostics()
        .iter()
        .map(|(name, value)| match value.char_indices().nth(LONGEST_DIAGNOSTIC) {
            Some((end, _)) => format!("{name}={}...", &value[..end]),
            None => format!("{name}={value}"),
        })
        .collect();
    if error.status() == Some(403) && !diagnostics.is_empty() {
        traces.push(format!("diagnostics: {}", diagnostics.join("; ")));
    }
    traces
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(Box::new(error))
    }
}

impl From<exchange::Error> for Failure {
    fn from(error: exchange::Error) -> Self {
        Self::Said { what: chain(&error), traces: traces(&error), remedy: error.remedy().map(str::to_owned) }
    }
}

impl From<history::Error> for Failure {
    fn from(error: history::Error) -> Self {
        Self::with_remedy(chain(&error), error.remedy().to_string())
    }
}

impl From<source::Error> for Failure {
    fn from(error: source::Error) -> Self {
        Self::new(chain(&error))
    }
}

impl From<LookError> for Failure {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Exchange(error) => error.into(),
            LookError::History(error) => error.into(),
            LookError::Ambiguous { .. } => Self::with_remedy(chain(&error), "name it by its GUID"),
            LookError::NotFound(_) => Self::with_remedy(
                chain(&error),
                "a mailbox is named by its GUID, user principal name, an SMTP address or its alias",
            ),
        }
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Service(error) => error.into(),
            Stop::History(error) => Self::with_remedy(chain(&*error), error.remedy().to_string()),
        }
    }
}
