//! Descriptions of resources on the wire.

use serde::Serialize;
use strum::{AsRefStr, EnumIter};
use utoipa::ToSchema;

use crate::crm::custom_fields::{CustomField, FieldOption};

/// A resource that has a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, AsRefStr, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DescribedResource {
    Customers,
    Contacts,
    Opportunities,
    Tiers,
    TouchRecords,
    PlannedTouches,
}

impl DescribedResource {
    /// Where its objects are.
    pub fn path(self) -> String {
        format!("/api/v1/{}", self.as_ref().replace('_', "-"))
    }
}

/// The resources that have a description.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceList {
    pub data: Vec<ResourceSummary>,
}

/// A resource and where it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceSummary {
    pub resource: DescribedResource,
    /// Where its objects are.
    #[schema(example = "/api/v1/customers")]
    pub path: String,
    /// Where its description is.
    #[schema(example = "/api/v1/meta/resources/customers")]
    pub description_path: String,
}

/// A resource with all of its fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceDescription {
    pub resource: DescribedResource,
    /// Where its objects are.
    #[schema(example = "/api/v1/customers")]
    pub path: String,
    /// Members in the order of the document, then what is only filtered by, then custom fields by their keys.
    pub fields: Vec<FieldDescription>,
}

/// A field of a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldDescription {
    /// The member, the query parameter and the search's `field`; of a custom field `custom.<key>`.
    #[schema(example = "lifecycle_stage")]
    pub name: String,
    /// `text`, `integer`, `decimal`, `number`, `boolean`, `date`, `datetime`, `enum`, `code` (of a dictionary), `id`, `email`, `url`,
    /// `money`, `object`, `array`, or the type of a custom field.
    #[serde(rename = "type")]
    #[schema(example = "enum")]
    pub kind: String,
    /// What the document says of the member.
    pub description: Option<String>,
    /// Whether objects have it; otherwise it is only filtered by.
    pub is_member: bool,
    /// Whether a new object needs it.
    pub is_required: bool,
    pub is_nullable: bool,
    /// Whether it can be set at creation.
    pub is_creatable: bool,
    /// Whether a PATCH can change it.
    pub is_writable: bool,
    pub is_sortable: bool,
    pub is_filterable: bool,
    /// All operators that a search offers.
    #[schema(example = json!(["eq", "ne", "in", "nin"]))]
    pub operators: Vec<String>,
    /// The choices of an `enum`, `code`, `select` or `multi_select`.
    pub options: Vec<FieldOption>,
    /// The dictionary that the choices come from.
    pub dictionary: Option<String>,
    /// What an id names.
    #[schema(example = "users")]
    pub references: Option<String>,
    pub is_custom: bool,
    /// The definition of a custom field.
    pub custom_field: Option<CustomField>,
}
