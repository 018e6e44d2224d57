//! The columns of a mailbox row, and the values of those that are the same on every mailbox here.
//!
//! A real row has some 336 keys and 15 KB, which is why clients must select; this one is in that order of size. Names that vary
//! are those of Microsoft Learn's "Property sets in Exchange Online PowerShell module cmdlets"; the constant ones are here for the
//! width of a row, and nothing should be concluded from their values.

/// Columns that tell one mailbox from another; `rows` knows their values.
const OWN: [&str; 40] = [
    "ExternalDirectoryObjectId",
    "RecipientTypeDetails",
    "RecipientType",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "WindowsEmailAddress",
    "EmailAddresses",
    "Alias",
    "DisplayName",
    "Identity",
    "Id",
    "Name",
    "DistinguishedName",
    "ExchangeGuid",
    "Guid",
    "ExchangeObjectId",
    "AuditEnabled",
    "AuditLogAgeLimit",
    "AuditAdmin",
    "AuditDelegate",
    "AuditOwner",
    "DefaultAuditSet",
    "WhenMailboxCreated",
    "WhenCreated",
    "WhenCreatedUTC",
    "WhenChanged",
    "WhenChangedUTC",
    "PersistedCapabilities",
    "IsShared",
    "IsResource",
    "IsInactiveMailbox",
    "IsMailboxEnabled",
    "IsDirSynced",
    "LitigationHoldEnabled",
    "Office",
    "UsageLocation",
    "ResourceType",
    "MailboxPlan",
    "OrganizationId",
    "IsValid",
];

const TEXTS: [(&str, &str); 83] = [
    ("ProhibitSendQuota", "99 GB (106,300,440,576 bytes)"),
    ("ProhibitSendReceiveQuota", "100 GB (107,374,182,400 bytes)"),
    ("IssueWarningQuota", "98 GB (105,226,698,752 bytes)"),
    ("RecoverableItemsQuota", "30 GB (32,212,254,720 bytes)"),
    ("RecoverableItemsWarningQuota", "20 GB (21,474,836,480 bytes)"),
    ("ArchiveQuota", "100 GB (107,374,182,400 bytes)"),
    ("ArchiveWarningQuota", "90 GB (96,636,764,160 bytes)"),
    ("CalendarLoggingQuota", "6 GB (6,442,450,944 bytes)"),
    ("RulesQuota", "256 KB (262,144 bytes)"),
    ("MaxSendSize", "35 MB (36,700,160 bytes)"),
    ("MaxReceiveSize", "36 MB (37,748,736 bytes)"),
    ("RetainDeletedItemsFor", "14.00:00:00"),
    ("LitigationHoldDuration", "Unlimited"),
    ("RecipientLimits", "Unlimited"),
    ("ServerName", "am9pr07mb7121"),
    (
        "ServerLegacyDN",
        "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn=AM9PR07MB7121",
    ),
    ("Database", "EURPR07DG182-db091"),
    ("DatabaseGuid", "4a7c3a0e-6c2f-4c1e-9d61-2f0e7b8a51c3"),
    ("ObjectCategory", "EURPR07A013.PROD.OUTLOOK.COM/Configuration/Schema/Person"),
    ("OriginatingServer", "AM9PR07A13DC002.EURPR07A013.PROD.OUTLOOK.COM"),
    ("ArchiveStatus", "None"),
    ("ArchiveState", "None"),
    ("ArchiveRelease", ""),
    ("ExchangeVersion", "0.20 (15.0.0.0)"),
    ("AdminDisplayVersion", "Version 15.20 (Build 0.0)"),
    ("ExchangeUserAccountControl", "None"),
    ("RetentionPolicy", "Default MRM Policy"),
    ("RoleAssignmentPolicy", "Default Role Assignment Policy"),
    ("SharingPolicy", "Default Sharing Policy"),
    ("AddressBookPolicy", ""),
    ("ThrottlingPolicy", ""),
    ("RetentionComment", ""),
    ("RetentionUrl", ""),
    ("LitigationHoldOwner", ""),
    ("ForwardingAddress", ""),
    ("ForwardingSmtpAddress", ""),
    ("GrantSendOnBehalfToDisplay", ""),
    ("SimpleDisplayName", ""),
    ("LinkedMasterAccount", ""),
    ("SamAccountName", ""),
    ("ImmutableId", ""),
    ("NetID", ""),
    ("MicrosoftOnlineServicesID", ""),
    ("WindowsLiveID", ""),
    ("AccountDisabledReason", ""),
    ("MailboxMoveStatus", "None"),
    ("MailboxMoveFlags", "None"),
    ("MailboxMoveBatchName", ""),
    ("MailboxMoveRemoteHostName", ""),
    ("MailboxMoveSourceMDB", ""),
    ("MailboxMoveTargetMDB", ""),
    ("MailboxProvisioningConstraint", ""),
    ("MailboxRegion", ""),
    ("MailboxRegionSuffix", "None"),
    ("MailboxRelease", ""),
    ("QueryBaseDN", ""),
    ("DefaultPublicFolderMailbox", ""),
    ("EffectivePublicFolderMailbox", ""),
    ("ExternalOofOptions", "External"),
    (
        "LegacyExchangeDN",
        "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user",
    ),
    ("MailTip", ""),
    ("SendModerationNotifications", "Always"),
    ("RemoteAccountPolicy", ""),
    ("RemoteRecipientType", "None"),
    ("StsRefreshTokensValidFrom", ""),
    ("UnifiedMailbox", ""),
    ("JournalArchiveAddress", ""),
    ("OfflineAddressBook", ""),
    ("OrganizationalUnit", "contoso"),
    ("OrganizationalUnitRoot", ""),
    ("ConsumerNetID", ""),
    ("EnterpriseId", ""),
    ("DataEncryptionPolicy", ""),
    ("ServicePlan", "BPOS_S_E5"),
    ("SKUAssigned", "True"),
    ("SiloName", ""),
    ("StartDateForRetentionHold", ""),
    ("EndDateForRetentionHold", ""),
    ("LitigationHoldDate", ""),
    ("WhenSoftDeleted", ""),
    ("LastExchangeChangedTime", ""),
    ("PreviousPrimarySMTPAddress", ""),
    ("PreviousRecipientTypeDetails", "None"),
];

const TRUE: [&str; 2] = ["SingleItemRecoveryEnabled", "MessageRecallProcessingEnabled"];

const FALSE: [&str; 55] = [
    "AccountDisabled",
    "AntispamBypassEnabled",
    "AutoExpandingArchiveEnabled",
    "BypassModerationFromSendersOrMembersEnabled",
    "CalendarRepairDisabled",
    "CalendarVersionStoreDisabled",
    "ComplianceTagHoldApplied",
    "DelayHoldApplied",
    "DelayReleaseHoldApplied",
    "DeliverToMailboxAndForward",
    "DowngradeHighPriorityMessagesEnabled",
    "ElcProcessingDisabled",
    "EmailAddressPolicyEnabled",
    "ForceGenerationOfOfflineAddressBook",
    "GeneratedOfflineAddressBooksEnabled",
    "HasPicture",
    "HasSnackyAppData",
    "HasSpokenName",
    "HiddenFromAddressListsEnabled",
    "ImListMigrationCompleted",
    "IncludeInGarbageCollection",
    "IsAuxMailbox",
    "IsExcludedFromServingHierarchy",
    "IsHierarchyReady",
    "IsHierarchySyncEnabled",
    "IsLinked",
    "IsMachineToPersonTextMessagingEnabled",
    "IsMonitoringMailbox",
    "IsPersonToPersonTextMessagingEnabled",
    "IsRootPublicFolderMailbox",
    "IsSoftDeletedByDisable",
    "IsSoftDeletedByRemove",
    "MessageCopyForSendOnBehalfEnabled",
    "MessageCopyForSentAsEnabled",
    "MessageCopyForSMTPClientSubmissionEnabled",
    "MessageTrackingReadStatusEnabled",
    "MicrosoftOnlineServicesEnabled",
    "ModerationEnabled",
    "NonCompliantDevicesAllowed",
    "OrphanSoftDeleteTrackingEnabled",
    "ProvisionedForOfficeGraph",
    "QueryBaseDNRestrictionEnabled",
    "ReconciliationEnabled",
    "RequireSenderAuthenticationEnabled",
    "ResetPasswordOnNextLogon",
    "RetainDeletedItemsUntilBackup",
    "RetentionHoldEnabled",
    "RoomMailboxAccountEnabled",
    "SKUAssignedByGroup",
    "StickyRecipientTypeEnabled",
    "UMEnabled",
    "UnifiedGroupMailbox",
    "UseDatabaseQuotaDefaults",
    "UseDatabaseRetentionDefaults",
    "WasInactiveMailbox",
];

const NUMBERS: [&str; 6] = [
    "SCLDeleteThreshold",
    "SCLJunkThreshold",
    "SCLQuarantineThreshold",
    "SCLRejectThreshold",
    "MaxBlockedSenders",
    "MaxSafeSenders",
];

const COLLECTIONS: [&str; 32] = [
    "AcceptMessagesOnlyFrom",
    "AcceptMessagesOnlyFromDLMembers",
    "AcceptMessagesOnlyFromSendersOrMembers",
    "AddressListMembership",
    "AdministrativeUnits",
    "AggregatedMailboxGuids",
    "ArchiveName",
    "BypassModerationFrom",
    "BypassModerationFromDLMembers",
    "BypassModerationFromSendersOrMembers",
    "DisabledMailboxLocations",
    "Extensions",
    "GrantSendOnBehalfTo",
    "InPlaceHolds",
    "Languages",
    "LocalizedMailTipTranslations",
    "MailboxLocations",
    "MailTipTranslations",
    "MasteredOnPremise",
    "ModeratedBy",
    "PoliciesExcluded",
    "PoliciesIncluded",
    "ProtocolSettings",
    "RejectMessagesFrom",
    "RejectMessagesFromDLMembers",
    "RejectMessagesFromSendersOrMembers",
    "ResourceCustom",
    "SharingPartnerIdentities",
    "UMDtmfMap",
    "UserCertificate",
    "UserSMimeCertificate",
    "ObjectClass",
];

/// A value that no mailbox differs in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Constant {
    Text(&'static str),
    Flag(bool),
    Number(i32),
    /// Always empty.
    Collection,
}

/// A column that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Its value where no mailbox differs.
    pub(crate) constant: Option<Constant>,
}

fn every() -> impl Iterator<Item = Column> {
    let constant = |name: &'static str, constant| Column { name: name.to_owned(), constant: Some(constant) };
    let own = OWN
        .iter()
        .map(|name| (*name).to_owned())
        .chain((1..=15).map(|n| format!("CustomAttribute{n}")))
        .chain((1..=5).map(|n| format!("ExtensionCustomAttribute{n}")))
        .map(|name| Column { name, constant: None });
    let texts = TEXTS.iter().map(move |(name, text)| constant(name, Constant::Text(text)));
    let of = move |names: &'static [&'static str], value: Constant| {
        names.iter().map(move |name| constant(name, value))
    };
    own.chain(texts)
        .chain(of(&TRUE, Constant::Flag(true)))
        .chain(of(&FALSE, Constant::Flag(false)))
        .chain(of(&NUMBERS, Constant::Number(0)))
        .chain(of(&COLLECTIONS, Constant::Collection))
}

/// The columns that `$select` names, in the service's spelling; names it does not know are passed over.
pub(crate) fn selected(select: Option<&[String]>) -> Vec<Column> {
    let wanted = |column: &Column| {
        select.is_none_or(|names| {
            let same = |name: &String| name.eq_ignore_ascii_case(&column.name);
            names.iter().any(same)
        })
    };
    every().filter(wanted).collect()
}
