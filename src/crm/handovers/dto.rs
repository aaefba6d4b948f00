//! Handovers on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::id::{PoolId, UserId};

/// Who gets what a user leaves: exactly one of `to_user_id`, `pool_id` and `split`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HandoverTo {
    /// The user who gets all of it.
    pub to_user_id: Option<UserId>,
    /// The pool that the customers go into, whatever its filter says.
    pub pool_id: Option<PoolId>,
    /// The users who get the customers by turns, in the order of the customers' ids; of `weight` 2 and 1 the first gets two of three.
    #[schema(min_items = 1, max_items = 100)]
    pub split: Option<Vec<HandoverShare>>,
    /// Stands in the customers' history.
    #[schema(max_length = 500, example = "leaves the company")]
    pub reason: Option<String>,
}

/// One of several who share what a user leaves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HandoverShare {
    pub user_id: UserId,
    #[schema(minimum = 1, maximum = 1000, example = 2)]
    pub weight: i64,
}

/// A handover to be done or to be tried.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct HandOver {
    #[serde(flatten)]
    pub to: HandoverTo,
    /// Answers what would be handed over, and changes nothing.
    #[serde(default)]
    #[schema(default = false)]
    pub dry_run: bool,
}

/// What a user would leave, and who would get how much of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoverPreview {
    pub user_id: UserId,
    /// Customers that it owns.
    pub customers: i64,
    /// Those of them that are locked.
    pub locked_customers: i64,
    /// Open opportunities that it owns, also of others' customers.
    pub opportunities: i64,
    /// What is planned and assigned to it, also with others' customers.
    pub planned_touches: i64,
    /// Others' customers that it works on.
    pub collaborations: i64,
    /// Customers whose service rep it is.
    pub service_rep_customers: i64,
    pub receivers: Vec<HandoverReceiver>,
}

/// Who gets customers, and how many.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandoverReceiver {
    /// Null for a pool.
    pub user_id: Option<UserId>,
    /// Null for a user.
    pub pool_id: Option<PoolId>,
    /// Customers that it would get.
    pub customers: i64,
    /// Customers of the user that count against its holding cap by now; null for a pool.
    pub held: Option<i64>,
    /// The user's holding cap, which does not stop a handover; null without one.
    pub cap: Option<i32>,
}
