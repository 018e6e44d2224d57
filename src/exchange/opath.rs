//! The filters that the service evaluates, in its OPATH language. Which filter is asked for when is the
//! business of `reader`.

use chrono::{DateTime, SecondsFormat, Utc};

use super::query::{RowFilter, Scope};
use crate::domain::{MailboxId, RecipientType};

/// Sees the stored value, false and never stored alike, whatever rows display. `'True'` stands for
/// `$true`, which only a PowerShell session knows (the module's own rewriting).
const STORED_OFF: &str = "AuditEnabled -ne 'True'";

/// Whether the types of a scope go into the filter, or are sorted out here afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    PushedDown,
    SortedOutHere,
}

/// The filter of a query; none where everything is asked for.
pub(super) fn of_query(scope: &Scope, filter: RowFilter, types: Types) -> Option<String> {
    let mut terms = Vec::new();
    if types == Types::PushedDown && !scope.types.is_empty() {
        let one = |kind: &RecipientType| format!("RecipientTypeDetails -eq {}", quoted(kind.as_str()));
        terms.push(any(scope.types.iter().map(one)));
    }
    match filter {
        RowFilter::All => {}
        RowFilter::StoredOff => terms.push(STORED_OFF.to_owned()),
        RowFilter::ChangedSince(moment) => terms.push(after("WhenChangedUTC", moment)),
        RowFilter::CreatedSince(moment) => terms.push(after("WhenMailboxCreated", moment)),
        RowFilter::StoredOffCreatedSince(moment) => {
            terms.push(after("WhenMailboxCreated", moment));
            terms.push(STORED_OFF.to_owned());
        }
    }
    (!terms.is_empty()).then(|| terms.join(" -and "))
}

/// Mailboxes by identity.
pub(super) fn of_group(ids: &[MailboxId]) -> String {
    any(ids.iter().map(|id| format!("Guid -eq '{id}'")))
}

/// Mailboxes by identity, of these only the ones stored as off.
pub(super) fn of_group_stored_off(ids: &[MailboxId]) -> String {
    format!("{} -and {STORED_OFF}", of_group(ids))
}

/// Whatever may be meant by a name that fits several mailboxes.
pub(super) fn of_name(name: &str) -> String {
    let name_only = quoted(name);
    let address = quoted(&format!("smtp:{name}"));
    any([
        format!("Alias -eq {name_only}"),
        format!("UserPrincipalName -eq {name_only}"),
        format!("DisplayName -eq {name_only}"),
        format!("Name -eq {name_only}"),
        format!("EmailAddresses -eq {address}"),
    ])
}

/// Always in parentheses, one term or many, so that the query looks the same for both.
fn any(terms: impl IntoIterator<Item = String>) -> String {
    let terms: Vec<String> = terms.into_iter().collect();
    format!("({})", terms.join(" -or "))
}

fn after(property: &str, moment: DateTime<Utc>) -> String {
    format!("{property} -gt '{}'", moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn scope() -> Scope {
        Scope { types: vec![RecipientType::UserMailbox, RecipientType::SharedMailbox], ..Scope::default() }
    }

    #[test]
    fn types_and_the_stored_value_are_asked_for_together() {
        assert_eq!(
            of_query(&scope(), RowFilter::StoredOff, Types::PushedDown).as_deref(),
            Some(
                "(RecipientTypeDetails -eq 'UserMailbox' -or RecipientTypeDetails -eq 'SharedMailbox') \
                 -and AuditEnabled -ne 'True'"
            )
        );
        assert_eq!(
            of_query(&scope(), RowFilter::StoredOff, Types::SortedOutHere).as_deref(),
            Some(STORED_OFF)
        );
        assert_eq!(of_query(&Scope::default(), RowFilter::All, Types::PushedDown), None);
    }

    #[test]
    fn moments_are_written_in_utc() {
        let moment = "2026-11-21T10:00:00.25Z".parse().expect("a moment");
        assert_eq!(
            of_query(&Scope::default(), RowFilter::ChangedSince(moment), Types::PushedDown).as_deref(),
            Some("WhenChangedUTC -gt '2026-11-21T10:00:00Z'")
        );
    }

    #[test]
    fn a_group_names_each_mailbox() {
        let ids = [MailboxId(Uuid::from_u128(1)), MailboxId(Uuid::from_u128(2))];
        assert_eq!(
            of_group_stored_off(&ids),
            "(Guid -eq '00000000-0000-0000-0000-000000000001' -or \
             Guid -eq '00000000-0000-0000-0000-000000000002') -and AuditEnabled -ne 'True'"
        );
    }

    #[test]
    fn a_quote_cannot_leave_its_text() {
        assert!(of_name("o'hara' -or Alias -ne '").contains("Alias -eq 'o''hara'' -or Alias -ne '''"));
    }
}
