//! The public sea of the demo: a pool, and later the rules by which customers go back to it.

use serde_json::json;

use super::cast::{POOL, POOL_MEMBERS};
use crate::auth::Scope;
use crate::crm::holding_caps::{self, CapExclude, CapScope, CreateHoldingCap, HoldingCapFields};
use crate::crm::pools::masks::MaskedField;
use crate::crm::pools::{self, CreatePool, OnRecycle, PoolFields, PoolMember};
use crate::crm::recycling::{self, CreateRecycleRule, ExtendOn, RecycleExclude, RecycleKind, RecycleRuleFields};
use crate::db::id::{PoolId, UserId};
use crate::db::{Failure, Tx};

/// So many days without a touch.
const UNTOUCHED: i32 = 30;

/// The pool of the Chinese customers: Chinese reps claim from it, the manager looks after it.
pub fn create_pool(tx: &mut Tx<'_>, scope: &Scope, manager: UserId, reps: &[UserId]) -> Result<PoolId, Failure> {
    let member = |user_id: &UserId| PoolMember { user_id: Some(*user_id), org_unit_id: None };
    let filter = json!({ "field": "country", "op": "eq", "value": "CN" });
    let fields = PoolFields {
        name: POOL.to_owned(),
        is_enabled: true,
        is_open: false,
        members: reps.iter().take(POOL_MEMBERS).map(member).collect(),
        admins: vec![member(&manager)],
        filter: filter.as_object().cloned(),
        priority: 10,
        daily_claim_limit: 5,
        claim_batch_max: 20,
        reclaim_cooldown_days: 7,
        new_item_quiet_hours: 0,
        remind_before_days: vec![7, 3, 1],
        on_recycle: OnRecycle::default(),
        masked_fields: vec![MaskedField::Phones, MaskedField::Email, MaskedField::Address],
    };
    Ok(pools::store::create(tx, scope, &CreatePool { fields })?.id)
}

/// Whoever has bought stays, and nobody holds more than so many.
pub fn set_rules(tx: &mut Tx<'_>, scope: &Scope, pool: PoolId, cap: i32) -> Result<(), Failure> {
    let fields = RecycleRuleFields {
        kind: RecycleKind::NoTouch,
        days: UNTOUCHED,
        tier_days: Vec::new(),
        extend_on: vec![ExtendOn::CountingTouch],
        extend_days: None,
        exclude: RecycleExclude { won: true, ..RecycleExclude::default() },
        is_active: true,
    };
    recycling::store::create(tx, scope, pool, &CreateRecycleRule { fields })?;
    let exclude = CapExclude { won: true, ..CapExclude::default() };
    let fields = HoldingCapFields { scope: CapScope::Workspace, user_id: None, role: None, org_unit_id: None, cap, exclude };
    holding_caps::store::create(tx, &CreateHoldingCap { fields })?;
    Ok(())
}
