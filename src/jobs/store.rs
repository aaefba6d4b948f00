//! Asking for jobs, reading and cancelling them.

use diesel::prelude::*;
use serde::Serialize;

use super::dto::{Job, Status};
use super::rows::JobRow;
use super::work::{Work, value};
use crate::auth::Caller;
use crate::db::id::{JobId, JobKind};
use crate::db::schema::jobs;
use crate::db::types::Json;
use crate::db::{Actor, Condition, DbConnection, Failure, Hold, Tx, columns};
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Field, FieldType, List, Listed};

/// The list of jobs.
pub struct JobList;

impl Listed for JobList {
    type Kind = JobKind;
    const SCHEMA: &'static str = "Job";
    const TABLE: &'static str = "jobs";
    const HAS_DELETED: bool = false;
    const FIELDS: &'static [Field] = &[
        Field::new("kind", FieldType::CODE, "jobs.kind"),
        Field::new(
            "status",
            FieldType::Enum(&[
                ("queued", "排队中", "Queued"),
                ("running", "进行中", "Running"),
                ("succeeded", "成功", "Succeeded"),
                ("partially_succeeded", "部分成功", "Partially succeeded"),
                ("failed", "失败", "Failed"),
                ("cancelled", "已取消", "Cancelled"),
            ]),
            "jobs.status",
        ),
        Field::new("created_by_id", FieldType::Id("usr"), "jobs.created_by_id"),
    ];
}

/// The jobs that a caller sees: its own; administrators, and API keys that may read jobs, those of the whole workspace. What the
/// system does by itself is nobody's.
pub fn visible(caller: &Caller) -> Condition {
    let asked = Condition::sql("jobs.workspace_id = ").bind(caller.scope.workspace_id).then(" AND NOT jobs.is_scheduled");
    if caller.is_admin() || caller.scopes.is_some() { asked } else { asked.then(" AND jobs.created_by_id = ").bind(caller.scope.user_id) }
}

/// Asks for work, in the name of the unit of work's own actor: it is done once this is committed.
pub fn enqueue(tx: &mut Tx<'_>, work: &Work, args: &impl Serialize, total: Option<i64>) -> Result<Job, Failure> {
    let row = JobRow { args: Json(value(args)?), total, ..JobRow::new(tx, tx.actor.workspace_id, work.name) };
    row.insert(tx)?;
    Ok(row.into())
}

/// The same by the system, whoever caused it.
pub fn enqueue_by_system(tx: &mut Tx<'_>, work: &Work, args: &impl Serialize, total: Option<i64>) -> Result<Job, Failure> {
    let actor = Actor { request_id: tx.actor.request_id.clone(), ..Actor::system(tx.actor.workspace_id) };
    enqueue(&mut Tx { conn: &mut *tx.conn, actor: &actor, now: tx.now }, work, args, total)
}

fn find(conn: &mut DbConnection, visible: Condition, id: JobId) -> Result<JobRow, Failure> {
    let found = jobs::table.filter(visible.then(" AND jobs.id = ").bind(id)).select(columns::<JobRow>()).first(conn).optional()?;
    found.ok_or_else(|| Problem::not_found().into())
}

pub fn get(conn: &mut DbConnection, visible: Condition, id: JobId) -> Result<Job, Failure> {
    find(conn, visible, id).map(Job::from)
}

pub fn list(conn: &mut DbConnection, caller: &Caller, list: &List<JobList>) -> Result<Page<Job>, Failure> {
    let (scope, visible) = (&caller.scope, visible(caller));
    let own = jobs::table.filter(visible.clone().and(list.page_filter(scope)?));
    let rows = own.order(list.order()).limit(list.rows()).select(columns::<JobRow>()).load(conn)?;
    let total = list.total(conn, scope, visible)?;
    Ok(list.page(scope, rows.into_iter().map(Job::from).collect(), total)?)
}

/// One that nobody runs is cancelled at once, one that runs after its current step. One that is over stays as it is.
pub fn cancel(tx: &mut Tx<'_>, visible: Condition, id: JobId, if_match: &IfMatch) -> Result<Job, Failure> {
    find(tx.conn, visible.clone(), id)?;
    // Waits for the current step.
    tx.hold("jobs", id, Hold::ToWrite)?;
    let mut row = find(tx.conn, visible, id)?;
    if_match.check(row.version)?;
    if row.finished_at.is_some() || row.is_cancel_requested {
        return Ok(row.into());
    }
    row.is_cancel_requested = true;
    if row.lease_token.is_some() {
        row.save(tx)?;
    } else {
        row.finished_at = Some(tx.now);
        row.save_as(tx, Status::Cancelled)?;
    }
    Ok(row.into())
}
