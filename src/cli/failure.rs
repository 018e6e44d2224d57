//! Why a verb ends with code 1, as it is printed: once, with what helps.

use crate::engine::{LookError, Stop, chain};
use crate::policy::Diagnostic;
use crate::policy::render::{Colour, text};
use crate::settings::SettingsError;
use crate::{exchange, history, source};

/// A verb that could not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// The policies are faulty.
    Policies(Vec<Diagnostic>),
    /// The settings are.
    Settings(Box<SettingsError>),
    /// Anything else: what happened, and what helps.
    Said { what: String, remedy: Option<String> },
}

impl Failure {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self::Said { what: what.into(), remedy: None }
    }

    pub(super) fn with_remedy(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Said { what: what.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn render(&self, colour: Colour) -> String {
        match self {
            Self::Policies(diagnostics) => text(diagnostics, colour),
            Self::Settings(error) => error.render(colour),
            Self::Said { what, remedy: None } => format!("error: {what}\n"),
            Self::Said { what, remedy: Some(remedy) } => format!("error: {what}\nhint: {remedy}\n"),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(Box::new(error))
    }
}

impl From<exchange::Error> for Failure {
    fn from(error: exchange::Error) -> Self {
        Self::Said { what: chain(&error), remedy: error.remedy().map(str::to_owned) }
    }
}

impl From<history::Error> for Failure {
    fn from(error: history::Error) -> Self {
        Self::Said { what: chain(&error), remedy: Some(error.remedy().to_string()) }
    }
}

impl From<source::Error> for Failure {
    fn from(error: source::Error) -> Self {
        Self::Said { what: chain(&error), remedy: None }
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
            Stop::History(error) => {
                Self::Said { what: chain(&*error), remedy: Some(error.remedy().to_string()) }
            }
        }
    }
}
