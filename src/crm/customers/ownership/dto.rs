//! Moves between owners and pools on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{AsRefStr, EnumString};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::super::fields::Customers;
use crate::db::id::{CustomerEventId, CustomerId, PoolId, UserId};
use crate::db::types::Instant;
use crate::listing::{FilterNode, Search};

/// How a customer came from one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OwnershipEventType {
    Claim,
    Assign,
    Release,
    Recycle,
    Transfer,
    Handover,
    Merge,
    Convert,
}

/// One move of a customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnershipEvent {
    pub id: CustomerEventId,
    #[serde(rename = "type")]
    pub kind: OwnershipEventType,
    pub from_owner_id: Option<UserId>,
    pub to_owner_id: Option<UserId>,
    pub from_pool_id: Option<PoolId>,
    pub to_pool_id: Option<PoolId>,
    pub reason: Option<String>,
    /// Code of the dictionary `release_reason`.
    pub reason_code: Option<String>,
    pub note: Option<String>,
    /// Who did it; null for the system.
    pub by_id: Option<UserId>,
    pub at: Instant,
    /// The day in the workspace's time zone; null for moves from before days were kept.
    pub local_date: Option<chrono::NaiveDate>,
}

/// A customer's moves, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnershipHistory {
    pub data: Vec<OwnershipEvent>,
    pub has_more: bool,
    /// Null on the last page.
    pub next_cursor: Option<String>,
}

/// Customers that get another owner: exactly one of `ids` and `filter`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct TransferCustomers {
    /// More than 200 are moved by a job.
    #[schema(value_type = Option<BTreeSet<CustomerId>>, min_items = 1, max_items = 10_000)]
    pub ids: Option<Vec<CustomerId>>,
    /// All that match, as in `POST /customers/search`, of those that the caller sees: by a job.
    #[schema(value_type = Option<CustomerFilter>)]
    pub filter: Option<FilterNode>,
    #[serde(flatten)]
    pub how: HowToTransfer,
}

/// To whom customers go, and what goes with them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HowToTransfer {
    pub to_user_id: UserId,
    #[schema(min_length = 1, max_length = 500, example = "territory change")]
    pub reason: String,
    /// Leaves the customers' open opportunities with their owners; otherwise they move along.
    #[serde(default)]
    #[schema(default = false)]
    pub keep_opportunities: bool,
    /// What the previous owner is afterwards.
    #[serde(default)]
    pub keep_previous_as: KeepPreviousAs,
}

/// The schema of filters of customers, which their search has.
pub struct CustomerFilter;

impl PartialSchema for CustomerFilter {
    fn schema() -> RefOr<Schema> {
        let mut known = Vec::new();
        <Search<Customers> as ToSchema>::schemas(&mut known);
        known.into_iter().find(|(name, _)| *name == Self::name()).map_or_else(Value::schema, |(_, schema)| schema)
    }
}

impl ToSchema for CustomerFilter {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        <Search<Customers> as ToSchema>::schemas(schemas);
    }
}

/// What the previous owner of a transferred customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepPreviousAs {
    #[default]
    None,
    Collaborator,
}

/// A customer that its owner gives up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ReleaseCustomer {
    /// Without it, the enabled pool of the highest priority whose filter matches.
    pub pool_id: Option<PoolId>,
    /// Code of the dictionary `release_reason`.
    #[schema(max_length = 64, example = "no_interest")]
    pub reason_code: String,
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

/// A customer that is not to be recycled for a while.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct LockCustomer {
    /// At most 90 days ahead.
    pub until: Instant,
    #[schema(min_length = 1, max_length = 500, example = "waiting for the tender")]
    pub reason: String,
}

/// Somebody who works on a customer besides its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Collaborator {
    pub user_id: UserId,
    /// When it ends; null for as long as the customer has an owner.
    #[serde(default)]
    pub expires_at: Option<Instant>,
}

/// All who work on a customer besides its owner.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Collaborators {
    pub collaborators: Vec<Collaborator>,
}

/// All who are to work on a customer besides its owner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SetCollaborators {
    #[schema(max_items = 50)]
    pub collaborators: Vec<Collaborator>,
}
