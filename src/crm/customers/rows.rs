//! A customer's three rows, and the way between them and what is answered. Every member is named on both sides, so that a new
//! column does not compile until both know it.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::dto::{Address, Customer, CustomerFields, CustomerKind, CustomerStatus, Holding, IntentLevel, LifecycleStage};
use crate::crm::custom_fields::Custom;
use crate::crm::external_refs::ExternalRef;
use crate::crm::phones::Phone;
use crate::db::id::{CustomerId, OrgUnitId, PoolId, RecycleRuleId, TierId, UserId, WorkspaceId};
use crate::db::schema::{customer_holdings, customer_profiles, customers};
use crate::db::types::{Instant, Json, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customers, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct CustomerRow {
    pub workspace_id: WorkspaceId,
    pub id: CustomerId,
    pub version: i64,
    pub name: String,
    pub name_fold: String,
    pub kind: Named<CustomerKind>,
    pub lifecycle_stage: Named<LifecycleStage>,
    pub status: Named<CustomerStatus>,
    pub owner_id: Option<UserId>,
    pub pool_id: Option<PoolId>,
    pub tier_id: Option<TierId>,
    pub parent_id: Option<CustomerId>,
    pub service_rep_id: Option<UserId>,
    pub source: Option<String>,
    pub source_detail: Option<String>,
    pub ownership_type: Option<String>,
    pub trade_type: Option<String>,
    pub location_type: Option<String>,
    pub region: Option<String>,
    pub intent_level: Named<IntentLevel>,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub employee_count: Option<i64>,
    pub last_touch_at: Option<Instant>,
    pub next_touch_at: Option<Instant>,
    pub touch_count: i64,
    pub external_refs: Json<Vec<ExternalRef>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub org_unit_id: Option<OrgUnitId>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = customer_holdings, primary_key(workspace_id, customer_id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct HoldingRow {
    pub workspace_id: WorkspaceId,
    pub customer_id: CustomerId,
    pub since: Instant,
    pub home_pool_id: Option<PoolId>,
    pub locked_until: Option<Instant>,
    pub lock_reason: Option<String>,
    pub locked_by_id: Option<UserId>,
    pub recycle_due_at: Option<Instant>,
    pub recycle_rule_id: Option<RecycleRuleId>,
    /// The customer's.
    pub owner_id: Option<UserId>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = customer_profiles, primary_key(workspace_id, customer_id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ProfileRow {
    pub workspace_id: WorkspaceId,
    pub customer_id: CustomerId,
    pub industries: Json<Vec<String>>,
    pub phones: Json<Vec<Phone>>,
    pub website: Option<String>,
    pub country: Option<String>,
    pub province: Option<String>,
    pub city: Option<String>,
    pub district: Option<String>,
    pub street: Option<String>,
    pub postal_code: Option<String>,
    pub birthday: Option<NaiveDate>,
    pub gender: Option<String>,
    pub education: Option<String>,
    pub income_band: Option<String>,
    pub family: Option<String>,
    pub needs: Option<String>,
    pub remarks: Option<String>,
    pub unified_social_credit_code: Option<String>,
    pub custom: Json<Custom>,
}

/// A customer, as it is loaded.
pub type Rows = (CustomerRow, ProfileRow, HoldingRow);

impl From<Rows> for Customer {
    #[rustfmt::skip]
    fn from((row, profile, holding): Rows) -> Self {
        let CustomerRow {
            workspace_id: _, id, version, name, name_fold: _, kind, lifecycle_stage, status, owner_id, pool_id, tier_id, parent_id, service_rep_id,
            source, source_detail, ownership_type, trade_type, location_type, region, intent_level, email, email_key: _, employee_count,
            last_touch_at, next_touch_at, touch_count, external_refs, created_at, updated_at, created_by_id, org_unit_id,
        } = row;
        let ProfileRow {
            workspace_id: _, customer_id: _, industries, phones, website, country, province, city, district, street, postal_code, birthday, gender,
            education, income_band, family, needs, remarks, unified_social_credit_code, custom,
        } = profile;
        let HoldingRow {
            workspace_id: _, customer_id: _, since, home_pool_id, locked_until, lock_reason, locked_by_id, recycle_due_at, recycle_rule_id, owner_id: _,
        } = holding;
        let (claimed_at, pooled_at) = if owner_id.is_some() { (Some(since), None) } else { (None, Some(since)) };
        let holding = Holding {
            claimed_at, pooled_at, home_pool_id, locked_until, lock_reason, locked_by_id, recycle_due_at, recycle_rule_id,
        };
        let address = Address { country, province, city, district, street, postal_code };
        let address = (address != Address::default()).then_some(address);
        let fields = CustomerFields {
            name, status: status.0, parent_id, service_rep_id, source, source_detail, industries: industries.0, ownership_type, trade_type,
            location_type, region, intent_level: intent_level.0, email, employee_count, phones: phones.0, website, address, birthday, gender,
            education, income_band, family, needs, remarks, unified_social_credit_code, external_refs: external_refs.0,
            custom: custom.0,
        };
        Self {
            id, version, kind: kind.0, lifecycle_stage: lifecycle_stage.0, owner_id, pool_id, org_unit_id, tier_id, fields, last_touch_at,
            next_touch_at, touch_count, holding, created_at, updated_at, created_by_id,
        }
    }
}

#[rustfmt::skip]
pub fn rows_of(workspace_id: WorkspaceId, customer: &Customer) -> Rows {
    let Customer {
        id, version, kind, lifecycle_stage, owner_id, pool_id, org_unit_id, tier_id, fields, last_touch_at, next_touch_at, touch_count,
        holding, created_at, updated_at, created_by_id,
    } = customer.clone();
    let CustomerFields {
        name, status, parent_id, service_rep_id, source, source_detail, industries, ownership_type, trade_type, location_type, region,
        intent_level, email, employee_count, phones, website, address, birthday, gender, education, income_band, family, needs, remarks,
        unified_social_credit_code, external_refs, custom,
    } = fields;
    let Address { country, province, city, district, street, postal_code } = address.unwrap_or_default();
    let row = CustomerRow {
        workspace_id, id, version, name_fold: fold_compare(&name), name, kind: Named(kind), lifecycle_stage: Named(lifecycle_stage),
        status: Named(status), owner_id, pool_id, tier_id, parent_id, service_rep_id, source, source_detail, ownership_type, trade_type,
        location_type, region, intent_level: Named(intent_level), email_key: email.as_deref().map(str::to_lowercase), email, employee_count,
        last_touch_at, next_touch_at, touch_count, external_refs: Json(external_refs), created_at, updated_at, created_by_id, org_unit_id,
    };
    let profile = ProfileRow {
        workspace_id, customer_id: id, industries: Json(industries), phones: Json(phones), website, country, province, city, district, street,
        postal_code, birthday, gender, education, income_band, family, needs, remarks, unified_social_credit_code, custom: Json(custom),
    };
    let Holding {
        claimed_at, pooled_at, home_pool_id, locked_until, lock_reason, locked_by_id, recycle_due_at, recycle_rule_id,
    } = holding;
    let since = claimed_at.or(pooled_at).unwrap_or(created_at);
    let holding = HoldingRow {
        workspace_id, customer_id: id, since, home_pool_id, locked_until, lock_reason, locked_by_id, recycle_due_at, recycle_rule_id, owner_id,
    };
    (row, profile, holding)
}
