//! Syntax errors of the parser in words for people who write policies, with what to do about the
//! common ones.

use granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use crate::policy::diagnostic::{self, Diagnostic, Sink};
use crate::policy::source_text::Span;

/// Reports a syntax error at the byte where the parser noticed it.
pub(super) fn report(error: &ScanError, at: usize, sink: &mut Sink) {
    let text = sink.source().text();
    let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let span = if text.get(at..).is_some_and(|rest| rest.starts_with(['\n', '\r'])) {
        Span::new(at, at)
    } else {
        Span::new(at, at + width)
    };
    let diagnostic = message(error.kind());
    sink.push(span, diagnostic);
}

fn message(kind: &ErrorKind) -> Diagnostic {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => diagnostic::tab(),
        ErrorKind::RecursionLimitExceeded => diagnostic::too_deep(MAX_DEPTH),
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            diagnostic::syntax_with_hint(
                "a list in brackets is not closed",
                "a `,` or `]` is missing before here",
            )
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => diagnostic::syntax_with_hint(
            "a mapping in braces is not closed",
            "a `,` or `}` is missing before here",
        ),
        ErrorKind::UnclosedFlowCollection { open } => diagnostic::syntax_with_hint(
            &format!("a collection opened with `{open}` is not closed"),
            &format!("a `{}` is missing", closing(*open)),
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => diagnostic::syntax_with_hint(
            &format!("a collection opened with `{open}` is closed with `{close}`"),
            &format!("a `{}` is missing before that `{close}`", closing(*open)),
        ),
        ErrorKind::MisplacedFlowCollectionEnd => {
            diagnostic::syntax("a closing bracket without an opening one")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            diagnostic::syntax("a quote is not closed")
        }
        ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::UnexpectedEofBlockMapping => diagnostic::syntax_with_hint(
            "a key was expected here",
            "write `key: value`, indented like its neighbours",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => diagnostic::syntax_with_hint(
            "a `:` stands where no key can be",
            "quote a text that holds `: `; check the indentation",
        ),
        ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidFlowScalarIndent => {
            diagnostic::syntax_with_hint("the indentation does not fit", "indent like the lines around it")
        }
        ErrorKind::InvalidQuotedScalarIndent => diagnostic::syntax_with_hint(
            "a text in quotes goes on in this line without being indented",
            "is its closing quote missing?",
        ),
        ErrorKind::MissingAnchorOrAliasName => diagnostic::syntax_with_hint(
            "a value cannot start with `*` or `&`",
            "put a pattern that starts with `*` in quotes",
        ),
        ErrorKind::UnexpectedCharacter { character } => diagnostic::syntax_with_hint(
            &format!("a value cannot start with `{}`", character.escape_default()),
            "put the value in quotes",
        ),
        ErrorKind::UnknownQuotedScalarEscape => diagnostic::syntax_with_hint(
            "an unknown escape after `\\`",
            "between single quotes a backslash stands for itself",
        ),
        other => diagnostic::syntax(&other.to_string()),
    }
}

const fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}
