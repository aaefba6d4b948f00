//! Dictionaries on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::id::DictionaryId;
use crate::db::types::Instant;

/// A classification and its codes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Dictionary {
    pub id: DictionaryId,
    #[schema(example = "source")]
    pub name: String,
    pub items: Vec<DictionaryItem>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// One code of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DictionaryItem {
    #[schema(pattern = "^[a-z0-9_]{1,64}$", example = "exhibition")]
    pub code: String,
    pub label: Label,
    /// Place in the list; items come sorted by it.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000, default = 0)]
    pub order: i32,
    /// A retired code (false) stays on the rows that have it and cannot be newly set.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
    /// Behaviour of a touch type; null in other dictionaries.
    #[serde(default)]
    pub flags: Option<TouchFlags>,
}

const fn yes() -> bool {
    true
}

/// A name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    #[schema(min_length = 1, max_length = 100, example = "展会")]
    pub zh: String,
    #[schema(min_length = 1, max_length = 100, example = "Exhibition")]
    pub en: String,
}

/// What a touch of this type means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TouchFlags {
    /// It counts in the customer's `touch_count` and `last_touch_at`.
    pub counts_as_touch: bool,
    /// It protects the customer from being recycled.
    pub resets_recycle: bool,
    /// The customer noticed it.
    pub customer_facing: bool,
}

/// All codes of a dictionary. A code that is left out is retired.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct UpdateDictionary {
    #[schema(max_items = 1000)]
    pub items: Vec<DictionaryItem>,
}

/// All dictionaries of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct DictionaryList {
    pub data: Vec<Dictionary>,
}
