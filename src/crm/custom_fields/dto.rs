//! Custom fields on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{AsRefStr, EnumIter, EnumString};
use utoipa::ToSchema;

use super::described::CustomValue;
use crate::crm::dictionaries::Label;
use crate::db::id::{CustomFieldId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// What a custom field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CustomFieldResource)]
pub enum FieldResource {
    Customers,
    Contacts,
    Opportunities,
    Tiers,
    TouchRecords,
}

/// What the values of a custom field are. It never changes.
///
/// `text` has up to 500 characters, `long_text` up to 20,000. A `decimal` is text with up to 4 decimal places, a `date` is
/// `YYYY-MM-DD`, a `datetime` an RFC 3339 instant. `select` is the code of one option, `multi_select` an array of such codes. `user`
/// and `customer` are ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CustomFieldType)]
pub enum FieldKind {
    Text,
    LongText,
    Integer,
    Decimal,
    Boolean,
    Date,
    Datetime,
    Select,
    MultiSelect,
    Url,
    Email,
    Phone,
    User,
    Customer,
}

/// A choice of a `select` or `multi_select`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomFieldOption)]
pub struct FieldOption {
    #[schema(pattern = "^[a-z0-9_]{1,64}$", example = "gold")]
    pub code: String,
    pub label: Label,
    /// A retired option (false) stays where it is chosen and cannot be newly chosen.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
}

const fn yes() -> bool {
    true
}

/// The members of a custom field that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CustomFieldFields {
    pub label: Label,
    /// New objects need a value, and it cannot be cleared. Objects that have none are not refused while nobody touches it.
    #[serde(default)]
    #[schema(default = false)]
    pub is_required: bool,
    /// Two objects cannot have the same value, whatever case and width. Not for `long_text`, `boolean` and `multi_select`.
    #[serde(default)]
    #[schema(default = false)]
    pub is_unique: bool,
    /// The choices of a `select` or `multi_select`, in their order. One that is left out of a patch is retired.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub options: Vec<FieldOption>,
    /// The value of new objects that are given none; not of a unique field, nor of `user` and `customer`.
    #[schema(value_type = Option<CustomValue>, example = "gold")]
    pub default: Option<Value>,
    /// The smallest value of an `integer`, `decimal`, `date` or `datetime`, written like a value; the fewest characters of a text.
    #[schema(value_type = Option<CustomValue>, example = 0)]
    pub min: Option<Value>,
    /// The largest value, or the most characters.
    #[schema(value_type = Option<CustomValue>, example = 100)]
    pub max: Option<Value>,
    /// A regular expression that the whole of a `text` or `long_text` matches; without look-around and back-references.
    #[schema(min_length = 1, max_length = 200, example = "[A-Z]{2}-[0-9]{4}")]
    pub pattern: Option<String>,
}

impl Patchable for CustomFieldFields {
    const PATCH_SCHEMA: &'static str = "UpdateCustomField";
}

pub type UpdateCustomField = Patch<CustomFieldFields>;

/// A new custom field.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateCustomField {
    pub resource: FieldResource,
    /// The member of `custom`, unique within the resource. It never changes.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,31}$", example = "contract_level")]
    pub key: String,
    #[serde(rename = "type")]
    pub kind: FieldKind,
    #[serde(flatten)]
    pub fields: CustomFieldFields,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CustomField {
    pub id: CustomFieldId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub resource: FieldResource,
    pub key: String,
    #[serde(rename = "type")]
    pub kind: FieldKind,
    #[serde(flatten)]
    pub fields: CustomFieldFields,
    /// Values of a retired field (false) are kept, shown and may be cleared; none can be newly set.
    pub is_active: bool,
    pub retired_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}
