//! Messages about documents, keys and values, whatever the kind of document.

use super::{Code, Diagnostic, did_you_mean, listed, quoted};
use crate::policy::source_text::Location;

pub(crate) fn unknown_key(key: &str, suggestion: Option<&str>, known: &[&str]) -> Diagnostic {
    Diagnostic::new(Code::UnknownKey, format!("unknown key {}", quoted(key)))
        .hint_if(did_you_mean(suggestion))
        .hint_if((known.len() <= 12).then(|| format!("the keys here are {}", listed(known, "and"))))
}

pub(crate) fn missing_key(key: &str, doc: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingKey, format!("`{key}` is missing")).hint(format!("`{key}`: {doc}"))
}

pub(crate) fn wrong_shape(wanted: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Code::WrongShape, format!("{wanted} is needed here, not {found}"))
}

pub(crate) fn wrong_shape_with_hint(wanted: &str, found: &str, hint: &str) -> Diagnostic {
    wrong_shape(wanted, found).hint(hint)
}

pub(crate) fn key_not_in_this_version(key: &str) -> Diagnostic {
    Diagnostic::new(Code::NotInThisVersion, format!("{} is not in this version", quoted(key)))
        .hint("it is part of the policy language; a later version of mailwarden takes it")
}

pub(crate) fn kind_not_in_this_version(kind: &str) -> Diagnostic {
    Diagnostic::new(
        Code::NotInThisVersion,
        format!("documents of kind {} are not in this version", quoted(kind)),
    )
    .hint("the kind is part of the policy language; a later version of mailwarden takes it")
}

pub(crate) fn missing_api_version(expected: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingKey, "`apiVersion` is missing")
        .hint(format!("start the document with `apiVersion: {expected}`"))
}

pub(crate) fn foreign_api_version(found: &str, expected: &str) -> Diagnostic {
    Diagnostic::new(Code::ForeignApiVersion, format!("{} is no version of this language", quoted(found)))
        .hint(format!("write `apiVersion: {expected}`"))
}

pub(crate) fn unknown_kind(kind: &str, suggestion: Option<&str>, known: &[&str]) -> Diagnostic {
    Diagnostic::new(Code::UnknownKind, format!("unknown kind {}", quoted(kind)))
        .hint_if(did_you_mean(suggestion))
        .hint_if(Some(format!("the kinds are {}", listed(known, "and"))))
}

pub(crate) fn duplicate_name(kind: &str, name: &str, first: Location) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("another {kind} is named {} already", quoted(name)))
        .label(first, "first named here")
}

pub(crate) fn empty_set() -> Diagnostic {
    Diagnostic::new(Code::EmptySet, "the policy set holds no policy")
        .hint("a set is the `*.yaml` and `*.yml` files of a directory; names that start with `.` are skipped")
}

pub(crate) fn one_of(words: &[&str]) -> String {
    listed(words, "or")
}

pub(crate) fn unknown_word(found: &str, words: &[&str], suggestion: Option<&str>) -> Diagnostic {
    Diagnostic::new(Code::UnknownWord, format!("{} is not possible here", quoted(found)))
        .hint_if(did_you_mean(suggestion))
        .hint_if(Some(format!("write {}", listed(words, "or"))))
}

pub(crate) fn unknown_word_with_hint(found: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::UnknownWord, format!("{} is not possible here", quoted(found))).hint(hint)
}

pub(crate) fn invalid_name(found: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidName, format!("{} is not usable as a name", quoted(found)))
        .hint("a name is 1 to 64 letters, digits, `-`, `_` and `.`, and starts with a letter or digit")
}

pub(crate) fn empty_value(what: &str) -> Diagnostic {
    Diagnostic::new(Code::EmptyValue, format!("{what} that is empty says nothing"))
        .hint("fill it, or leave the key out")
}

pub(crate) fn repeated_item(item: &str, first: Location) -> Diagnostic {
    Diagnostic::new(Code::RepeatedItem, format!("{} stands twice in this list", quoted(item)))
        .label(first, "first here")
}

pub(crate) fn invalid_date(found: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidDate, format!("{} is not a date", quoted(found))).hint(hint)
}

pub(crate) fn invalid_age(found: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidAge, format!("{} is not an age", quoted(found))).hint(hint)
}

pub(crate) fn invalid_id(found: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidId, format!("{} is not a GUID", quoted(found))).hint(
        "an `id` is a mailbox's Guid, ExchangeGuid or ExternalDirectoryObjectId; \
         names go under `userPrincipalName` or `primarySmtpAddress`",
    )
}
