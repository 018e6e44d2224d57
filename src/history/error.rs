//! Why the history could not be read or written. Whatever the kind, it means: stop writing to the
//! tenant, since what cannot be recorded is not done. Nothing here decides when to try again.

use std::error::Error as StdError;
use std::fmt;

/// What went wrong, as far as it changes what an operator does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// No space is left for the database.
    Full,
    /// Another program kept the database locked for longer than we wait.
    Busy,
    /// The file, or its directory, may not be opened or written.
    Denied,
    /// There is no history at that place yet, and this way of opening does not create one.
    Missing,
    /// It was opened for reading only, or lies on a medium that is.
    ReadOnly,
    /// The content is damaged, or is not what this program wrote.
    Corrupt,
    /// The file is a database of some other program.
    Foreign,
    /// A newer mailwarden has migrated it.
    NewerSchema {
        /// The version of the file.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Somebody else writes to the tenant.
    WriterHeld {
        /// Who, as they described themselves.
        holder: String,
    },
    /// An outcome names an intent that the journal does not hold.
    NoSuchIntent(u64),
    /// Anything else; the source says what.
    Other,
}

/// The history failed: what it was doing, where, and what helps.
#[derive(Debug)]
pub struct Error {
    doing: &'static str,
    place: String,
    kind: ErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(super) fn new(doing: &'static str, place: impl Into<String>, kind: ErrorKind) -> Self {
        Self { doing, place: place.into(), kind, source: None }
    }

    pub(super) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure it is.
    pub const fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The file or store that failed.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What an operator can do, as a sentence.
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            ErrorKind::Full => "free space on the volume that holds the history, or give it a larger one",
            ErrorKind::Busy => {
                "close the other program that has the database open, such as a backup or a shell"
            }
            ErrorKind::Denied => {
                "let the account that mailwarden runs as read and write the file and its directory"
            }
            ErrorKind::Missing => {
                "check `history.url`; the daemon or `apply` creates the history at their first run"
            }
            ErrorKind::ReadOnly => "open it with a verb that writes, on a volume that can be written",
            ErrorKind::Corrupt => "keep a copy of the file for inspection and restore the last backup",
            ErrorKind::Foreign => "point `history.url` at a file of its own",
            ErrorKind::NewerSchema { .. } => {
                "run the newer mailwarden, or restore the history from before its upgrade"
            }
            ErrorKind::WriterHeld { .. } => {
                "wait for it to end or stop it; only one process writes to a tenant"
            }
            ErrorKind::NoSuchIntent(_) | ErrorKind::Other => {
                "look at the cause; report it if it is not of your system"
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot {} in the history `{}`", self.doing, self.place)?;
        match &self.kind {
            ErrorKind::Full => formatter.write_str(": no space is left"),
            ErrorKind::Busy => formatter.write_str(": another program keeps it locked"),
            ErrorKind::Denied => formatter.write_str(": access is denied"),
            ErrorKind::Missing => formatter.write_str(": it does not exist"),
            ErrorKind::ReadOnly => formatter.write_str(": it is open for reading only"),
            ErrorKind::Corrupt => formatter.write_str(": its content is damaged"),
            ErrorKind::Foreign => formatter.write_str(": it is a database of another program"),
            ErrorKind::NewerSchema { found, known } => {
                write!(formatter, ": its schema is version {found}, and this program knows {known}")
            }
            ErrorKind::WriterHeld { holder } => write!(formatter, ": held by {holder}"),
            ErrorKind::NoSuchIntent(seq) => write!(formatter, ": the journal has no intent {seq}"),
            ErrorKind::Other => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
