//! Opportunities in the database. Every query starts from `visible`.

use diesel::insert_into;
use diesel::prelude::*;
use serde_json::Map;

use super::dto::{CreateOpportunity, Opportunity, OpportunityFields, UpdateOpportunity};
use super::fields::{Opportunities, visible};
use super::rows::{OpportunityRow, row_of};
use super::{rules, search, stage_moves};
use crate::auth::Scope;
use crate::changes::{Operation, add_facts, diff, record};
use crate::crm::custom_fields::written;
use crate::crm::org_units::reach;
use crate::crm::pipelines::{self, Pipeline, Stage, StageKind};
use crate::crm::{contacts, customers, external_refs, objects, recycling, references};
use crate::db::id::{CustomerId, OpportunityId, PipelineId, StageId};
use crate::db::schema::{opportunities, stages};
use crate::db::{Condition, DbConnection, Failure, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::List;
use crate::listing::rows::{with_id, with_ids};

/// An opportunity's probability may be its stage's.
#[diesel::dsl::auto_type(no_type_alias)]
fn with_stage() -> _ {
    let same = stages::workspace_id.eq(opportunities::workspace_id).and(stages::id.eq(opportunities::stage_id));
    opportunities::table.inner_join(stages::table.on(same))
}

pub fn find(conn: &mut DbConnection, which: Condition) -> QueryResult<Option<Opportunity>> {
    let found = with_stage().filter(which).select((columns::<OpportunityRow>(), stages::probability));
    Ok(found.first::<(OpportunityRow, i32)>(conn).optional()?.map(Opportunity::from))
}

/// An opportunity that something of a customer names must be that customer's.
pub fn check_of_customer(
    tx: &mut Tx<'_>,
    scope: &Scope,
    customer_id: CustomerId,
    id: Option<OpportunityId>,
    errors: &mut Vec<FieldError>,
) -> QueryResult<()> {
    let Some(id) = id else { return Ok(()) };
    match find(tx.conn, with_id::<Opportunities>(visible(scope, false), id))? {
        None => errors.push(FieldError::new("/opportunity_id", Code::UnknownReference)),
        Some(found) if found.customer_id != customer_id => {
            errors.push(FieldError::new("/opportunity_id", Code::UnrelatedReference).with("of", "customer"));
        }
        Some(_) => {}
    }
    Ok(())
}

/// Those of which this is true, in the order of their ids.
pub fn load_all(conn: &mut DbConnection, which: Condition) -> QueryResult<Vec<Opportunity>> {
    let found = with_stage().filter(which).order(opportunities::id.asc()).select((columns::<OpportunityRow>(), stages::probability));
    Ok(found.load::<(OpportunityRow, i32)>(conn)?.into_iter().map(Opportunity::from).collect())
}

fn one(scope: &Scope, id: OpportunityId, is_deleted: bool) -> Condition {
    with_id::<Opportunities>(visible(scope, is_deleted), id)
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: OpportunityId) -> Result<Opportunity, Failure> {
    find(conn, one(scope, id, false))?.ok_or_else(|| Problem::not_found().into())
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[OpportunityId]) -> Result<Vec<Opportunity>, Failure> {
    Ok(load_all(conn, with_ids::<Opportunities>(visible(scope, false), ids))?)
}

/// An opportunity that the caller means to change: 404 when it does not see it, 403 when it only sees it.
pub fn get_for_change(conn: &mut DbConnection, scope: &Scope, id: OpportunityId) -> Result<Opportunity, Failure> {
    let opportunity = get(conn, scope, id)?;
    changeable(conn, scope, opportunity)
}

fn changeable(conn: &mut DbConnection, scope: &Scope, opportunity: Opportunity) -> Result<Opportunity, Failure> {
    if reach::may_change(conn, scope, Some(opportunity.owner_id))? { Ok(opportunity) } else { Err(Problem::new(Code::NotOwner).into()) }
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Opportunities>) -> Result<Page<Opportunity>, Failure> {
    let seen = visible(scope, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = with_stage().filter(which).order(order).limit(list.rows());
        let rows = found.select((columns::<OpportunityRow>(), stages::probability)).load::<(OpportunityRow, i32)>(conn)?;
        Ok(rows.into_iter().map(Opportunity::from).collect())
    })
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateOpportunity) -> Result<Opportunity, Failure> {
    let CreateOpportunity { customer_id, pipeline_id, stage_id, owner_id, fields } = input.clone();
    let mut errors = rules::check(StageKind::Open, &fields);
    let mut fields = fields.tidy();
    let customer = customers::store::hold(tx, scope, customer_id, &mut errors)?;
    references::check_user(tx, "/owner_id", owner_id, &mut errors)?;
    if owner_id.is_some() && !reach::may_change(tx.conn, scope, owner_id)? {
        errors.push(FieldError::new("/owner_id", Code::NotOwner));
    }
    let pipelines = pipelines::store::list(tx.conn, scope.workspace_id)?;
    let place = first_place(&pipelines, pipeline_id, stage_id, &mut errors);
    check_references(tx, scope, customer_id, None, &fields, &mut errors)?;
    let values = written::check::<Opportunities>(tx, scope, None, &mut fields.custom, &mut errors)?;
    Problem::check(errors)?;
    // What is missing has been reported.
    let Some(((pipeline, stage), customer)) = place.zip(customer) else { return Err(Problem::new(Code::InternalError).into()) };
    let opportunity = rules::weigh(Opportunity {
        id: tx.new_id(),
        version: 1,
        customer_id,
        pipeline_id: pipeline.id,
        stage_id: stage.id,
        stage_kind: stage.kind,
        stage_entered_at: tx.now,
        stage_probability: stage.probability,
        owner_id: owner_id.or(customer.owner_id).unwrap_or(scope.user_id),
        fields,
        weighted_amount: None,
        closed_at: None,
        close_reason_code: None,
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    });
    insert(tx.conn, &[&insert_into(opportunities::table).values(&row_of(scope.workspace_id, &opportunity))])?;
    external_refs::add::<Opportunities>(tx, &visible(scope, false), opportunity.id, &opportunity.fields.external_refs)?;
    values.write::<Opportunities>(tx, &visible(scope, false), opportunity.id)?;
    crate::crm::search::index(tx, opportunity.id, &search::texts(&opportunity.fields), &[])?;
    stage_moves::enter(tx, &opportunity, None, None, None)?;
    record(tx, Operation::Created, opportunity.id, opportunity.version, diff(None, Some(&opportunity))?)?;
    recycling::refresh(tx, scope, customer_id)?;
    Ok(opportunity)
}

pub fn update(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: OpportunityId,
    if_match: &IfMatch,
    patch: &UpdateOpportunity,
) -> Result<Opportunity, Failure> {
    let before = get_for_change(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut fields = patch.apply(&before.fields)?;
    let mut errors = rules::check(before.stage_kind, &fields);
    check_references(tx, scope, before.customer_id, Some(&before.fields), &fields, &mut errors)?;
    let values = written::check::<Opportunities>(tx, scope, Some(&before.fields.custom), &mut fields.custom, &mut errors)?;
    Problem::check(errors)?;
    let after = rules::weigh(Opportunity { fields: fields.tidy(), ..before.clone() });
    let after = save(tx, scope, &before, after, Operation::Updated, &[])?;
    values.write::<Opportunities>(tx, &visible(scope, false), id)?;
    Ok(after)
}

/// Writes what changed, as the next version, with facts of the operation; nothing when nothing changed.
pub fn save(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: &Opportunity,
    mut after: Opportunity,
    operation: Operation,
    facts: &[(&str, Option<String>)],
) -> Result<Opportunity, Failure> {
    let mut changed = diff(Some(before), Some(&after))?;
    if changed.is_empty() {
        return Ok(after);
    }
    add_facts(&mut changed, facts);
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = opportunities::version.eq(before.version).and(opportunities::deleted_at.is_null());
    written(update_rows(tx.conn, opportunities::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<Opportunities>(tx, &visible(scope, false), after.id, &after.fields.external_refs)?;
    }
    if search::texts(&before.fields) != search::texts(&after.fields) {
        crate::crm::search::index(tx, after.id, &search::texts(&after.fields), &[])?;
    }
    record(tx, operation, after.id, after.version, changed)?;
    Ok(after)
}

pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: OpportunityId, if_match: &IfMatch) -> Result<(), Failure> {
    let opportunity = get_for_change(tx.conn, scope, id)?;
    if_match.check(opportunity.version)?;
    customers::store::hold_any(tx, opportunity.customer_id)?;
    objects::delete::<Opportunities>(tx, id, opportunity.version)?;
    recycling::refresh(tx, scope, opportunity.customer_id)
}

pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: OpportunityId, if_match: &IfMatch) -> Result<Opportunity, Failure> {
    let deleted = objects::restorable::<Opportunities>(tx, one(scope, id, true));
    let opportunity = find(tx.conn, deleted)?.ok_or_else(Problem::not_found)?;
    let mut opportunity = changeable(tx.conn, scope, opportunity)?;
    if_match.check(opportunity.version)?;
    customers::store::hold_any(tx, opportunity.customer_id)?;
    let OpportunityFields { external_refs, custom, .. } = &opportunity.fields;
    objects::restore::<Opportunities>(tx, &visible(scope, false), id, opportunity.version, external_refs, &[], custom)?;
    (opportunity.version, opportunity.updated_at) = (opportunity.version + 1, tx.now);
    record(tx, Operation::Restored, id, opportunity.version, Map::new())?;
    recycling::refresh(tx, scope, opportunity.customer_id)?;
    Ok(opportunity)
}

/// Where a new opportunity begins: an open stage of the pipeline.
fn first_place<'p>(
    pipelines: &'p [Pipeline],
    pipeline_id: Option<PipelineId>,
    stage_id: Option<StageId>,
    errors: &mut Vec<FieldError>,
) -> Option<(&'p Pipeline, &'p Stage)> {
    let wanted = |pipeline: &&Pipeline| pipeline_id.map_or(pipeline.is_default, |id| pipeline.id == id);
    let Some(pipeline) = pipelines.iter().find(wanted) else {
        errors.push(FieldError::new("/pipeline_id", Code::UnknownReference));
        return None;
    };
    let stage = match stage_id {
        None => pipeline.stages.iter().find(|stage| stage.kind == StageKind::Open),
        Some(id) => find_stage(pipelines, pipeline.id, id, "/stage_id", errors),
    };
    if stage.is_some_and(|stage| stage.kind != StageKind::Open) {
        errors.push(FieldError::new("/stage_id", Code::ClosedStage));
    }
    stage.map(|stage| (pipeline, stage))
}

/// A stage of this pipeline; another pipeline's is a field error, as is none at all.
pub fn find_stage<'p>(
    pipelines: &'p [Pipeline],
    pipeline_id: PipelineId,
    id: StageId,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<&'p Stage> {
    let found = pipelines.iter().find_map(|pipeline| pipeline.stages.iter().find(|stage| stage.id == id).map(|stage| (pipeline, stage)));
    match found {
        Some((pipeline, stage)) if pipeline.id == pipeline_id => return Some(stage),
        Some(_) => errors.push(FieldError::new(pointer, Code::UnrelatedReference).with("of", "pipeline")),
        None => errors.push(FieldError::new(pointer, Code::UnknownReference)),
    }
    None
}

fn check_references(
    tx: &mut Tx<'_>,
    scope: &Scope,
    customer_id: CustomerId,
    before: Option<&OpportunityFields>,
    after: &OpportunityFields,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    let contact = after.contact_id.filter(|contact| before.is_none_or(|before| before.contact_id != Some(*contact)));
    let contact: Vec<_> = contact.map(|contact| ("/contact_id".to_owned(), contact)).into_iter().collect();
    contacts::links::check_contacts(tx, scope, customer_id, &contact, errors)?;
    let had = before.map(rules::codes).unwrap_or_default();
    references::check_codes(tx, &rules::codes(after), &had, errors)?;
    Ok(())
}
