//! What selectors select, and what they say where a row is incomplete.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::domain::MailboxId;
use crate::policy::diagnostic::Sink;
use crate::policy::source_text::SourceText;
use crate::policy::yaml;

fn selector(text: &str) -> Selector {
    let text = format!("selector: {text}");
    let mut sink = Sink::new(Arc::new(SourceText::new("t.yaml", &text)));
    let documents = yaml::parse(&mut sink);
    let entry = &documents[0].mapping().unwrap().entries[0];
    let selector = decode(entry, &mut sink);
    let found = sink.finish();
    assert!(!found.iter().any(|one| one.is_error()), "{found:?}");
    selector.unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-06-30T12:00:00Z".parse().unwrap()
}

fn ann() -> Mailbox {
    let mut mailbox = Mailbox::unread(MailboxId(Uuid::from_u128(1)), RecipientType::UserMailbox);
    mailbox.attributes.insert(Attribute::UserPrincipalName, "Ann@Contoso.example".into());
    mailbox.attributes.insert(Attribute::Custom(7), "".into());
    mailbox.email_addresses = vec!["ann@contoso.example".into(), "boss@contoso.example".into()];
    mailbox.created_at = Some("2026-06-01T00:00:00Z".parse().unwrap());
    mailbox
}

fn selects(text: &str, mailbox: &Mailbox) -> Selection {
    selector(text).select(mailbox, now())
}

#[test]
fn keys_are_and_values_are_or() {
    let ann = ann();
    for (text, expected) in [
        ("{ match: all }", Selection::Matched),
        ("{ match: { userPrincipalName: ['bob@*', '*@contoso.example'] } }", Selection::Matched),
        ("{ match: { userPrincipalName: ['ann@*'], customAttribute7: [x] } }", Selection::Outside),
        ("{ match: { customAttribute7: [''] } }", Selection::Matched),
        ("{ match: { emailAddress: boss@contoso.example } }", Selection::Matched),
        (
            "{ match: { anyOf: [{ alias: [x], userPrincipalName: [x] }, { userPrincipalName: ['ann*'] }] } }",
            Selection::Matched,
        ),
        ("{ match: all, exclude: { userPrincipalName: ['ANN@*'] } }", Selection::Outside),
        ("{ match: { createdAfter: 30d } }", Selection::Matched),
        ("{ match: { createdAfter: 2026-06-01 } }", Selection::Matched),
        ("{ match: { createdBefore: 2026-06-01 } }", Selection::Outside),
        ("{ match: { createdBefore: 2026-06-01T00:00:01+00:00 } }", Selection::Matched),
    ] {
        assert_eq!(selects(text, &ann), expected, "{text}");
    }
}

#[test]
fn other_types_are_reached_only_where_named() {
    let mut room = ann();
    room.recipient_type = RecipientType::RoomMailbox;
    room.exchange_guid = Some(Uuid::from_u128(9));
    assert_eq!(selects("{ match: all }", &room), Selection::Outside);
    assert_eq!(selects("{ match: { userPrincipalName: ['*'] } }", &room), Selection::Outside);
    assert_eq!(selects("{ match: { recipientTypeDetails: [RoomMailbox] } }", &room), Selection::Matched);
    let id = Uuid::from_u128(9);
    assert_eq!(selects(&format!("{{ match: {{ id: ['{id}'] }} }}"), &room), Selection::Matched);
}

#[test]
fn what_the_row_lacks_is_undecided_and_excludes_nothing() {
    let ann = ann();
    assert_eq!(selects("{ match: { office: [Dublin] } }", &ann), Selection::Undecided);
    assert_eq!(selects("{ match: { auditTier: premium } }", &ann), Selection::Undecided);
    assert_eq!(selects("{ match: all, exclude: { office: [x] } }", &ann), Selection::MatchedUnlessExcluded);
    // One condition that fails decides, whatever the other would have said.
    assert_eq!(selects("{ match: { office: [x], userPrincipalName: [bob] } }", &ann), Selection::Outside);
    assert_eq!(
        selects("{ match: { office: [x] }, exclude: { userPrincipalName: ['*'] } }", &ann),
        Selection::Outside
    );
}

#[test]
fn a_selector_knows_what_it_needs() {
    let selector = selector(
        "{ match: { anyOf: [{ office: [x], recipientTypeDetails: [GroupMailbox] }, { auditTier: standard }] }, exclude: { emailAddress: [y], customAttribute15: [z] } }",
    );
    assert_eq!(selector.attributes(), [Attribute::Office, Attribute::Custom(15)].into());
    assert!(selector.asks_for_email_addresses());
    assert_eq!(selector.named_types(), [RecipientType::GroupMailbox].into());
    assert!(selector.may_match_premium());
    assert!(selector.reaches_common_types());
}
