//! Pipelines in the database.

use diesel::prelude::*;
use serde_json::Value;

use super::dto::{ForecastCategory, Pipeline, Stage, StageFields, StageKind, UpdateStage};
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::dictionaries::Label;
use crate::db::condition::AnyId;
use crate::db::id::{PipelineId, StageId, WorkspaceId};
use crate::db::schema::{pipelines, stages, workspaces};
use crate::db::types::{Instant, Named};
use crate::db::{Actor, Condition, DbConnection, Failure, Tx, columns, transact, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::{FieldError, Problem};
use crate::listing::Target;
use crate::listing::expansion::values;

/// A stage of a new workspace: code, labels, kind, probability, forecast category.
type Seed = (&'static str, [&'static str; 2], StageKind, i32, ForecastCategory);

/// A month without a move or a touch.
const STALE_AFTER_DAYS: i32 = 30;

const STAGES: [Seed; 7] = [
    ("initial_contact", ["初步接触", "Initial contact"], StageKind::Open, 10, ForecastCategory::Pipeline),
    ("needs_confirmed", ["需求确认", "Needs confirmed"], StageKind::Open, 25, ForecastCategory::Pipeline),
    ("proposal", ["方案报价", "Proposal and quote"], StageKind::Open, 50, ForecastCategory::BestCase),
    ("negotiation", ["谈判", "Negotiation"], StageKind::Open, 75, ForecastCategory::Commit),
    ("won", ["赢单", "Won"], StageKind::Won, 100, ForecastCategory::Closed),
    ("lost", ["输单", "Lost"], StageKind::Lost, 0, ForecastCategory::Omitted),
    ("void", ["无效", "Void"], StageKind::Void, 0, ForecastCategory::Omitted),
];

#[derive(Queryable, Selectable)]
#[diesel(table_name = pipelines)]
struct Row {
    id: PipelineId,
    version: i64,
    code: String,
    label_zh: String,
    label_en: String,
    is_default: bool,
    created_at: Instant,
    updated_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = stages)]
struct StageRow {
    id: StageId,
    code: String,
    label_zh: String,
    label_en: String,
    position: i32,
    kind: Named<StageKind>,
    probability: i32,
    forecast_category: Named<ForecastCategory>,
    version: i64,
    stale_after_days: Option<i32>,
    cadence_days: Option<i32>,
}

impl From<StageRow> for Stage {
    #[rustfmt::skip]
    fn from(row: StageRow) -> Self {
        let StageRow {
            id, code, label_zh: zh, label_en: en, position: order, kind, probability, forecast_category, version, stale_after_days,
            cadence_days,
        } = row;
        let (label, fields) = (Label { zh, en }, StageFields { stale_after_days, cadence_days });
        Self { id, version, code, label, order, kind: kind.0, probability, forecast_category: forecast_category.0, fields }
    }
}

/// Pipelines and stages where other objects name them.
pub const EXPANDED: Target = Target { schema: "Pipeline", scope: "opportunities:read", load: expanded, expansions: || &[] };
pub const EXPANDED_STAGE: Target = Target { schema: "Stage", scope: "opportunities:read", load: expanded_stages, expansions: || &[] };

fn own(table: &str, workspace_id: WorkspaceId) -> Condition {
    Condition::sql(format!("{table}.workspace_id = ")).bind(workspace_id)
}

/// All of them, with their stages in order.
pub fn list(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Vec<Pipeline>> {
    load(conn, own("pipelines", workspace_id))
}

fn load(conn: &mut DbConnection, which: Condition) -> QueryResult<Vec<Pipeline>> {
    let same = stages::workspace_id.eq(pipelines::workspace_id).and(stages::pipeline_id.eq(pipelines::id));
    let rows: Vec<(Row, Option<StageRow>)> = pipelines::table
        .left_join(stages::table.on(same))
        .filter(which)
        .order((pipelines::is_default.desc(), pipelines::id.asc(), stages::position.asc()))
        .select((columns::<Row>(), columns::<Option<StageRow>>()))
        .load(conn)?;
    let mut found: Vec<Pipeline> = Vec::new();
    for (row, stage) in rows {
        let Row { id, version, code, label_zh: zh, label_en: en, is_default, created_at, updated_at } = row;
        if found.last().is_none_or(|last| last.id != id) {
            found.push(Pipeline { id, version, code, label: Label { zh, en }, is_default, stages: Vec::new(), created_at, updated_at });
        }
        if let Some(pipeline) = found.last_mut() {
            pipeline.stages.extend(stage.map(Stage::from));
        }
    }
    Ok(found)
}

/// Those with these ids, as `expand` adds them.
fn expanded(conn: &mut DbConnection, scope: &Scope, ids: &[AnyId]) -> Result<Vec<Value>, Failure> {
    let named = own("pipelines", scope.workspace_id).and(Condition::any_of("pipelines.id", ids.iter().copied()));
    values(load(conn, named)?)
}

fn expanded_stages(conn: &mut DbConnection, scope: &Scope, ids: &[AnyId]) -> Result<Vec<Value>, Failure> {
    let named = own("stages", scope.workspace_id).and(Condition::any_of("stages.id", ids.iter().copied()));
    let rows: Vec<StageRow> = stages::table.filter(named).select(columns::<StageRow>()).load(conn)?;
    values(rows.into_iter().map(Stage::from))
}

/// What the open stages of all pipelines ask for.
pub fn open_stages(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Vec<StageFields>> {
    let open = stages::workspace_id.eq(workspace_id).and(stages::kind.eq(StageKind::Open.as_ref()));
    let rows: Vec<(Option<i32>, Option<i32>)> =
        stages::table.filter(open).select((stages::stale_after_days, stages::cadence_days)).load(conn)?;
    Ok(rows.into_iter().map(|(stale_after_days, cadence_days)| StageFields { stale_after_days, cadence_days }).collect())
}

pub fn get_stage(conn: &mut DbConnection, workspace_id: WorkspaceId, id: StageId) -> Result<Stage, Failure> {
    let row = stages::table.find((workspace_id, id)).select(columns::<StageRow>()).first(conn).optional()?;
    row.map(Stage::from).ok_or_else(|| Problem::not_found().into())
}

pub fn update_stage(tx: &mut Tx<'_>, id: StageId, if_match: &IfMatch, patch: &UpdateStage) -> Result<Stage, Failure> {
    let before = get_stage(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(before.version)?;
    let mut after = Stage { fields: patch.apply(&before.fields)?, ..before.clone() };
    if before.kind != StageKind::Open {
        let StageFields { stale_after_days, cadence_days } = after.fields;
        let given =
            [("/stale_after_days", stale_after_days), ("/cadence_days", cadence_days)].into_iter().filter(|(_, days)| days.is_some());
        Problem::check(given.map(|(pointer, _)| FieldError::new(pointer, Code::NotApplicable)).collect())?;
    }
    let changed = diff(Some(&before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before);
    }
    after.version = before.version + 1;
    let StageFields { stale_after_days, cadence_days } = after.fields;
    let guarded = stages::table.find((tx.actor.workspace_id, id)).filter(stages::version.eq(before.version));
    let set = (stages::version.eq(after.version), stages::stale_after_days.eq(stale_after_days), stages::cadence_days.eq(cadence_days));
    written(update_rows(tx.conn, guarded, set)?)?;
    record(tx, Operation::Updated, id, after.version, changed)?;
    Ok(after)
}

/// The pipeline of a new workspace.
pub fn create_default(tx: &mut Tx<'_>) -> QueryResult<()> {
    let (workspace_id, pipeline_id) = (tx.actor.workspace_id, PipelineId::new());
    diesel::insert_into(pipelines::table)
        .values((
            pipelines::workspace_id.eq(workspace_id),
            pipelines::id.eq(pipeline_id),
            pipelines::version.eq(1_i64),
            pipelines::code.eq("default"),
            pipelines::label_zh.eq("默认流程"),
            pipelines::label_en.eq("Default pipeline"),
            pipelines::is_default.eq(true),
            pipelines::created_at.eq(tx.now),
            pipelines::updated_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    for ((code, [label_zh, label_en], kind, probability, category), place) in STAGES.into_iter().zip(1_i32..) {
        diesel::insert_into(stages::table)
            .values((
                stages::workspace_id.eq(workspace_id),
                stages::id.eq(StageId::new()),
                stages::pipeline_id.eq(pipeline_id),
                stages::code.eq(code),
                stages::label_zh.eq(label_zh),
                stages::label_en.eq(label_en),
                stages::position.eq(place * 10),
                stages::kind.eq(kind.as_ref()),
                stages::probability.eq(probability),
                stages::forecast_category.eq(category.as_ref()),
                stages::version.eq(1_i64),
                stages::stale_after_days.eq((kind == StageKind::Open).then_some(STALE_AFTER_DAYS)),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// Gives the default pipeline to workspaces that were made before there were pipelines.
pub fn create_missing(conn: &mut DbConnection) -> Result<(), Failure> {
    let own = pipelines::table.filter(pipelines::workspace_id.eq(workspaces::id));
    let without = workspaces::table.filter(diesel::dsl::not(diesel::dsl::exists(own)));
    for workspace_id in without.select(workspaces::id).load::<WorkspaceId>(conn)? {
        transact(conn, &Actor::system(workspace_id), &|tx| Ok(create_default(tx)?))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_in_both_languages() {
        for (code, [zh, en], kind, probability, _) in STAGES {
            assert!(!zh.is_ascii() && en.is_ascii() && !en.is_empty(), "{code}: {zh}, {en}");
            let expected = match kind {
                StageKind::Won => 100..=100,
                StageKind::Lost | StageKind::Void => 0..=0,
                StageKind::Open => 1..=99,
            };
            assert!(expected.contains(&probability), "{code}");
        }
    }
}
