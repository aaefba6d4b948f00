//! An opportunity's row, and the way between it and what is answered.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::dto::{Opportunity, OpportunityFields};
use super::rules;
use crate::crm::custom_fields::Custom;
use crate::crm::external_refs::ExternalRef;
use crate::crm::pipelines::{ForecastCategory, StageKind};
use crate::db::id::{ContactId, CustomerId, OpportunityId, PipelineId, StageId, UserId, WorkspaceId};
use crate::db::money::Money;
use crate::db::schema::opportunities;
use crate::db::types::{Instant, Json, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = opportunities, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct OpportunityRow {
    pub workspace_id: WorkspaceId,
    pub id: OpportunityId,
    pub version: i64,
    pub name: String,
    pub name_fold: String,
    pub customer_id: CustomerId,
    pub contact_id: Option<ContactId>,
    pub pipeline_id: PipelineId,
    pub stage_id: StageId,
    pub stage_kind: Named<StageKind>,
    pub stage_entered_at: Instant,
    pub amount: Option<i64>,
    pub amount_currency: Option<String>,
    pub probability: Option<i32>,
    pub forecast_category: Option<Named<ForecastCategory>>,
    pub expected_close_date: Option<NaiveDate>,
    pub closed_at: Option<Instant>,
    pub close_reason_code: Option<String>,
    pub owner_id: UserId,
    pub source: Option<String>,
    pub competitor: Option<String>,
    pub needs: Option<String>,
    pub remarks: Option<String>,
    pub external_refs: Json<Vec<ExternalRef>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub is_deleted_with_customer: bool,
    pub custom: Json<Custom>,
}

impl From<(OpportunityRow, i32)> for Opportunity {
    /// With the probability of its stage.
    #[rustfmt::skip]
    fn from((row, stage_probability): (OpportunityRow, i32)) -> Self {
        let OpportunityRow {
            workspace_id: _, id, version, name, name_fold: _, customer_id, contact_id, pipeline_id, stage_id, stage_kind, stage_entered_at,
            amount, amount_currency, probability, forecast_category, expected_close_date, closed_at, close_reason_code, owner_id, source,
            competitor, needs, remarks, external_refs, created_at, updated_at, created_by_id, is_deleted_with_customer: _,
            custom,
        } = row;
        let fields = OpportunityFields {
            name, contact_id, amount: Money::of_columns(amount, amount_currency.as_deref()), probability,
            forecast_category: forecast_category.map(|category| category.0), expected_close_date, source, competitor, needs, remarks,
            external_refs: external_refs.0, custom: custom.0,
        };
        rules::weigh(Self {
            id, version, customer_id, pipeline_id, stage_id, stage_kind: stage_kind.0, stage_entered_at, stage_probability, owner_id, fields,
            weighted_amount: None, closed_at, close_reason_code, created_at, updated_at, created_by_id,
        })
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, opportunity: &Opportunity) -> OpportunityRow {
    let Opportunity {
        id, version, customer_id, pipeline_id, stage_id, stage_kind, stage_entered_at, stage_probability: _, owner_id, fields,
        weighted_amount: _, closed_at, close_reason_code, created_at, updated_at, created_by_id,
    } = opportunity.clone();
    let OpportunityFields {
        name, contact_id, amount, probability, forecast_category, expected_close_date, source, competitor, needs, remarks, external_refs, custom,
    } = fields;
    let (amount, amount_currency) = Money::columns(amount.as_ref());
    OpportunityRow {
        workspace_id, id, version, name_fold: fold_compare(&name), name, customer_id, contact_id, pipeline_id, stage_id,
        stage_kind: Named(stage_kind), stage_entered_at, amount, amount_currency, probability,
        forecast_category: forecast_category.map(Named), expected_close_date, closed_at, close_reason_code, owner_id, source, competitor,
        needs, remarks, external_refs: Json(external_refs), created_at, updated_at, created_by_id, is_deleted_with_customer: false,
        custom: Json(custom),
    }
}
