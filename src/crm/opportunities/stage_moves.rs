//! The stays of opportunities in their stages. A stay is written once, and closed when the next one begins.

use diesel::insert_into;
use diesel::prelude::*;

use super::dto::{Opportunity, StageStay};
use super::fields::{Opportunities, visible};
use super::rules;
use crate::auth::Scope;
use crate::db::id::{CustomerId, OpportunityId, StageId, StageMoveId, UserId, WorkspaceId};
use crate::db::money::Money;
use crate::db::schema::stage_moves;
use crate::db::types::Instant;
use crate::db::{DbConnection, Failure, Tx, columns, insert, update_rows};
use crate::http::problem::Problem;
use crate::listing::rows::{exists, with_id};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = stage_moves, treat_none_as_default_value = false)]
pub struct StageMoveRow {
    pub workspace_id: WorkspaceId,
    pub id: StageMoveId,
    pub opportunity_id: OpportunityId,
    pub customer_id: CustomerId,
    pub from_stage_id: Option<StageId>,
    pub stage_id: StageId,
    pub entered_at: Instant,
    pub left_at: Option<Instant>,
    pub by_id: Option<UserId>,
    pub amount: Option<i64>,
    pub amount_currency: Option<String>,
    pub probability: i32,
    pub reason_code: Option<String>,
    pub note: Option<String>,
}

/// The stay that begins now, where the opportunity is; the one before it ends.
pub fn enter(
    tx: &mut Tx<'_>,
    opportunity: &Opportunity,
    from_stage_id: Option<StageId>,
    reason_code: Option<String>,
    note: Option<String>,
) -> QueryResult<()> {
    let workspace_id = tx.actor.workspace_id;
    if from_stage_id.is_some() {
        let current = stage_moves::workspace_id.eq(workspace_id).and(stage_moves::opportunity_id.eq(opportunity.id));
        update_rows(
            tx.conn,
            stage_moves::table.filter(current.and(stage_moves::left_at.is_null())),
            stage_moves::left_at.eq(opportunity.stage_entered_at),
        )?;
    }
    let (amount, amount_currency) = Money::columns(opportunity.fields.amount.as_ref());
    let row = StageMoveRow {
        workspace_id,
        id: StageMoveId::new(),
        opportunity_id: opportunity.id,
        customer_id: opportunity.customer_id,
        from_stage_id,
        stage_id: opportunity.stage_id,
        entered_at: opportunity.stage_entered_at,
        left_at: None,
        by_id: tx.actor.user_id,
        amount,
        amount_currency,
        probability: rules::probability(opportunity.stage_kind, opportunity.fields.probability, opportunity.stage_probability),
        reason_code,
        note,
    };
    insert(tx.conn, &[&insert_into(stage_moves::table).values(&row)])
}

/// All stays of an opportunity that the caller sees, oldest first.
pub fn history(conn: &mut DbConnection, scope: &Scope, id: OpportunityId) -> Result<Vec<StageStay>, Failure> {
    if !exists::<Opportunities>(conn, with_id::<Opportunities>(visible(scope, false), id))? {
        return Err(Problem::not_found().into());
    }
    let own = stage_moves::workspace_id.eq(scope.workspace_id).and(stage_moves::opportunity_id.eq(id));
    let rows = stage_moves::table
        .filter(own)
        .order((stage_moves::entered_at.asc(), stage_moves::id.asc()))
        .select(columns::<StageMoveRow>())
        .load(conn)?;
    let stay = |row: StageMoveRow| {
        let StageMoveRow { stage_id, entered_at, left_at, by_id, amount, amount_currency, probability, .. } = row;
        StageStay { stage_id, entered_at, left_at, by_id, amount: Money::of_columns(amount, amount_currency.as_deref()), probability }
    };
    Ok(rows.into_iter().map(stay).collect())
}
