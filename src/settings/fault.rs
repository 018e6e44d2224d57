//! What is wrong with settings, and how it is said: a place in the file, or the name of the variable or
//! flag. No message and no shown line holds a secret.

use std::path::PathBuf;

use super::source::Source;
use crate::policy::render::{self, Colour};
use crate::policy::{Code, Diagnostic};

/// What is wrong with a value, before it is known where the value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: Code,
    message: String,
    hint: Option<String>,
    confidential: bool,
}

impl Problem {
    pub(super) fn new(message: &str) -> Self {
        Self { code: Code::WrongShape, message: message.into(), hint: None, confidential: false }
    }

    const fn code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    pub(super) fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The line that it stands on may hold a secret and is not shown.
    pub(super) const fn confidential(mut self) -> Self {
        self.confidential = true;
        self
    }

    pub(super) fn wrong_shape(wanted: &str, found: &str) -> Self {
        Self::new(&format!("{wanted} is needed here, not {found}"))
    }

    pub(super) fn unknown_word(found: &str, words: &str, suggestion: Option<&str>) -> Self {
        let hint =
            suggestion.map_or_else(|| format!("write {words}"), |word| format!("did you mean `{word}`?"));
        Self::new(&format!("{} is not possible here", quoted(found))).code(Code::UnknownWord).hint(&hint)
    }

    pub(super) fn unknown_key(key: &str, suggestion: Option<&str>, known: &[&str]) -> Self {
        let problem = Self::new(&format!("unknown key {}", quoted(key))).code(Code::UnknownKey);
        match suggestion {
            Some(word) => problem.hint(&format!("did you mean `{word}`?")),
            None if known.is_empty() => problem,
            None => problem.hint(&format!("the keys here are {}", listed(known))),
        }
    }

    pub(super) fn missing(key: &str, doc: &str) -> Self {
        Self::new(&format!("`{key}` is missing")).code(Code::MissingKey).hint(&format!("`{key}`: {doc}"))
    }

    pub(super) fn not_in_this_version(what: &str) -> Self {
        Self::new(&format!("{} is not in this version", quoted(what)))
            .code(Code::NotInThisVersion)
            .hint("a later version of mailwarden takes it")
    }

    pub(super) fn secret_in_file(variable: &str) -> Self {
        Self::new("a secret does not stand in the settings file")
            .hint(&format!(
                "put it into a file of its own and write `clientSecretFile`, \
                 or into the environment variable `{variable}`"
            ))
            .confidential()
    }

    pub(super) fn secret_in_flag(variable: &str) -> Self {
        Self::new("a secret is no flag: every process of the machine could read it").hint(&format!(
            "put it into the environment variable `{variable}`, or into a file and write `clientSecretFile`"
        ))
    }

    pub(super) fn invalid_name(name: &str) -> Self {
        Self::new(&format!("{} is not usable as a name", quoted(name)))
            .code(Code::InvalidName)
            .hint("a name is 1 to 64 letters, digits, `-`, `_` and `.`, and does not start with `.`")
    }

    pub(super) fn not_unique(what: &str, value: &str, first: &Source) -> Self {
        Self::new(&format!("another tenant has the {what} {} already", quoted(value)))
            .code(Code::DuplicateName)
            .hint(&format!("first at {first}"))
    }

    /// At its place in the file, or with the name of the variable or flag before it.
    pub(super) fn at(self, source: &Source) -> Diagnostic {
        let Self { code, message, hint, confidential } = self;
        let (message, mut location) = match source {
            Source::File(location) => (message, Some((**location).clone())),
            Source::Default => (message, None),
            named => (format!("{named}: {message}"), None),
        };
        if let Some(location) = location.as_mut().filter(|_| confidential) {
            // Without a text, the renderer shows the place alone.
            location.excerpt.text.clear();
        }
        Diagnostic { code, message, location, labels: Vec::new(), hint }
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No file where one is looked for.
    #[error(
        "no settings file: looked for {}; `mailwarden init` writes one to start from, `--config` and \
         `MAILWARDEN_CONFIG` name another place",
        listed(searched)
    )]
    NotFound {
        /// Where it was looked for.
        searched: Vec<String>,
    },
    /// A file that cannot be read.
    #[error("cannot read the settings file `{}`, named by {named_by}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Settings with faults: every fault at once.
    #[error("the settings have {} {}", .0.len(), if .0.len() == 1 { "fault" } else { "faults" })]
    Faulty(Vec<Diagnostic>),
}

impl SettingsError {
    /// Each fault with its line and hint, for people; of the other errors the message alone, since the
    /// chain below them is printed by whoever prints the error.
    pub fn render(&self, colour: Colour) -> String {
        match self {
            Self::Faulty(diagnostics) => render::text(diagnostics, colour),
            other => format!("{other}\n"),
        }
    }

    /// The faults, where there are any to list.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Faulty(diagnostics) => diagnostics,
            Self::NotFound { .. } | Self::Unreadable { .. } => &[],
        }
    }
}

/// Somebody's words inside a message: in backticks, fit for a terminal, not too long.
pub(super) fn quoted(words: &str) -> String {
    let shown: String = words
        .chars()
        .take(60)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    format!("`{shown}{}`", if words.chars().count() > 60 { "..." } else { "" })
}

/// `a`, `a` and `b`, `a`, `b` and `c`, each in backticks.
pub(super) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
