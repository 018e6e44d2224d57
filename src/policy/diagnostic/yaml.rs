//! Messages about the text of a file, whatever it means.

use super::{Code, Diagnostic, quoted};
use crate::policy::source_text::Location;

pub(crate) fn not_utf8() -> Diagnostic {
    Diagnostic::new(Code::NotText, "the file is not UTF-8 text").hint("save it as UTF-8")
}

pub(crate) fn utf16() -> Diagnostic {
    Diagnostic::new(Code::NotText, "the file is UTF-16 text").hint("save it as UTF-8")
}

pub(crate) fn syntax(what: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, what)
}

pub(crate) fn syntax_with_hint(what: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, what).hint(hint)
}

pub(crate) fn duplicate_key(key: &str, first: Location) -> Diagnostic {
    Diagnostic::new(Code::DuplicateKey, format!("{} is set twice", quoted(key)))
        .label(first, "first set here")
}

pub(crate) fn anchor() -> Diagnostic {
    Diagnostic::new(Code::Alias, "anchors are not accepted").hint("write the value where it is needed")
}

pub(crate) fn alias() -> Diagnostic {
    Diagnostic::new(Code::Alias, "aliases are not accepted")
        .hint("a pattern that starts with `*` needs quotes; a value that is needed twice is written twice")
}

pub(crate) fn merge_key() -> Diagnostic {
    Diagnostic::new(Code::MergeKey, "merge keys are not accepted").hint("write the merged keys out")
}

pub(crate) fn tag() -> Diagnostic {
    Diagnostic::new(Code::Tag, "tags are not accepted").hint("leave the tag out; quotes make text of a value")
}

pub(crate) fn key_not_text() -> Diagnostic {
    Diagnostic::new(Code::KeyNotText, "a key must be plain text")
}

pub(crate) fn too_large(limit: usize) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, format!("the file is larger than {} KiB", limit / 1024))
        .hint("split it into several files")
}

pub(crate) fn too_deep(limit: usize) -> Diagnostic {
    Diagnostic::new(Code::TooDeep, format!("values are nested more than {limit} deep"))
}

pub(crate) fn tab() -> Diagnostic {
    Diagnostic::new(Code::Tab, "a tab stands where YAML takes only spaces").hint("indent with spaces")
}

pub(crate) fn empty_file() -> Diagnostic {
    Diagnostic::new(Code::EmptyFile, "the file holds no document")
}

pub(crate) fn ambiguous(text: &str, reading: &str) -> Diagnostic {
    Diagnostic::new(
        Code::Ambiguous,
        format!("{} without quotes is read as {reading} by other YAML readers", quoted(text)),
    )
    .hint(format!("write \"{text}\""))
}

pub(crate) fn more_not_shown(count: usize) -> Diagnostic {
    Diagnostic::new(Code::MoreNotShown, format!("{count} more in this file are not shown"))
}
