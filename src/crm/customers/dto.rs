//! Customers on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;
use validator::Validate;

use super::fields::Customers;
use super::rules::{check_country, check_credit_code};
use crate::crm::custom_fields::{Custom, CustomValues};
use crate::crm::external_refs::ExternalRef;
use crate::crm::phones::Phone;
use crate::crm::resource::batch_get::Wanted;
use crate::crm::resource::upsert::Upsert;
use crate::db::id::{CustomerId, OrgUnitId, PoolId, RecycleRuleId, TierId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::listing::Search;

/// What a customer is. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CustomerKind {
    Organization,
    Person,
}

/// How far the relation has come. Moved by `POST /customers/{id}/lifecycle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LifecycleStage {
    #[default]
    Lead,
    Prospect,
    Customer,
    Loyal,
    Churned,
}

/// Whether business is done with the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CustomerStatus {
    #[default]
    Active,
    Inactive,
    Blocked,
}

/// How serious the interest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IntentLevel {
    #[default]
    None,
    Low,
    Medium,
    High,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$", example = "CN")]
    #[validate(custom(function = "check_country"))]
    pub country: Option<String>,
    #[schema(max_length = 100, example = "广东省")]
    pub province: Option<String>,
    #[schema(max_length = 100, example = "深圳市")]
    pub city: Option<String>,
    #[schema(max_length = 100, example = "龙岗区")]
    pub district: Option<String>,
    #[schema(max_length = 200, example = "坂田街道")]
    pub street: Option<String>,
    #[schema(max_length = 20, example = "518129")]
    pub postal_code: Option<String>,
}

/// The members of a customer that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct CustomerFields {
    #[schema(min_length = 1, max_length = 200, example = "华为技术有限公司")]
    pub name: String,
    #[serde(default)]
    pub status: CustomerStatus,
    /// The customer above this one; at most 10 levels, no cycles.
    pub parent_id: Option<CustomerId>,
    pub service_rep_id: Option<UserId>,
    /// Code of the dictionary `source`.
    #[schema(max_length = 64, example = "exhibition")]
    pub source: Option<String>,
    #[schema(max_length = 200)]
    pub source_detail: Option<String>,
    /// Codes of the dictionary `industry`.
    #[serde(default)]
    #[schema(value_type = BTreeSet<String>, max_items = 5, example = json!(["manufacturing"]))]
    pub industries: Vec<String>,
    /// Code of the dictionary `ownership_type`.
    #[schema(max_length = 64)]
    pub ownership_type: Option<String>,
    /// Code of the dictionary `trade_type`.
    #[schema(max_length = 64)]
    pub trade_type: Option<String>,
    /// Code of the dictionary `location_type`.
    #[schema(max_length = 64)]
    pub location_type: Option<String>,
    /// Code of the dictionary `region`.
    #[schema(max_length = 64)]
    pub region: Option<String>,
    #[serde(default)]
    pub intent_level: IntentLevel,
    #[schema(format = Email, max_length = 254, example = "info@example.com")]
    pub email: Option<String>,
    #[schema(minimum = 0, maximum = 100_000_000)]
    pub employee_count: Option<i64>,
    #[serde(default)]
    #[schema(max_items = 10)]
    pub phones: Vec<Phone>,
    /// An http or https URL.
    #[schema(format = "uri", max_length = 300, example = "https://www.example.com")]
    pub website: Option<String>,
    #[validate(nested)]
    pub address: Option<Address>,
    /// Persons only.
    #[validate(custom(function = "crate::http::formats::check_not_future"))]
    pub birthday: Option<NaiveDate>,
    /// Persons only.
    #[schema(max_length = 50)]
    pub gender: Option<String>,
    /// Persons only.
    #[schema(max_length = 50)]
    pub education: Option<String>,
    /// Persons only.
    #[schema(max_length = 50)]
    pub income_band: Option<String>,
    /// Persons only.
    #[schema(max_length = 50)]
    pub family: Option<String>,
    #[schema(max_length = 2000)]
    pub needs: Option<String>,
    #[schema(max_length = 5000)]
    pub remarks: Option<String>,
    /// 统一社会信用代码: 18 characters, the last one a check character (GB 32100-2015).
    #[schema(pattern = "^[0-9A-HJ-NPQRTUWXY]{18}$", example = "91110000600037341L")]
    #[validate(custom(function = "check_credit_code"))]
    pub unified_social_credit_code: Option<String>,
    /// Identifiers in other systems.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ExternalRef>, max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
    /// Values of the workspace's own fields (`/fields`), by their keys. In a patch each key stands for itself: null clears it.
    #[serde(default)]
    #[schema(value_type = CustomValues, example = json!({ "contract_level": "gold" }))]
    pub custom: Custom,
}

impl CustomerFields {
    /// An address without any part is no address.
    pub fn tidy(mut self) -> Self {
        self.address = self.address.filter(|address| *address != Address::default());
        self
    }
}

impl Patchable for CustomerFields {
    const PATCH_SCHEMA: &'static str = "UpdateCustomer";
}

pub type UpdateCustomer = Patch<CustomerFields>;

pub type UpsertCustomer = Upsert<Customers>;
pub type CustomerSearch = Search<Customers>;
pub type CustomerBatchGetRequest = Wanted<Customers>;

/// A new customer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateCustomer {
    pub kind: CustomerKind,
    #[serde(default)]
    pub lifecycle_stage: LifecycleStage,
    /// Its owner; a rep can only name itself. Without owner and pool: the caller when it is a rep, else the default pool.
    pub owner_id: Option<UserId>,
    /// The pool it lies in; not together with an owner.
    pub pool_id: Option<PoolId>,
    pub tier_id: Option<TierId>,
    #[serde(flatten)]
    pub fields: CustomerFields,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Customer {
    pub id: CustomerId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub kind: CustomerKind,
    pub lifecycle_stage: LifecycleStage,
    /// Null when it lies in a pool.
    pub owner_id: Option<UserId>,
    /// Null when somebody owns it.
    pub pool_id: Option<PoolId>,
    /// The unit of its owner; null in a pool.
    pub org_unit_id: Option<OrgUnitId>,
    pub tier_id: Option<TierId>,
    #[serde(flatten)]
    pub fields: CustomerFields,
    /// When the latest counting touch occurred.
    pub last_touch_at: Option<Instant>,
    /// The `next_touch_at` of the latest touch record that has one.
    pub next_touch_at: Option<Instant>,
    /// Touch records whose type counts.
    pub touch_count: i64,
    #[serde(flatten)]
    pub holding: Holding,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// Since when a customer is where it is, and what will end that.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct Holding {
    /// When its owner got it; null in a pool.
    pub claimed_at: Option<Instant>,
    /// When it came into its pool; null with an owner.
    pub pooled_at: Option<Instant>,
    /// Until then it is not recycled.
    pub locked_until: Option<Instant>,
    pub lock_reason: Option<String>,
    pub locked_by_id: Option<UserId>,
    /// When it goes back to its pool unless something happens before; null when no rule says so.
    pub recycle_due_at: Option<Instant>,
    /// The rule that says when.
    pub recycle_rule_id: Option<RecycleRuleId>,
    /// The pool that it was claimed from and goes back to.
    #[serde(skip)]
    pub home_pool_id: Option<PoolId>,
}

/// A move in the lifecycle.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct MoveLifecycle {
    pub stage: LifecycleStage,
    /// Code of the dictionary `close_reason`.
    #[schema(max_length = 64)]
    pub reason_code: Option<String>,
}

/// Another tier for a customer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SetTier {
    /// Null takes the tier away.
    #[schema(required = true)]
    pub tier_id: Option<TierId>,
    #[schema(min_length = 1, max_length = 500, example = "annual review")]
    pub reason: String,
}

/// A customer among its relatives: only those that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerTree {
    /// From the top down to the parent.
    pub ancestors: Vec<CustomerSummary>,
    pub customer: CustomerSummary,
    /// Nested.
    pub children: Vec<CustomerNode>,
    /// Whether there are more than the 500 nodes that are shown.
    pub is_truncated: bool,
}

/// A customer in a tree.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CustomerSummary {
    pub id: CustomerId,
    pub name: String,
    pub kind: CustomerKind,
    pub parent_id: Option<CustomerId>,
}

/// A customer and those below it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerNode {
    pub id: CustomerId,
    pub name: String,
    pub kind: CustomerKind,
    pub parent_id: Option<CustomerId>,
    #[schema(no_recursion)]
    pub children: Vec<CustomerNode>,
}
