//! Moving an opportunity through the stages of its pipeline: the only way to change its stage.

use super::dto::{MoveOpportunity, Opportunity};
use super::fields::Opportunities;
use super::store::{find_stage, get_for_change, load_all, save};
use super::{rules, stage_moves};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::pipelines::{self, StageKind};
use crate::crm::recycling;
use crate::crm::references::{self, CodeUse};
use crate::db::id::{CustomerId, OpportunityId};
use crate::db::{Failure, Hold, Tx, savepoint};
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;
use crate::listing::rows::rows;

/// Into a closed stage it closes, out of one it opens again. A move to where it is changes nothing.
pub fn move_opportunity(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: OpportunityId,
    if_match: &IfMatch,
    how: &MoveOpportunity,
) -> Result<Opportunity, Failure> {
    let before = get_for_change(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut errors = Vec::new();
    let pipelines = pipelines::store::list(tx.conn, scope.workspace_id)?;
    let stage = find_stage(&pipelines, before.pipeline_id, how.to_stage_id, "/to_stage_id", &mut errors);
    if let Some(stage) = stage.filter(|stage| stage.id != before.stage_id) {
        errors.extend(rules::check_move(&before, stage.kind, how, tx.now));
    }
    let reason = how.reason_code.iter();
    let used = reason.map(|code| CodeUse { dictionary: "close_reason", pointer: "/reason_code".to_owned(), code: code.clone() });
    references::check_codes(tx, &used.collect::<Vec<_>>(), &[], &mut errors)?;
    Problem::check(errors)?;
    let Some(stage) = stage.filter(|stage| stage.id != before.stage_id) else { return Ok(before) };
    tx.hold("customers", before.customer_id, Hold::ToWrite)?;
    // Whoever waited for another move has an older `now` than that one: a stay does not begin before the last one did.
    let now = tx.now.max(before.stage_entered_at);
    let is_closed = stage.kind != StageKind::Open;
    let after = rules::weigh(Opportunity {
        stage_id: stage.id,
        stage_kind: stage.kind,
        stage_probability: stage.probability,
        stage_entered_at: now,
        closed_at: is_closed.then(|| how.closed_at.unwrap_or(now)),
        close_reason_code: how.reason_code.clone().filter(|_| is_closed),
        ..before.clone()
    });
    let after = save(tx, scope, &before, after, Operation::StageMoved, &[("note", how.note.clone())])?;
    stage_moves::enter(tx, &after, Some(before.stage_id), how.reason_code.clone(), how.note.clone())?;
    recycling::refresh(tx, scope, after.customer_id)?;
    Ok(after)
}

/// Closes what is open of a customer as lost: nobody works on it any more.
pub fn close_lost(tx: &mut Tx<'_>, scope: &Scope, customer_id: CustomerId) -> Result<(), Failure> {
    let open = rows::<Opportunities>(tx.actor.workspace_id, false).then(" AND opportunities.stage_kind = 'open'");
    let open = load_all(tx.conn, open.then(" AND opportunities.customer_id = ").bind(customer_id))?;
    if open.is_empty() {
        return Ok(());
    }
    let pipelines = pipelines::store::list(tx.conn, scope.workspace_id)?;
    for before in open {
        let stages = pipelines.iter().find(|pipeline| pipeline.id == before.pipeline_id).map(|pipeline| &pipeline.stages);
        let lost = stages.and_then(|stages| stages.iter().find(|stage| stage.kind == StageKind::Lost));
        // A pipeline without a lost stage keeps its deals open.
        let Some(lost) = lost else { continue };
        let how = MoveOpportunity { to_stage_id: lost.id, reason_code: Some("other".to_owned()), note: None, closed_at: None };
        let closed = savepoint(tx, &|tx| move_opportunity(tx, scope, before.id, &IfMatch::default(), &how));
        match closed {
            Ok(_) => {}
            // The customer goes all the same; its deal stays open.
            Err(Failure::Problem(problem)) => {
                tracing::warn!(opportunity_id = %before.id, code = problem.code().as_ref(), "not closed as lost")
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}
