//! How values stand in columns.

use std::error::Error;

use rusqlite::{
    Row, RowIndex, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

use super::error::Unknown;
use crate::store::{
    AccountId, BulkId, BulkStatus, DeliveryId, DeliveryStatus, EventKind, ExternalAuthentication, InstanceId,
    InstanceState, NotificationId, OrganizationId, PollId, PollResult, PollTrigger, PollerId, Role,
    SubscriptionId, UserId,
};

/// A value as JSON text.
pub(super) struct Json<T>(pub(super) T);

/// A list that has no limit of its own is cut here.
const LIMIT: usize = 200;

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                Self::Integer(id.0)
            }
        }
    )+};
}

ids!(
    AccountId,
    BulkId,
    DeliveryId,
    InstanceId,
    NotificationId,
    OrganizationId,
    PollId,
    PollerId,
    SubscriptionId,
    UserId
);

macro_rules! numbered {
    ($name:ident, $what:literal: $($number:literal = $variant:ident),+) => {
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(i64::from(*self)))
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => $number,)+ }
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($number => Ok(Self::$variant),)+
                    value => Err(FromSqlError::other(Unknown { what: $what, value })),
                }
            }
        }
    };
}

numbered!(InstanceState, "instance state": 0 = Connected, 1 = NeedsAuthentication);
numbered!(ExternalAuthentication, "external authentication": 0 = None, 1 = Initial);
numbered!(Role, "role": 0 = Member, 1 = Administrator, 2 = Operator);
numbered!(BulkStatus, "bulk status": 0 = Created, 1 = Running, 2 = Completed, 3 = Cancelled, 4 = Failed);
numbered!(PollTrigger, "poll trigger": 0 = Schedule, 1 = Manual);
numbered!(PollResult, "poll result": 0 = Idle, 1 = Told, 2 = Failed);
numbered!(EventKind, "event kind": 0 = Unknown, 1 = Created, 2 = Updated, 3 = Deleted);
// The schema's indexes and checks name these numbers.
numbered!(DeliveryStatus, "delivery status": 0 = Created, 1 = Delivered, 2 = Retry, 3 = Queued);

impl<T: Serialize> Json<T> {
    /// The text.
    pub(super) fn text(&self) -> rusqlite::Result<String> {
        serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
    }
}

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.text().map(ToSqlOutput::from)
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?)
            .map(Self)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A count that columns hold as a signed number.
pub(super) fn count(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A count as columns hold it.
pub(super) fn signed(count: impl TryInto<i64, Error: Error>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A list's limit, or the usual one.
pub(super) fn limit(limit: Option<usize>) -> i64 {
    signed(limit.unwrap_or(LIMIT))
}
