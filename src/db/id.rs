//! Identifiers: a type prefix and a UUIDv7 in Crockford base32 (the TypeID form), `cus_01jd9x…`.
//!
//! One Rust type per kind of object, so that mixing them does not compile. Stored as 16 bytes.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::Sqlite;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::{Timestamp, Uuid};

use super::MultiBackend;
use super::base32::decode;
pub use super::base32::encode;
pub use super::kinds::*;
use super::types::{DbUuid, Instant};

/// An identifier of an object of kind `K`.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = DbUuid)]
pub struct Id<K: 'static>(Uuid, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// A new identifier; later ones sort after earlier ones.
    pub fn new() -> Self {
        Self(Uuid::now_v7(), PhantomData)
    }

    /// A new identifier of what is made at this instant, which it tells; of one millisecond, later ones of this process sort after
    /// earlier ones.
    pub fn made_at(at: Instant) -> Self {
        static MADE: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(Uuid::now_v7().as_u64_pair().1 & (u64::MAX >> 23)));
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let (seconds, nanos) = (at.get().timestamp(), at.get().timestamp_subsec_nanos());
        let time = Timestamp::from_unix_time(u64::try_from(seconds).unwrap_or_default(), nanos, number.into(), 42);
        Self(Uuid::new_v7(time), PhantomData)
    }

    /// The least identifier of what is made at this instant.
    pub fn first_at(at: Instant) -> Self {
        let millis = u128::try_from(at.get().timestamp_millis()).unwrap_or_default();
        Self(Uuid::from_u128(millis << 80), PhantomData)
    }

    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K> Default for Id<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// The id of an object whose kind is known by name only.
pub fn text_of(kind: &str, uuid: Uuid) -> Option<String> {
    prefix_of(kind).map(|prefix| format!("{prefix}_{}", encode(uuid)))
}

/// The UUID of an identifier with this prefix.
pub fn decode_with_prefix(prefix: &str, text: &str) -> Option<Uuid> {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).and_then(decode)
}

/// The UUID of an identifier of whatever kind.
pub fn decode_any(text: &str) -> Option<Uuid> {
    text.rsplit_once('_').and_then(|(_, rest)| decode(rest))
}

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier of this kind")
    }
}

impl std::error::Error for InvalidId {}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        decode_with_prefix(K::PREFIX, text).map(Self::from_uuid).ok_or(InvalidId)
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, encode(self.0))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// Derives would ask the same of the marker.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("Id of a {}.", K::NAME.replace('_', " "))))
            .pattern(Some(format!("^{}{ID_PATTERN}$", K::PREFIX)))
            .examples([format!("{}_01jd9xq3v8e6ft2m4k7w0zr5ya", K::PREFIX)])
            .into()
    }
}

/// What follows the prefix in an identifier's pattern; the body checker recognises it.
pub const ID_PATTERN: &str = "_[0-7][0-9a-hjkmnp-tv-z]{25}";

impl<K: Kind> ToSchema for Id<K> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(K::SCHEMA)
    }
}

impl<K: 'static> FromSql<DbUuid, Pg> for Id<K> {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::from_uuid(Uuid::from_slice(bytes.as_bytes())?))
    }
}

impl<K: 'static> FromSql<DbUuid, Sqlite> for Id<K> {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<diesel::sql_types::Binary, Sqlite>>::from_sql(bytes)?;
        Ok(Self::from_uuid(Uuid::from_slice(&bytes)?))
    }
}

impl<K: 'static> FromSql<DbUuid, MultiBackend> for Id<K> {
    fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        bytes.from_sql::<Self, DbUuid>()
    }
}

impl<K: Kind> ToSql<DbUuid, Pg> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<K: Kind> ToSql<DbUuid, Sqlite> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl<K: Kind> ToSql<DbUuid, MultiBackend> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((DbUuid, self));
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_uuid_survives_its_text(value: u128) {
            let id = CustomerId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<CustomerId>(), Ok(id));
        }

        #[test]
        fn what_parses_is_the_one_spelling(text in "cus_[0-9a-zA-Z]{26}") {
            if let Ok(id) = text.parse::<CustomerId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = text.parse::<CustomerId>();
        }
    }

    #[test]
    fn an_id_tells_when_it_was_made_and_later_ones_come_behind() {
        let at: Instant = "2026-01-31T08:00:00.123Z".parse().expect("an instant");
        let millisecond = chrono::Duration::milliseconds(1);
        let made: Vec<UserId> = (0..1_000).map(|_| UserId::made_at(at)).collect();
        assert!(made.is_sorted_by(|first, second| first < second));
        assert!(made.iter().all(|id| UserId::first_at(at) < *id && *id < UserId::first_at(at.plus(millisecond))));
        assert!(made.iter().all(|id| id.uuid().get_version_num() == 7));
        let ancient: Instant = "0001-01-01T00:00:00Z".parse().expect("an instant");
        assert!(UserId::made_at(ancient) >= UserId::first_at(ancient) && UserId::made_at(ancient) < UserId::first_at(at));
    }

    #[test]
    fn another_kinds_id_is_refused() {
        let user = UserId::new().to_string();
        assert_eq!(user.parse::<CustomerId>(), Err(InvalidId));
        assert!(user.parse::<UserId>().is_ok());
    }
}
