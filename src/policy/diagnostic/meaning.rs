//! Messages about what a policy says of mailbox auditing.

use chrono::NaiveDate;

use super::{Code, Diagnostic, did_you_mean, listed, quoted, shown};
use crate::domain::{Field, LogonType, LogonTypes};

fn words(kinds: LogonTypes) -> String {
    listed(&kinds.iter().map(LogonType::as_str).collect::<Vec<_>>(), "and")
}

pub(crate) fn illegal_action(action: &str, kind: LogonType, legal_for: LogonTypes) -> Diagnostic {
    Diagnostic::new(
        Code::IllegalAction,
        format!("{} is not an audit action of logon type `{kind}`", quoted(action)),
    )
    .hint(format!("{} can be audited for {}", quoted(action), words(legal_for)))
}

pub(crate) fn unlisted_action(action: &str, suggestion: Option<&str>) -> Diagnostic {
    Diagnostic::new(
        Code::UnlistedAction,
        format!("{} is not an audit action that this version knows", quoted(action)),
    )
    .hint_if(did_you_mean(suggestion))
    .hint_if(Some("if the service has added it, it is sent as written".to_owned()))
}

pub(crate) fn deprecated_action(action: &str, successor: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DeprecatedAction,
        format!("{} is refused by the service where a mailbox has Audit Premium", quoted(action)),
    )
    .hint(format!("write {}, or select only mailboxes without it: `auditTier: standard`", quoted(successor)))
}

pub(crate) fn misplaced_none() -> Diagnostic {
    Diagnostic::new(Code::MisplacedNone, "`None` means that nothing is recorded and stands alone")
        .hint("write `{ exactly: [None] }`, or leave `None` out")
}

pub(crate) fn empty_actions() -> Diagnostic {
    Diagnostic::new(Code::EmptyActions, "a list of actions that is empty says nothing")
        .hint("to record nothing write `{ exactly: [None] }`; to leave the list alone leave the key out")
}

pub(crate) fn bare_actions(written: &str) -> Diagnostic {
    Diagnostic::new(Code::BareActions, "a list of actions does not say how it is meant")
        .hint(format!("write `{{ atLeast: [{}] }}`, or `exactly`, `atMost`, `without`", shown(written)))
}

pub(crate) fn not_an_action(text: &str, suggestion: Option<&str>) -> Diagnostic {
    Diagnostic::new(Code::NotAnAction, format!("{} cannot be the name of an audit action", quoted(text)))
        .hint_if(did_you_mean(suggestion))
        .hint_if(Some("names are letters and digits; `all` stands for every action".to_owned()))
}

pub(crate) fn keyword_in_without(keyword: &str) -> Diagnostic {
    Diagnostic::new(Code::KeywordInWithout, format!("{} cannot be taken away as a whole", quoted(keyword)))
        .hint("`without` takes names of actions that `default` or `all` brought in")
}

pub(crate) fn invalid_age_bounds(found: &str) -> Diagnostic {
    super::invalid_age(found, "write whole days, `1d` to `24855d`; zero would delete the log")
}

pub(crate) fn mixed_bounds(with: &str) -> Diagnostic {
    Diagnostic::new(Code::MixedBounds, format!("`exactly` and `{with}` cannot stand together"))
        .hint("`exactly` is a lower and an upper bound already")
}

pub(crate) fn contradiction(kind: LogonType, actions: &str) -> Diagnostic {
    Diagnostic::new(
        Code::Contradiction,
        format!("the bounds of `{kind}` demand and forbid {}", quoted(actions)),
    )
    .hint("leave it out of one of them")
}

pub(crate) fn off_needs_allowance() -> Diagnostic {
    Diagnostic::new(Code::WeakeningNotAllowed, "`enabled: false` turns auditing off and must be allowed")
        .hint("add `allowWeakening: { fields: [enabled], reason: ... }` to `spec`")
}

pub(crate) fn without_needs_allowance(kind: LogonType) -> Diagnostic {
    Diagnostic::new(
        Code::WeakeningNotAllowed,
        format!("`without` removes actions of `{kind}` and must be allowed"),
    )
    .hint(format!("add `allowWeakening: {{ fields: [{kind}], reason: ... }}` to `spec`"))
}

pub(crate) fn allowance_lapsed(until: NaiveDate) -> Diagnostic {
    Diagnostic::new(Code::WeakeningLapsed, format!("this `allowWeakening` ended on {until}"))
        .hint("what it allowed is held from now on; renew `until`, or take the policy's weakening out")
}

pub(crate) fn allowance_unused(field: Field) -> Diagnostic {
    Diagnostic::new(Code::WeakeningUnused, format!("this policy does not weaken `{field}`"))
        .hint("leave it out of `fields`")
}

pub(crate) fn removal_held(field: Field) -> Diagnostic {
    Diagnostic::new(
        Code::RemovalHeld,
        format!("what lies above this bound of `{field}` is not removed without `allowWeakening`"),
    )
    .hint(format!("add `allowWeakening: {{ fields: [{field}], reason: ... }}` to `spec` to have it removed"))
}

pub(crate) fn nothing_audited(keys: &str) -> Diagnostic {
    Diagnostic::new(Code::NothingAudited, "the policy sets nothing")
        .hint(format!("set at least one of {keys}"))
}

pub(crate) fn organization_off(found: &str) -> Diagnostic {
    super::unknown_word_with_hint(
        found,
        "write `required`; that a switch may be off cannot be said: without the key it is reported and left alone",
    )
}

pub(crate) fn missing_selector() -> Diagnostic {
    Diagnostic::new(Code::MissingSelector, "`selector` is missing")
        .hint("every user and shared mailbox is `selector: { match: all }`")
}

pub(crate) fn empty_selector() -> Diagnostic {
    Diagnostic::new(Code::EmptySelector, "a selector without a condition selects nothing")
        .hint("every user and shared mailbox is `match: all`")
}

pub(crate) fn beside_any_of(key: &str) -> Diagnostic {
    super::wrong_shape("`anyOf` alone", &quoted(key)).hint("move the key into each mapping under `anyOf`")
}

pub(crate) fn excludes_all() -> Diagnostic {
    Diagnostic::new(Code::MatchesNobody, "`exclude: all` leaves no mailbox")
}

pub(crate) fn empty_window() -> Diagnostic {
    Diagnostic::new(
        Code::MatchesNobody,
        "no mailbox is created after `createdAfter` and before `createdBefore`",
    )
}

pub(crate) fn recipient_type_key() -> Diagnostic {
    Diagnostic::new(
        Code::WrongAttribute,
        "`recipientType` is another property: it says the same of most mailboxes",
    )
    .hint("did you mean `recipientTypeDetails`?")
}

pub(crate) fn hidden_attribute(key: &str) -> Diagnostic {
    Diagnostic::new(
        Code::HiddenAttribute,
        format!("mailboxes do not show {}: it belongs to the user", quoted(key)),
    )
    .hint("copy it into a custom attribute, or select by `userPrincipalName` or `office`")
}

pub(crate) fn unknown_selector_key(key: &str, suggestion: Option<&str>) -> Diagnostic {
    Diagnostic::new(Code::UnknownKey, format!("unknown key {}", quoted(key)))
        .hint_if(did_you_mean(suggestion))
        .hint_if(Some(
        "mailboxes are selected by id, recipientTypeDetails, names and addresses, office, usageLocation, \
         customAttribute1 to 15, auditTier and creation date"
            .to_owned(),
    ))
}

pub(crate) fn unlisted_recipient_type(word: &str, suggestion: Option<&str>) -> Diagnostic {
    Diagnostic::new(
        Code::UnlistedRecipientType,
        format!("{} is not a type of mailbox that this version knows", quoted(word)),
    )
    .hint_if(did_you_mean(suggestion))
}

pub(crate) fn not_settable(kind: &str) -> Diagnostic {
    Diagnostic::new(
        Code::NotSettable,
        format!("the service does not let the auditing of a {} be set", quoted(kind)),
    )
    .hint("it is reported as not applicable and left alone")
}
