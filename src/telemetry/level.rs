//! How loud a line is, and what the settings can ask of the log.

/// How much an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Somebody has to look now or soon.
    Error,
    /// Somebody should look; or it was unexpected and is dealt with.
    Warn,
    /// For the record.
    Info,
    /// For whoever follows the program closely.
    Debug,
}

impl Level {
    /// All four, the loudest first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// The word of settings and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One flat object a line, for machines.
    Json,
    /// One sentence a line, for people.
    Text,
}

impl LogFormat {
    /// Reads `json` or `text`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
}

/// How mailboxes are named where logs name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identities {
    /// By id and user principal name.
    #[default]
    Upn,
    /// By id only.
    Guid,
}

impl Identities {
    /// Reads `upn` or `guid`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "upn" => Some(Self::Upn),
            "guid" => Some(Self::Guid),
            _ => None,
        }
    }
}
