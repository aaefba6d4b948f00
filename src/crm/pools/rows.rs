//! A pool's row, and the way between it and what is answered. Its members lie in a table of their own.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::dto::{OnRecycle, OnRecycleOpportunities, OnRecyclePlannedTouches, Pool, PoolFields};
use super::masks::Hidden;
use crate::db::id::{PoolId, UserId, WorkspaceId};
use crate::db::schema::pools;
use crate::db::types::{Instant, Json, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = pools, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PoolRow {
    pub workspace_id: WorkspaceId,
    pub id: PoolId,
    pub version: i64,
    pub name: String,
    pub name_fold: String,
    /// Never changes: see `default_pool`.
    pub is_default: bool,
    pub is_enabled: bool,
    pub is_open: bool,
    pub filter: Option<Json<Map<String, Value>>>,
    pub priority: i32,
    pub daily_claim_limit: i32,
    pub claim_batch_max: i32,
    pub reclaim_cooldown_days: i32,
    pub new_item_quiet_hours: i32,
    pub remind_before_days: Json<Vec<i32>>,
    pub on_recycle_opportunities: Named<OnRecycleOpportunities>,
    pub on_recycle_planned_touches: Named<OnRecyclePlannedTouches>,
    pub masks_phones: bool,
    pub masks_email: bool,
    pub masks_address: bool,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
}

impl From<PoolRow> for Pool {
    /// Without its members.
    #[rustfmt::skip]
    fn from(row: PoolRow) -> Self {
        let PoolRow {
            workspace_id: _, id, version, name, name_fold: _, is_default, is_enabled, is_open, filter, priority, daily_claim_limit,
            claim_batch_max, reclaim_cooldown_days, new_item_quiet_hours, remind_before_days, on_recycle_opportunities,
            on_recycle_planned_touches, masks_phones, masks_email, masks_address, created_at, updated_at, created_by_id,
        } = row;
        let hidden = Hidden { phones: masks_phones, email: masks_email, address: masks_address };
        let on_recycle = OnRecycle { opportunities: on_recycle_opportunities.0, planned_touches: on_recycle_planned_touches.0 };
        let fields = PoolFields {
            name, is_enabled, is_open, members: Vec::new(), admins: Vec::new(), filter: filter.map(|filter| filter.0), priority,
            daily_claim_limit, claim_batch_max, reclaim_cooldown_days, new_item_quiet_hours,
            remind_before_days: remind_before_days.0, on_recycle, masked_fields: hidden.fields(),
        };
        Self { id, version, is_default, fields, created_at, updated_at, created_by_id }
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, pool: &Pool) -> PoolRow {
    let Pool { id, version, is_default, fields, created_at, updated_at, created_by_id } = pool.clone();
    let PoolFields {
        name, is_enabled, is_open, members: _, admins: _, filter, priority, daily_claim_limit, claim_batch_max, reclaim_cooldown_days,
        new_item_quiet_hours, remind_before_days, on_recycle, masked_fields,
    } = fields;
    let Hidden { phones: masks_phones, email: masks_email, address: masks_address } = Hidden::of(&masked_fields);
    let OnRecycle { opportunities, planned_touches } = on_recycle;
    PoolRow {
        workspace_id, id, version, name_fold: fold_compare(&name), name, is_default, is_enabled, is_open, filter: filter.map(Json), priority,
        daily_claim_limit, claim_batch_max, reclaim_cooldown_days, new_item_quiet_hours,
        remind_before_days: Json(remind_before_days), on_recycle_opportunities: Named(opportunities),
        on_recycle_planned_touches: Named(planned_touches), masks_phones, masks_email, masks_address, created_at, updated_at, created_by_id,
    }
}
