//! Where the value of a setting comes from, so that every message about it can say so.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::policy::Location;

/// Where a value was given. Later ones win over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it is the default.
    Default,
    /// In the settings file.
    File(Box<Location>),
    /// In an environment variable of this name.
    Variable(String),
    /// In a `--set` of this key.
    Flag(String),
}

impl Source {
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Variable(_) => 2,
            Self::Flag(_) => 3,
        }
    }

    /// What a relative path given there is relative to: the file's own directory for what the file says
    /// and for defaults, which read as if they stood in it; the working directory for the rest.
    pub(super) fn resolve(&self, directory: &Path, path: &str) -> PathBuf {
        match self {
            Self::Default | Self::File(_) => {
                directory.join(path).components().collect() // `./policies` reads `policies`
            }
            Self::Variable(_) | Self::Flag(_) => PathBuf::from(path),
        }
    }
}

/// `mailwarden.yaml:3:5`, ``environment variable `NAME` ``, ``flag `--set key` ``, `default`.
impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(location) => {
                write!(formatter, "{}:{}:{}", location.path, location.line, location.column)
            }
            Self::Variable(name) => write!(formatter, "environment variable `{name}`"),
            Self::Flag(key) => write!(formatter, "flag `--set {key}`"),
        }
    }
}

/// A value and where it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was given.
    pub source: Source,
}

impl<T> Setting<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), source: self.source }
    }
}
