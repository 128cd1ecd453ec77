//! How values get into both databases alike: times, texts, numbers and JSON.

use std::borrow::Cow;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};

use crate::error::StoreError;

/// PostgreSQL's type `json`, which keeps the text as it came; `jsonb` would sort keys and refuse `\u0000`.
const JSON_OID: Oid = Oid(114);

/// A value stored as JSON, letter for letter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Doc<T>(pub(crate) T);

impl<T> Type<Postgres> for Doc<T> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON_OID)
    }
}

impl<T> Type<Sqlite> for Doc<T> {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <str as Type<Sqlite>>::compatible(ty)
    }
}

impl<T: Serialize> Encode<'_, Postgres> for Doc<T> {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        serde_json::to_writer(&mut **buf, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<'q, T: Serialize> Encode<'q, Sqlite> for Doc<T> {
    fn encode_by_ref(&self, buf: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<'q, Sqlite>>::encode(serde_json::to_string(&self.0)?, buf)
    }
}

impl<'r, T: DeserializeOwned> Decode<'r, Postgres> for Doc<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_slice(value.as_bytes()?)?))
    }
}

impl<'r, T: DeserializeOwned> Decode<'r, Sqlite> for Doc<T> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(<&str as Decode<'r, Sqlite>>::decode(value)?)?))
    }
}

/// A time as both databases keep it: microseconds, and a year of four digits so that SQLite's texts sort like times.
pub(crate) fn stamp(at: DateTime<Utc>) -> DateTime<Utc> {
    const FIRST: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const LAST_SECOND: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    let last = DateTime::from_timestamp(LAST_SECOND, 0).unwrap_or(FIRST);
    at.trunc_subsecs(6).clamp(FIRST, last)
}

/// A text as both databases keep it: PostgreSQL has no NUL in its texts, so it becomes the replacement character.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// A count as both databases keep it.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored count.
pub(crate) fn count<T: TryFrom<i64>>(table: &'static str, column: &'static str, value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::inconsistent(table, column, format!("{value} is out of range")))
}

/// A stored word of an enumeration.
pub(crate) fn word<T>(
    table: &'static str,
    column: &'static str,
    word: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(word).ok_or_else(|| StoreError::inconsistent(table, column, format!("unknown word `{word}`")))
}

/// Rows turned into what callers see.
pub(crate) fn each<R, T>(rows: Vec<R>) -> Result<Vec<T>, StoreError>
where
    T: TryFrom<R, Error = StoreError>,
{
    rows.into_iter().map(T::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_and_kept_within_four_digit_years() {
        let fine = DateTime::from_timestamp(1, 123_456_789).unwrap();
        assert_eq!(stamp(fine).timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(stamp(DateTime::<Utc>::MAX_UTC).to_rfc3339(), "9999-12-31T23:59:59+00:00");
        assert_eq!(stamp(DateTime::<Utc>::MIN_UTC), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn nul_becomes_a_visible_character() {
        assert_eq!(text("a\0b"), "a\u{fffd}b");
        assert!(matches!(text("plain"), Cow::Borrowed(_)));
    }
}
