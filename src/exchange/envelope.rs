//! The envelope around the rows of a successful answer. Refusals have another form, read in `fault`.

use serde::{Deserialize, Deserializer};

use super::row::Row;

/// What a shortened answer warns of; only the beginning, since the rest differs by parameter.
const MORE_RESULTS: &str = "There are more results available";
/// What a write without an effect warns of, around the name of the object.
const NOTHING_MODIFIED: [&str; 2] = ["no settings of", "have been modified"];

/// A successful answer. Source: recorded traffic of 2024 and 2026.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Envelope {
    /// Missing, null and empty all mean no rows.
    #[serde(default, rename = "value", deserialize_with = "or_default")]
    pub(super) rows: Vec<Row>,
    /// Where the next page is; empty means the same as missing.
    #[serde(default, rename = "@odata.nextLink", deserialize_with = "or_default")]
    next: String,
    #[serde(default, rename = "@adminapi.warnings", deserialize_with = "or_default")]
    warnings: Vec<String>,
    #[serde(default)]
    error: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "@adminapi.errors", deserialize_with = "or_default")]
    errors: Vec<serde::de::IgnoredAny>,
}

/// An answer that is no envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoEnvelope {
    /// It ends in the middle.
    CutOff,
    /// It reports an error although its status says success.
    HoldsAnError,
    /// It is something else, a web page for instance.
    Alien,
}

impl Envelope {
    /// Reads the body of a successful answer.
    pub(super) fn parse(body: &[u8]) -> Result<Self, NoEnvelope> {
        match serde_json::from_slice::<Self>(body) {
            Ok(envelope) if envelope.error.is_some() || !envelope.errors.is_empty() => {
                Err(NoEnvelope::HoldsAnError)
            }
            Ok(envelope) => Ok(envelope),
            Err(error) if error.is_eof() => Err(NoEnvelope::CutOff),
            Err(_) => Err(NoEnvelope::Alien),
        }
    }

    /// Where the next page is, if there is one.
    pub(super) fn next(&self) -> Option<&str> {
        (!self.next.is_empty()).then_some(&self.next)
    }

    /// Whether the service says that it left rows out. Beside a next page it says so too, and means
    /// nothing by it.
    pub(super) fn says_more(&self) -> bool {
        self.warnings.iter().any(|warning| warning.contains(MORE_RESULTS))
    }

    /// Whether the service says that a write changed nothing.
    pub(super) fn says_unchanged(&self) -> bool {
        self.warnings.iter().any(|warning| NOTHING_MODIFIED.iter().all(|part| warning.contains(part)))
    }
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionSet, AuditTier, LogonType, LogonTypes, RecipientType};
    use crate::exchange::query::Columns;

    fn envelope(body: &str) -> Envelope {
        Envelope::parse(body.as_bytes()).expect("an envelope")
    }

    #[test]
    fn a_page_in_the_recorded_form() {
        let page = envelope(include_str!("../../tests/wire/get_mailbox_page.json"));
        assert!(page.next().is_some_and(|link| link.contains("%24skiptoken=")));
        let mailboxes: Vec<_> =
            page.rows.into_iter().map(|row| row.into_mailbox(&Columns::default()).expect("rows")).collect();
        assert_eq!(mailboxes.len(), 3);
        let adele = &mailboxes[0];
        assert_eq!(adele.recipient_type, RecipientType::UserMailbox);
        assert_eq!(adele.user_principal_name(), Some("adele@contoso.com"));
        assert_eq!(adele.displayed_enabled, Some(true));
        assert_eq!(adele.actions.get(LogonType::Admin).as_ref().map(ActionSet::len), Some(13));
        assert_eq!(adele.actions.get(LogonType::Delegate).as_ref().map(ActionSet::len), Some(11));
        assert_eq!(adele.actions.get(LogonType::Owner).as_ref().map(ActionSet::len), Some(10));
        assert_eq!(adele.kept_by_microsoft, Some(LogonTypes::ALL));
        assert_eq!(adele.tier, AuditTier::Premium);
        assert_eq!(adele.created_at.map(|moment| moment.timestamp()), Some(1_663_747_667));
        assert_eq!(adele.log_age.map(|age| age.to_string()).as_deref(), Some("90d"));
        let discovery = &mailboxes[1];
        assert_eq!(discovery.recipient_type, RecipientType::DiscoveryMailbox);
        assert_eq!(discovery.external_directory_object_id, None);
        assert_eq!(discovery.displayed_enabled, Some(false));
        let customised = &mailboxes[2];
        assert_eq!(customised.kept_by_microsoft.map(LogonTypes::len), Some(1));
        assert_eq!(customised.actions.get(LogonType::Owner), &Some(ActionSet::EMPTY));
    }

    #[test]
    fn the_organizations_rows_in_the_recorded_form() {
        let configuration = envelope(include_str!("../../tests/wire/get_organization_config.json"));
        assert_eq!(configuration.rows[0].audit_disabled, Some(false));
        let ingestion = envelope(include_str!("../../tests/wire/get_admin_audit_log_config.json"));
        assert_eq!(ingestion.rows[0].ingestion_enabled, Some(true));
    }

    #[test]
    fn warnings_are_told_apart() {
        let unchanged = envelope(include_str!("../../tests/wire/set_mailbox_unchanged.json"));
        assert!(unchanged.says_unchanged() && !unchanged.says_more());
        let shortened = envelope(include_str!("../../tests/wire/get_mailbox_shortened.json"));
        assert!(shortened.says_more() && !shortened.says_unchanged());
    }

    #[test]
    fn no_rows_has_many_forms() {
        for body in ["{}", r#"{"value":null}"#, r#"{"value":[],"@odata.nextLink":""}"#] {
            let page = envelope(body);
            assert!(page.rows.is_empty() && page.next().is_none(), "{body}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_told_apart() {
        let read = |body: &str| Envelope::parse(body.as_bytes()).expect_err("no envelope");
        assert_eq!(read(r#"{"value":[{"Guid":"3333"#), NoEnvelope::CutOff);
        assert_eq!(read(""), NoEnvelope::CutOff);
        assert_eq!(read("<html></html>"), NoEnvelope::Alien);
        assert_eq!(read(r#"{"value":[]}}"#), NoEnvelope::Alien);
        assert_eq!(read(r#"{"error":{"code":"x"}}"#), NoEnvelope::HoldsAnError);
        assert_eq!(read(r#"{"value":[],"@adminapi.errors":["x"]}"#), NoEnvelope::HoldsAnError);
    }
}
