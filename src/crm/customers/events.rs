//! What happened to a customer: changes of owner, tier and lifecycle stage, kept for its timeline.

use diesel::insert_into;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::{Customer, LifecycleStage};
use super::ownership::OwnershipEventType;
use crate::changes::Operation;
use crate::crm::calendar::Calendar;
use crate::db::id::{CustomerEventId, CustomerId, PoolId, TierId, UserId, WorkspaceId};
use crate::db::schema::customer_events;
use crate::db::types::{Instant, Json, Named};
use crate::db::{Failure, Tx, insert};

/// One change, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CustomerEvent {
    OwnerChange(OwnerChange),
    TierChange(TierChange),
    LifecycleChange(LifecycleChange),
}

/// The customer got another owner, or went into or out of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OwnerChange {
    pub from_owner_id: Option<UserId>,
    pub to_owner_id: Option<UserId>,
    pub from_pool_id: Option<PoolId>,
    pub to_pool_id: Option<PoolId>,
    pub reason: Option<String>,
    /// Code of the dictionary `release_reason`.
    #[serde(default)]
    pub reason_code: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
}

/// The customer got another tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TierChange {
    pub from_tier_id: Option<TierId>,
    pub to_tier_id: Option<TierId>,
    pub reason: Option<String>,
}

/// The customer moved in its lifecycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LifecycleChange {
    pub from_stage: LifecycleStage,
    pub to_stage: LifecycleStage,
    /// Code of the dictionary `close_reason`.
    pub reason_code: Option<String>,
}

/// Keeps what happened between the two.
pub fn record(
    tx: &mut Tx<'_>,
    before: &Customer,
    after: &Customer,
    operation: Operation,
    facts: &[(&str, Option<String>)],
) -> Result<(), Failure> {
    let fact = |name: &str| facts.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.clone());
    let owner = (before.owner_id, before.pool_id) != (after.owner_id, after.pool_id);
    let owner = owner.then(|| {
        CustomerEvent::OwnerChange(OwnerChange {
            from_owner_id: before.owner_id,
            to_owner_id: after.owner_id,
            from_pool_id: before.pool_id,
            to_pool_id: after.pool_id,
            reason: fact("reason"),
            reason_code: fact("reason_code"),
            note: fact("note"),
        })
    });
    let tier = (before.tier_id != after.tier_id).then(|| {
        let (from_tier_id, to_tier_id) = (before.tier_id, after.tier_id);
        CustomerEvent::TierChange(TierChange { from_tier_id, to_tier_id, reason: fact("reason") })
    });
    let lifecycle = (before.lifecycle_stage != after.lifecycle_stage).then(|| {
        let (from_stage, to_stage) = (before.lifecycle_stage, after.lifecycle_stage);
        CustomerEvent::LifecycleChange(LifecycleChange { from_stage, to_stage, reason_code: fact("reason_code") })
    });
    for event in [owner, tier, lifecycle].into_iter().flatten() {
        let mut row = Row {
            workspace_id: tx.actor.workspace_id,
            id: CustomerEventId::new(),
            customer_id: after.id,
            by_id: tx.actor.user_id,
            at: tx.now,
            ownership: None,
            from_owner_id: None,
            to_owner_id: None,
            from_pool_id: None,
            local_date: None,
            event: Json(event),
        };
        if let CustomerEvent::OwnerChange(change) = &row.event.0 {
            row.ownership = Some(Named(ownership(operation)));
            (row.from_owner_id, row.to_owner_id, row.from_pool_id) = (change.from_owner_id, change.to_owner_id, change.from_pool_id);
            row.local_date = Some(Calendar::of(tx.conn, row.workspace_id)?.day(tx.now));
        }
        insert(tx.conn, &[&insert_into(customer_events::table).values(&row)])?;
    }
    Ok(())
}

/// What is looked up of an event stands beside it in columns.
#[derive(Insertable)]
#[diesel(table_name = customer_events, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    id: CustomerEventId,
    customer_id: CustomerId,
    event: Json<CustomerEvent>,
    by_id: Option<UserId>,
    at: Instant,
    ownership: Option<Named<OwnershipEventType>>,
    from_owner_id: Option<UserId>,
    to_owner_id: Option<UserId>,
    from_pool_id: Option<PoolId>,
    local_date: Option<chrono::NaiveDate>,
}

/// What the history calls an operation that moves a customer.
const fn ownership(operation: Operation) -> OwnershipEventType {
    match operation {
        Operation::Claimed => OwnershipEventType::Claim,
        Operation::Assigned => OwnershipEventType::Assign,
        Operation::Released => OwnershipEventType::Release,
        Operation::Recycled => OwnershipEventType::Recycle,
        Operation::HandedOver => OwnershipEventType::Handover,
        _ => OwnershipEventType::Transfer,
    }
}
