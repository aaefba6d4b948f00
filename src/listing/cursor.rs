//! Where a page ended: the last row's sort keys and id, bound to the list it belongs to.
//!
//! `base64url(version, CRC-32, hash of the list, JSON of the keys)`. The checksum finds damage; there is nothing to
//! forge, since scope and filter are applied anew on each page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::field::FieldType;
use crate::db::condition::{AnyId, Bind};
use crate::db::id::WorkspaceId;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

const VERSION: u8 = 1;
const HEAD: usize = 1 + 4 + 8;

#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// Identifies workspace, resource, filter and sort.
    pub list: [u8; 8],
    pub keys: Vec<Value>,
    pub id: Uuid,
}

/// Identifies a list of a workspace.
pub fn list_hash(workspace_id: WorkspaceId, identity: &str) -> [u8; 8] {
    let digest = Sha256::digest(format!("{workspace_id}\n{identity}"));
    digest.first_chunk().copied().unwrap_or_default()
}

impl Cursor {
    pub fn encode(&self) -> String {
        let mut keys = self.keys.clone();
        keys.push(self.id.as_u128().to_string().into());
        let tail = [self.list.as_slice(), Value::Array(keys).to_string().as_bytes()].concat();
        let head = [&[VERSION], crc32fast::hash(&tail).to_be_bytes().as_slice()].concat();
        URL_SAFE_NO_PAD.encode([head, tail].concat())
    }

    pub fn decode(text: &str, list: [u8; 8]) -> Result<Self, Problem> {
        let cursor = Self::read(text).ok_or_else(|| Problem::new(Code::InvalidCursor))?;
        if cursor.list == list { Ok(cursor) } else { Err(Problem::new(Code::CursorMismatch)) }
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (checksum, tail) = rest.split_at_checked(4)?;
        let (list, keys) = tail.split_at_checked(HEAD - 5)?;
        if *version != VERSION || checksum != crc32fast::hash(tail).to_be_bytes() {
            return None;
        }
        let mut keys: Vec<Value> = serde_json::from_slice(keys).ok()?;
        let id = keys.pop()?.as_str()?.parse().ok().map(Uuid::from_u128)?;
        Some(Self { list: list.try_into().ok()?, keys, id })
    }
}

/// A sort key in a cursor.
pub fn to_json(bind: Option<&Bind>) -> Value {
    match bind {
        None => Value::Null,
        Some(Bind::Text(text)) => text.as_str().into(),
        Some(Bind::Pair(left, right)) => format!("{left}:{right}").into(),
        Some(Bind::Uuid(id)) => id.uuid().as_u128().to_string().into(),
        Some(Bind::Integer(value)) => (*value).into(),
        Some(Bind::Boolean(value)) => (*value).into(),
        Some(Bind::Instant(at)) => at.to_string().into(),
        Some(Bind::Day(day)) => day.to_string().into(),
    }
}

/// Reads it back; the outer `None` is a damaged cursor.
pub fn from_json(kind: FieldType, value: &Value) -> Option<Option<Bind>> {
    Some(match (kind, value) {
        (_, Value::Null) => None,
        (FieldType::Text | FieldType::Key(..), Value::String(text)) if !text.contains('\0') => Some(Bind::Text(text.clone())),
        (FieldType::Id(_), Value::String(text)) => Some(Bind::Uuid(AnyId::from_uuid(Uuid::from_u128(text.parse().ok()?)))),
        (FieldType::Integer | FieldType::Amount, Value::Number(number)) => Some(Bind::Integer(number.as_i64()?)),
        (FieldType::Boolean, Value::Bool(value)) => Some(Bind::Boolean(*value)),
        (FieldType::Enum(_) | FieldType::Instant | FieldType::Day, Value::String(text)) => Some(kind.parse(text)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(list: [u8; 8], texts in prop::collection::vec(".*", 0..3), id: u128) {
            let cursor = Cursor { list, keys: texts.into_iter().map(Value::from).collect(), id: Uuid::from_u128(id) };
            prop_assert_eq!(Cursor::decode(&cursor.encode(), list), Ok(cursor));
        }

        #[test]
        fn one_changed_character_is_noticed(id: u128, place: prop::sample::Index, with in "[A-Za-z0-9_-]") {
            let cursor = Cursor { list: [7; 8], keys: vec![Value::from("x")], id: Uuid::from_u128(id) };
            let text = cursor.encode();
            let place = place.index(text.len());
            let mut damaged = text.clone();
            damaged.replace_range(place..=place, &with);
            prop_assume!(damaged != text);
            prop_assert_eq!(Cursor::decode(&damaged, [7; 8]).map_err(|problem| problem.code()), Err(Code::InvalidCursor));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            prop_assert!(Cursor::decode(&text, [0; 8]).is_err());
        }
    }

    #[test]
    fn another_lists_cursor_is_told_apart() {
        let cursor = Cursor { list: [1; 8], keys: vec![], id: Uuid::nil() };
        assert_eq!(Cursor::decode(&cursor.encode(), [2; 8]).map_err(|problem| problem.code()), Err(Code::CursorMismatch));
    }

    #[test]
    fn a_sort_key_that_no_cursor_has_is_damage() {
        let read = |kind, value: Value| from_json(kind, &value).is_some();
        assert!(read(FieldType::Text, "a".into()) && read(FieldType::Integer, 1.into()) && read(FieldType::Day, Value::Null));
        assert!(!read(FieldType::Text, "a\0".into()), "PostgreSQL has no such text");
        assert!(
            !read(FieldType::Integer, 1.5.into()) && !read(FieldType::Boolean, "true".into()) && !read(FieldType::Day, "2026-02-30".into())
        );
    }
}
