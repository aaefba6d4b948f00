//! What happened to a customer: changes of owner, tier and lifecycle stage, kept for its timeline.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::{Customer, LifecycleStage};
use crate::db::id::{CustomerEventId, PoolId, TierId, UserId};
use crate::db::schema::customer_events;
use crate::db::types::Json;
use crate::db::{Failure, Tx};

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
pub fn record(tx: &mut Tx<'_>, before: &Customer, after: &Customer, facts: &[(&str, Option<String>)]) -> Result<(), Failure> {
    let fact = |name: &str| facts.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.clone());
    let owner = (before.owner_id, before.pool_id) != (after.owner_id, after.pool_id);
    let owner = owner.then(|| {
        CustomerEvent::OwnerChange(OwnerChange {
            from_owner_id: before.owner_id,
            to_owner_id: after.owner_id,
            from_pool_id: before.pool_id,
            to_pool_id: after.pool_id,
            reason: fact("reason"),
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
        diesel::insert_into(customer_events::table)
            .values((
                customer_events::workspace_id.eq(tx.actor.workspace_id),
                customer_events::id.eq(CustomerEventId::new()),
                customer_events::customer_id.eq(after.id),
                customer_events::event.eq(Json(event)),
                customer_events::by_id.eq(tx.actor.user_id),
                customer_events::at.eq(tx.now),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}
