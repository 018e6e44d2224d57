//! How values stand in columns: ids as the bytes of their GUID, times as microseconds, words as text.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use uuid::Uuid;

use crate::domain::{
    ActionSet, AuditAction, AuditTier, Cause, Class, ContentHash, Field, Lane, LogonType, MailboxId, Mode,
    TenantId,
};
use crate::history::text::Text;
use crate::history::{AttemptStatus, ClosedHow, CycleOutcome, WriteOutcome};
use crate::plan::Object;

/// A value in the form of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sql<T>(pub(super) T);

macro_rules! as_text {
    ($($kind:ty),+ $(,)?) => {$(
        impl ToSql for Sql<$kind> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Owned(Value::Text(self.0.to_text())))
            }
        }
        impl FromSql for Sql<$kind> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <$kind>::from_text(value.as_str()?).map(Sql).ok_or(FromSqlError::InvalidType)
            }
        }
    )+};
}

as_text!(Lane, Class, Cause, Mode, Field, AuditTier, LogonType, ContentHash, AuditAction, ActionSet);
as_text!(CycleOutcome, AttemptStatus, ClosedHow, WriteOutcome);

macro_rules! as_guid {
    ($($kind:ty: |$in:ident| $uuid:expr, |$out:ident| $back:expr;)+) => {$(
        impl ToSql for Sql<$kind> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let $in = &self.0;
                Ok(ToSqlOutput::Owned(Value::Blob($uuid.as_bytes().to_vec())))
            }
        }
        impl FromSql for Sql<$kind> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let $out = Uuid::from_slice(value.as_blob()?).map_err(FromSqlError::other)?;
                Ok(Sql($back))
            }
        }
    )+};
}

as_guid! {
    Uuid: |id| id, |id| id;
    TenantId: |id| id.0, |id| TenantId(id);
    MailboxId: |id| id.0, |id| MailboxId(id);
}

impl ToSql for Sql<Object> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let bytes = match self.0 {
            Object::Organization => Vec::new(),
            Object::Mailbox(id) => id.0.as_bytes().to_vec(),
        };
        Ok(ToSqlOutput::Owned(Value::Blob(bytes)))
    }
}

impl FromSql for Sql<Object> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        if value.as_blob()?.is_empty() {
            return Ok(Sql(Object::Organization));
        }
        Sql::<MailboxId>::column_result(value).map(|id| Sql(Object::Mailbox(id.0)))
    }
}

impl ToSql for Sql<DateTime<Utc>> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.0.timestamp_micros())))
    }
}

impl FromSql for Sql<DateTime<Utc>> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let micros = value.as_i64()?;
        DateTime::from_timestamp_micros(micros).map(Sql).ok_or(FromSqlError::OutOfRange(micros))
    }
}

impl ToSql for Sql<NaiveDate> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Text(self.0.to_string())))
    }
}

impl FromSql for Sql<NaiveDate> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Sql).map_err(FromSqlError::other)
    }
}

/// Counts and numbers of entries.
impl ToSql for Sql<u64> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number =
            i64::try_from(self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(ToSqlOutput::Owned(Value::Integer(number)))
    }
}

impl FromSql for Sql<u64> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Sql).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// The value of a column.
pub(super) fn get<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    Sql<T>: FromSql,
{
    row.get::<_, Sql<T>>(column).map(|value| value.0)
}

/// The value of a column that may be null.
pub(super) fn get_opt<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    Sql<T>: FromSql,
{
    Ok(row.get::<_, Option<Sql<T>>>(column)?.map(|value| value.0))
}
