//! A tier's row, and the way between it and what is answered.

use diesel::prelude::*;

use super::dto::{Tier, TierFields};
use crate::crm::custom_fields::Custom;
use crate::crm::external_refs::ExternalRef;
use crate::db::id::{TierId, UserId, WorkspaceId};
use crate::db::money::Money;
use crate::db::percent::Percent;
use crate::db::schema::tiers;
use crate::db::types::{Instant, Json};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tiers, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TierRow {
    pub workspace_id: WorkspaceId,
    pub id: TierId,
    pub version: i64,
    pub code: String,
    pub name: String,
    pub name_fold: String,
    pub rank: i32,
    pub color: Option<String>,
    pub is_default: bool,
    pub benefits: Option<String>,
    pub credit_limit_amount: Option<i64>,
    pub credit_limit_currency: Option<String>,
    pub payment_terms_days: Option<i32>,
    pub cadence_days: Option<i32>,
    pub recycle_days: Option<i32>,
    pub discount_percent: Option<i64>,
    pub is_active: bool,
    pub external_refs: Json<Vec<ExternalRef>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub custom: Json<Custom>,
}

impl From<TierRow> for Tier {
    #[rustfmt::skip]
    fn from(row: TierRow) -> Self {
        let TierRow {
            workspace_id: _, id, version, code, name, name_fold: _, rank, color, is_default, benefits, credit_limit_amount,
            credit_limit_currency, payment_terms_days, cadence_days, recycle_days, discount_percent, is_active, external_refs, created_at,
            updated_at, created_by_id, custom,
        } = row;
        let fields = TierFields {
            name, rank, color, is_default, benefits, payment_terms_days, cadence_days, recycle_days,
            credit_limit: Money::of_columns(credit_limit_amount, credit_limit_currency.as_deref()),
            discount_percent: discount_percent.map(Percent::from_units), is_active, external_refs: external_refs.0,
            custom: custom.0,
        };
        Self { id, version, code, fields, customer_count: None, created_at, updated_at, created_by_id }
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, tier: &Tier) -> TierRow {
    let Tier { id, version, code, fields, customer_count: _, created_at, updated_at, created_by_id } = tier.clone();
    let TierFields {
        name, rank, color, is_default, benefits, credit_limit, payment_terms_days, cadence_days, recycle_days, discount_percent, is_active,
        external_refs, custom,
    } = fields;
    let (credit_limit_amount, credit_limit_currency) = Money::columns(credit_limit.as_ref());
    TierRow {
        workspace_id, id, version, code, name_fold: fold_compare(&name), name, rank, color, is_default, benefits, credit_limit_amount,
        credit_limit_currency, payment_terms_days, cadence_days, recycle_days, discount_percent: discount_percent.map(Percent::units),
        is_active, external_refs: Json(external_refs), created_at, updated_at, created_by_id, custom: Json(custom),
    }
}
