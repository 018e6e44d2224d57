//! YAML as a tree in which every value knows its place. Settings are read through it too, so nothing
//! here knows what a key means. Turning events into the tree is in `build`.
//!
//! Accepted is the part of YAML that every reader reads the same way: mappings with text keys, lists,
//! scalars. Anchors, aliases, merge keys and tags are faults. Scalars stay the text that was written;
//! whoever decodes one decides what it is.

mod build;
mod scalar;
mod syntax;

use super::diagnostic::{self, Sink};
use super::source_text::{SourceText, Span, Spanned};

pub use scalar::other_reading;

/// How deep values may be nested, block and flow collections each.
pub const MAX_DEPTH: usize = 32;

/// How large a file may be.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it is written.
    pub span: Span,
    /// What is written.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text as written; what it means is up to the key.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values.
    Mapping(Mapping),
    /// Something that was reported already and says nothing more.
    Faulty,
}

/// A text as written, without quotes and with escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// Whether it was written without quotes, so that other readers may take it for no text at all.
    pub plain: bool,
}

impl Scalar {
    /// Whether it stands for "no value": nothing, `~` or `null` without quotes.
    pub fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// Keys and values in the order of the file. A key that is set twice is in it twice, and reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether its end was reached; after a syntax error, keys may be missing that the author wrote.
    pub complete: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: Node,
}

impl Mapping {
    /// The first entry of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// Whether it was read to its end and holds nothing.
    pub fn says_nothing(&self) -> bool {
        self.complete && self.entries.is_empty()
    }
}

impl Node {
    /// The scalar, if it is one.
    pub const fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    pub const fn mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Whether it stands for "no value".
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    /// Whether it was reported already.
    pub const fn is_faulty(&self) -> bool {
        matches!(self.value, Value::Faulty)
    }

    /// What it is, for a message.
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) if scalar.is_null() => "nothing",
            Value::Scalar(_) => "a text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Faulty => "something faulty",
        }
    }
}

/// The text of a file, or what keeps its bytes from being one.
#[allow(clippy::result_large_err, reason = "once a file, and the error is what callers want")]
pub fn decode_text(path: &str, bytes: &[u8]) -> Result<SourceText, diagnostic::Diagnostic> {
    let start = SourceText::new(path, "").locate(Span::default());
    if bytes.len() > MAX_BYTES {
        return Err(diagnostic::too_large(MAX_BYTES).at(start));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(diagnostic::utf16().at(start));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(SourceText::new(path, text)),
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let end = Span::new(valid.len(), valid.len());
            Err(diagnostic::not_utf8().at(SourceText::new(path, &valid).locate(end)))
        }
    }
}

/// The documents of a file. Empty documents are left out; faults go to the sink, and what could be
/// read beside them is there.
pub fn parse(sink: &mut Sink) -> Vec<Node> {
    build::documents(sink)
}
