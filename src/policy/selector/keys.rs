//! The keys of a selector's mapping, and the words that administrators write in their place.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Clause, Moment, Test};
use crate::domain::{Attribute, AuditTier, RecipientType};
use crate::policy::decode::{items, parse_date, scalar, start_of_day, texts, word};
use crate::policy::diagnostic::{self, Sink};
use crate::policy::fields::Field;
use crate::policy::glob::Pattern;
use crate::policy::suggest::suggest;
use crate::policy::yaml::{Entry, Node};

macro_rules! custom {
    ($key:literal) => {
        Field::optional(
            $key,
            "patterns of the custom attribute of that number; \"\" matches unset",
            custom_attribute,
        )
    };
}

/// The keys of one mapping of a selector. Keys are joined by "and", the values of a key by "or".
pub(super) const CLAUSE: &[Field<Clause>] = &[
    Field::optional("id", "Guid, ExchangeGuid or ExternalDirectoryObjectId of mailboxes", ids),
    Field::optional("recipientTypeDetails", "types of mailbox, as Exchange names them", types),
    Field::optional("userPrincipalName", "patterns of the sign-in name", |clause, entry, sink| {
        patterns(Attribute::UserPrincipalName, clause, entry, sink);
    }),
    Field::optional("primarySmtpAddress", "patterns of the primary address", |clause, entry, sink| {
        patterns(Attribute::PrimarySmtpAddress, clause, entry, sink);
    }),
    Field::optional("emailAddress", "patterns of any address of the mailbox", email_address),
    Field::optional("alias", "patterns of the alias", |clause, entry, sink| {
        patterns(Attribute::Alias, clause, entry, sink);
    }),
    Field::optional("displayName", "patterns of the display name", |clause, entry, sink| {
        patterns(Attribute::DisplayName, clause, entry, sink);
    }),
    Field::optional("office", "patterns of the office", |clause, entry, sink| {
        patterns(Attribute::Office, clause, entry, sink);
    }),
    Field::optional(
        "usageLocation",
        "patterns of the usage location, such as \"NO\"",
        |clause, entry, sink| {
            patterns(Attribute::UsageLocation, clause, entry, sink);
        },
    ),
    custom!("customAttribute1"),
    custom!("customAttribute2"),
    custom!("customAttribute3"),
    custom!("customAttribute4"),
    custom!("customAttribute5"),
    custom!("customAttribute6"),
    custom!("customAttribute7"),
    custom!("customAttribute8"),
    custom!("customAttribute9"),
    custom!("customAttribute10"),
    custom!("customAttribute11"),
    custom!("customAttribute12"),
    custom!("customAttribute13"),
    custom!("customAttribute14"),
    custom!("customAttribute15"),
    Field::optional("auditTier", "`premium` or `standard`", tier),
    Field::optional(
        "createdAfter",
        "a day, a moment, or `30d` ago; that moment included",
        |clause, entry, sink| {
            clause.tests.extend(moment(&entry.value, sink).map(Test::CreatedAfter));
        },
    ),
    Field::optional(
        "createdBefore",
        "a day, a moment, or `30d` ago; that moment not included",
        |clause, entry, sink| {
            clause.tests.extend(moment(&entry.value, sink).map(Test::CreatedBefore));
        },
    ),
    Field::not_yet("memberOf", "address of a group whose direct members are meant"),
    Field::not_yet("administrativeUnit", "administrative unit whose mailboxes are meant"),
    Field::not_yet("filter", "an OPATH filter"),
];

/// What Exchange keeps on the user, not on the mailbox. Source: Microsoft Learn, "Filterable
/// properties for the Filter parameter": these are not properties of `Get-Mailbox`.
const NOT_ON_MAILBOXES: &[&str] = &[
    "department",
    "company",
    "city",
    "title",
    "jobTitle",
    "country",
    "countryOrRegion",
    "manager",
    "firstName",
    "lastName",
    "phone",
    "stateOrProvince",
    "employeeId",
    "directReports",
];

/// Words that stand elsewhere for a key of ours.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("upn", "userPrincipalName"),
    ("user", "userPrincipalName"),
    ("guid", "id"),
    ("identity", "id"),
    ("exchangeGuid", "id"),
    ("externalDirectoryObjectId", "id"),
    ("objectId", "id"),
    ("mail", "primarySmtpAddress"),
    ("email", "primarySmtpAddress"),
    ("smtpAddress", "primarySmtpAddress"),
    ("emailAddresses", "emailAddress"),
    ("proxyAddresses", "emailAddress"),
    ("name", "displayName"),
    ("location", "usageLocation"),
    ("whenMailboxCreated", "createdAfter"),
    ("whenCreated", "createdAfter"),
    ("group", "memberOf"),
];

/// Reports a key that the table does not have, with the reason that fits it best.
pub(super) fn report_unknown(entry: &Entry, sink: &mut Sink) {
    let key = entry.key.value.as_str();
    let is = |word: &str| key.eq_ignore_ascii_case(word);
    let message = if is("recipientType") {
        diagnostic::recipient_type_key()
    } else if NOT_ON_MAILBOXES.iter().any(|word| is(word)) {
        diagnostic::hidden_attribute(key)
    } else {
        let other = OTHER_WORDS.iter().find(|(word, _)| is(word)).map(|(_, ours)| *ours);
        // The nearest of fifteen numbers is no help with a number that does not exist.
        let numbered = key.to_ascii_lowercase().starts_with("customattribute");
        let nearest = || suggest(key, CLAUSE.iter().map(|field| field.key));
        let suggestion = if numbered { None } else { other.or_else(nearest) };
        diagnostic::unknown_selector_key(key, suggestion)
    };
    sink.push(entry.key.span, message);
}

fn ids(clause: &mut Clause, entry: &Entry, sink: &mut Sink) {
    let Some(written) = texts(&entry.value, sink) else { return };
    let mut ids = Vec::with_capacity(written.len());
    for text in written {
        match Uuid::try_parse(&text.value) {
            Ok(id) => ids.push(id),
            Err(_) => sink.push(text.span, diagnostic::invalid_id(&text.value)),
        }
    }
    clause.tests.push(Test::Id(ids));
}

fn types(clause: &mut Clause, entry: &Entry, sink: &mut Sink) {
    let Some(written) = texts(&entry.value, sink) else { return };
    let mut types = Vec::with_capacity(written.len());
    for text in written {
        let kind = RecipientType::parse(&text.value);
        if let RecipientType::Unlisted(word) = &kind {
            let suggestion = suggest(word, RecipientType::KNOWN.iter().map(RecipientType::as_str));
            sink.push(text.span, diagnostic::unlisted_recipient_type(word, suggestion));
        } else if !kind.is_settable() {
            sink.push(text.span, diagnostic::not_settable(kind.as_str()));
        }
        types.push(kind);
    }
    clause.tests.push(Test::Types(types));
}

fn patterns(attribute: Attribute, clause: &mut Clause, entry: &Entry, sink: &mut Sink) {
    clause.tests.extend(pattern_list(&entry.value, sink).map(|patterns| Test::Text(attribute, patterns)));
}

fn email_address(clause: &mut Clause, entry: &Entry, sink: &mut Sink) {
    clause.tests.extend(pattern_list(&entry.value, sink).map(Test::EmailAddress));
}

fn custom_attribute(clause: &mut Clause, entry: &Entry, sink: &mut Sink) {
    let number =
        entry.key.value.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or_default();
    patterns(Attribute::Custom(number), clause, entry, sink);
}

fn pattern_list(node: &Node, sink: &mut Sink) -> Option<Vec<Pattern>> {
    Some(texts(node, sink)?.iter().map(|text| Pattern::new(&text.value)).collect())
}

fn tier(clause: &mut Clause, entry: &Entry, sink: &mut Sink) {
    const TIERS: &[(&str, AuditTier)] = &[("premium", AuditTier::Premium), ("standard", AuditTier::Standard)];
    let Some(written) = items(&entry.value, "`premium` or `standard`", sink) else { return };
    let tiers = written.iter().filter_map(|item| word(item, TIERS, sink)).collect();
    clause.tests.push(Test::Tier(tiers));
}

fn moment(node: &Node, sink: &mut Sink) -> Option<Moment> {
    let text = &scalar(node, "a date", sink)?.text;
    let moment = parse_moment(text);
    if moment.is_none() {
        let hint = "write a day (`2027-01-31`), a moment (`2027-01-31T08:00:00Z`) or days ago (`30d`)";
        sink.push(node.span, diagnostic::invalid_date(text, hint));
    }
    moment
}

pub(super) fn parse_moment(text: &str) -> Option<Moment> {
    if let Some(days) = text.strip_suffix('d') {
        let number = days.bytes().all(|byte| byte.is_ascii_digit()).then_some(days)?;
        return number.parse().ok().map(Moment::DaysAgo);
    }
    if let Some(day) = parse_date(text) {
        return Some(Moment::At(start_of_day(day)));
    }
    DateTime::parse_from_rfc3339(text).ok().map(|moment| Moment::At(moment.with_timezone(&Utc)))
}
