//! The rows of the list of mailboxes: what each is, and what becomes of what happens in it.

use serde::Serialize;

use super::wording::name_of;
use crate::domain::{
    ActionSet, Auditing, Effective, LogonType, LogonTypes, Mailbox, Organization, PerLogonType,
};

/// One mailbox of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailboxRow {
    /// Its user principal name; empty where it was not read.
    pub user_principal_name: String,
    /// Its GUID.
    pub id: String,
    /// Its type.
    pub recipient_type: String,
    /// `premium`, `standard` or `unknown`.
    pub tier: &'static str,
    /// The stored value and what stands in for it.
    pub auditing: &'static str,
    /// What the service displays.
    pub displayed: &'static str,
    /// Whether records reach the unified audit log.
    pub effective: &'static str,
    /// The age of the log in the mailbox; none where it was not read.
    pub log_age: Option<String>,
    /// The lists that Microsoft keeps; none where it was not read.
    pub kept_by_microsoft: Option<Vec<&'static str>>,
    /// The list of administrators; none where it was not read.
    pub admin: Option<Vec<String>>,
    /// The list of delegates.
    pub delegate: Option<Vec<String>>,
    /// The list of the owner.
    pub owner: Option<Vec<String>>,
}

impl MailboxRow {
    fn of(mailbox: &Mailbox, organization: &Organization) -> Self {
        let lists: &PerLogonType<Option<ActionSet>> = &mailbox.actions;
        let list = |kind: LogonType| lists.get(kind).as_ref().map(ActionSet::names);
        Self {
            user_principal_name: mailbox.user_principal_name().unwrap_or_default().to_owned(),
            id: mailbox.id.to_string(),
            recipient_type: mailbox.recipient_type.as_str().to_owned(),
            tier: mailbox.tier.as_str(),
            auditing: Auditing::of(mailbox, organization).as_str(),
            displayed: displayed(mailbox.displayed_enabled),
            effective: Effective::of(mailbox, organization).as_str(),
            log_age: mailbox.log_age.map(|age| age.to_string()),
            kept_by_microsoft: mailbox.kept_by_microsoft.map(words),
            admin: list(LogonType::Admin),
            delegate: list(LogonType::Delegate),
            owner: list(LogonType::Owner),
        }
    }
}

/// `yes`, `no` or `unknown`.
const fn displayed(enabled: Option<bool>) -> &'static str {
    match enabled {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

fn words(kinds: LogonTypes) -> Vec<&'static str> {
    kinds.iter().map(LogonType::as_str).collect()
}

/// The rows of a tenant, by name, of one kind of auditing where one is asked for.
pub fn mailbox_rows(
    mailboxes: &[Mailbox],
    organization: &Organization,
    auditing: Option<Auditing>,
) -> Vec<MailboxRow> {
    let wanted =
        |mailbox: &&Mailbox| auditing.is_none_or(|wanted| Auditing::of(mailbox, organization) == wanted);
    let mut mailboxes: Vec<&Mailbox> = mailboxes.iter().filter(wanted).collect();
    mailboxes.sort_by_cached_key(|mailbox| {
        (name_of(mailbox.user_principal_name(), mailbox.id).to_lowercase(), mailbox.id)
    });
    mailboxes.into_iter().map(|mailbox| MailboxRow::of(mailbox, organization)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{StoredAuditing, SwitchState};
    use crate::report::sample::{baseline_drift, organization, synced};

    #[test]
    fn stored_displayed_and_effective_are_told_apart() {
        let organization = organization(SwitchState::On);
        let rows = mailbox_rows(&baseline_drift(), &organization, None);
        let off = rows.iter().find(|row| row.user_principal_name.starts_with("off")).unwrap();
        assert_eq!((off.auditing, off.displayed, off.effective), ("by_tenant_default", "yes", "yes"));
        assert_eq!(off.kept_by_microsoft.as_deref(), Some(&["admin", "delegate", "owner"][..]));
        assert_eq!(rows[0].log_age.as_deref(), Some("0d"));
    }

    #[test]
    fn what_was_not_read_is_absent_and_a_filter_does_not_guess() {
        let organization = organization(SwitchState::On);
        let mut unread = synced(1, "unread");
        unread.stored = StoredAuditing::Unknown;
        unread.actions = Default::default();
        unread.kept_by_microsoft = None;
        let mailboxes = [unread, synced(2, "on")];
        let unknown = mailbox_rows(&mailboxes, &organization, Some(Auditing::Unknown));
        assert_eq!(unknown.len(), 1);
        assert_eq!((&unknown[0].admin, &unknown[0].kept_by_microsoft), (&None, &None));
        assert!(mailbox_rows(&mailboxes, &organization, Some(Auditing::Off)).is_empty());
        assert_eq!(
            mailbox_rows(&mailboxes, &organization, Some(Auditing::Explicit))[0].user_principal_name,
            "on-2@contoso.example"
        );
    }
}
