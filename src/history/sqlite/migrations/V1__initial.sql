-- Times are microseconds since 1970 (UTC); ids are the 16 bytes of a GUID; the object of a drift, an
-- attempt or an intent is a mailbox's id, or nothing (x'') for the organization. Words are as in the logs.

CREATE TABLE cycle_day (
    tenant          BLOB NOT NULL,
    lane            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    day             TEXT NOT NULL,
    count           INTEGER NOT NULL,
    first_at        INTEGER NOT NULL,
    last_started_at INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    population      INTEGER NOT NULL,
    corrected       INTEGER NOT NULL,
    policy_revision TEXT NOT NULL,
    error           TEXT,
    PRIMARY KEY (tenant, lane, outcome, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE cycle (
    tenant          BLOB NOT NULL,
    cycle_id        BLOB NOT NULL,
    lane            TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER NOT NULL,
    outcome         TEXT NOT NULL,
    examined        INTEGER NOT NULL,
    corrected       INTEGER NOT NULL,
    unknown         INTEGER NOT NULL,
    edges           INTEGER NOT NULL,
    policy_revision TEXT NOT NULL,
    error           TEXT,
    PRIMARY KEY (tenant, cycle_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cycle_by_time ON cycle (tenant, finished_at);

-- Written for mailboxes that appear, vanish and return, never for those that stay.
CREATE TABLE mailbox (
    tenant      BLOB NOT NULL,
    mailbox     BLOB NOT NULL,
    first_seen  INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    vanished_at INTEGER,
    last_seen   INTEGER,
    PRIMARY KEY (tenant, mailbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX mailbox_by_first_seen ON mailbox (tenant, first_seen);

-- When the last look ended that saw every mailbox of `mailbox` but those that have vanished.
CREATE TABLE complete_view (
    tenant BLOB PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE drift (
    drift_id         BLOB NOT NULL,
    tenant           BLOB NOT NULL,
    object           BLOB NOT NULL,
    field            TEXT NOT NULL,
    cause            TEXT NOT NULL,
    class            TEXT,
    mode             TEXT NOT NULL,
    observed         TEXT NOT NULL,
    desired          TEXT NOT NULL,
    missing          TEXT NOT NULL,
    extra            TEXT NOT NULL,
    policies         TEXT NOT NULL,
    policy_revision  TEXT NOT NULL,
    opened_at        INTEGER NOT NULL,
    first_attempt_at INTEGER,
    written_at       INTEGER,
    persisting_since INTEGER,
    last_reminder_at INTEGER,
    closed_at        INTEGER,
    closed_how       TEXT,
    PRIMARY KEY (drift_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX drift_open ON drift (tenant, object, field) WHERE closed_at IS NULL;
CREATE INDEX drift_by_object ON drift (tenant, object, opened_at);

CREATE TABLE attempt (
    tenant           BLOB NOT NULL,
    object           BLOB NOT NULL,
    field            TEXT NOT NULL,
    desired          TEXT NOT NULL,
    first_attempt_at INTEGER NOT NULL,
    last_attempt_at  INTEGER NOT NULL,
    tries            INTEGER NOT NULL,
    status           TEXT NOT NULL,
    next_try_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant, object, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejection (
    tenant      BLOB NOT NULL,
    mailbox     BLOB NOT NULL,
    logon_type  TEXT NOT NULL,
    action      TEXT NOT NULL COLLATE NOCASE,
    tier        TEXT NOT NULL,
    rejected_at INTEGER NOT NULL,
    text        TEXT NOT NULL,
    PRIMARY KEY (tenant, mailbox, logon_type, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE failed_return (
    tenant      BLOB NOT NULL,
    mailbox     BLOB NOT NULL,
    logon_type  TEXT NOT NULL,
    default_set TEXT NOT NULL,
    PRIMARY KEY (tenant, mailbox, logon_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE default_set (
    tenant     BLOB NOT NULL,
    tier       TEXT NOT NULL,
    logon_type TEXT NOT NULL,
    actions    TEXT NOT NULL,
    PRIMARY KEY (tenant, tier, logon_type)
) STRICT, WITHOUT ROWID;

-- Append-only. `body` is JSON, exactly as hashed; the other columns repeat parts of it to be searched by.
-- An outcome has the number of its intent in `intent`; an intent has its own.
CREATE TABLE journal (
    tenant    BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    hash      TEXT NOT NULL,
    intent    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    outcome   TEXT,
    object    BLOB NOT NULL,
    change_id TEXT NOT NULL,
    cycle_id  BLOB NOT NULL,
    class     TEXT NOT NULL,
    cause     TEXT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT;
CREATE INDEX journal_by_intent ON journal (tenant, intent, seq);
CREATE INDEX journal_by_object ON journal (tenant, object, seq);
CREATE INDEX journal_by_change ON journal (tenant, change_id, seq);
CREATE INDEX journal_by_cycle ON journal (tenant, cycle_id, seq);
CREATE INDEX journal_by_time ON journal (tenant, at) WHERE outcome IS NULL;

CREATE TABLE journal_head (
    tenant BLOB PRIMARY KEY,
    seq    INTEGER NOT NULL,
    hash   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Intents without an outcome, so that a start does not have to search years of journal for them.
CREATE TABLE open_intent (
    tenant BLOB NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE value (
    tenant BLOB NOT NULL,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

-- Who was last given the right to write to a tenant; whether they still have it is for the lock to say.
CREATE TABLE writer (
    tenant BLOB PRIMARY KEY,
    holder TEXT NOT NULL
) STRICT, WITHOUT ROWID;
