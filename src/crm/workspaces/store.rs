//! Workspaces in the database.

use diesel::prelude::*;

use super::dto::{Locale, UpdateWorkspace, Weekday, Workspace, WorkspaceFields};
use crate::changes::{Operation, diff, record};
use crate::crm::{dictionaries, pipelines, pools};
use crate::db::id::WorkspaceId;
use crate::db::schema::workspaces;
use crate::db::types::{Instant, Json, Named};
use crate::db::{DbConnection, Failure, Tx, columns, update_rows};
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;
use crate::http::validation;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = workspaces)]
struct Row {
    id: WorkspaceId,
    version: i64,
    name: String,
    time_zone: String,
    base_currency: String,
    locale: Named<Locale>,
    working_days: Json<Vec<Weekday>>,
    holidays: Json<Vec<chrono::NaiveDate>>,
    extra_workdays: Json<Vec<chrono::NaiveDate>>,
    created_at: Instant,
    updated_at: Instant,
    cadence_days: i32,
}

impl From<Row> for Workspace {
    #[rustfmt::skip]
    fn from(row: Row) -> Self {
        let Row {
            id, version, name, time_zone, base_currency, locale, working_days, holidays, extra_workdays, created_at, updated_at, cadence_days,
        } = row;
        let fields = WorkspaceFields {
            name,
            time_zone,
            base_currency,
            locale: locale.0,
            working_days: working_days.0,
            holidays: holidays.0,
            extra_workdays: extra_workdays.0,
            cadence_days,
        };
        Self { id, version, fields, created_at, updated_at }
    }
}

impl From<Workspace> for Row {
    fn from(workspace: Workspace) -> Self {
        let Workspace { id, version, fields, created_at, updated_at } = workspace;
        let WorkspaceFields { name, time_zone, base_currency, locale, working_days, holidays, extra_workdays, cadence_days } = fields;
        Self {
            id,
            version,
            name,
            time_zone,
            base_currency,
            locale: Named(locale),
            working_days: Json(working_days),
            holidays: Json(holidays),
            extra_workdays: Json(extra_workdays),
            created_at,
            updated_at,
            cadence_days,
        }
    }
}

pub fn get(conn: &mut DbConnection, id: WorkspaceId) -> QueryResult<Workspace> {
    workspaces::table.find(id).select(columns::<Row>()).first(conn).map(Workspace::from)
}

pub fn exists(conn: &mut DbConnection) -> QueryResult<bool> {
    workspaces::table.select(workspaces::id).first::<WorkspaceId>(conn).optional().map(|found| found.is_some())
}

pub fn is_known(conn: &mut DbConnection, id: WorkspaceId) -> QueryResult<bool> {
    workspaces::table.find(id).select(workspaces::id).first::<WorkspaceId>(conn).optional().map(|found| found.is_some())
}

/// Makes the workspace of the transaction's actor, with its dictionaries and its default pool.
pub fn create(tx: &mut Tx<'_>, fields: WorkspaceFields) -> Result<Workspace, Failure> {
    Problem::check(validation::errors(&fields))?;
    let workspace = Workspace { id: tx.actor.workspace_id, version: 1, fields, created_at: tx.now, updated_at: tx.now };
    diesel::insert_into(workspaces::table).values(Row::from(workspace.clone())).execute(tx.conn)?;
    pools::store::create_default(tx)?;
    pipelines::store::create_default(tx)?;
    dictionaries::store::seed(tx)?;
    record(tx, Operation::Created, workspace.id, 1, diff(None, Some(&workspace))?)?;
    Ok(workspace)
}

pub fn update(tx: &mut Tx<'_>, if_match: &IfMatch, patch: &UpdateWorkspace) -> Result<Workspace, Failure> {
    let before = get(tx.conn, tx.actor.workspace_id)?;
    if_match.check(before.version)?;
    let mut after = Workspace { fields: patch.apply(&before.fields)?, ..before.clone() };
    Problem::check(validation::errors(&after.fields))?;
    let changed = diff(Some(&before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now);
    let guarded = workspaces::table.find(after.id).filter(workspaces::version.eq(before.version));
    if update_rows(tx.conn, guarded, Row::from(after.clone()))? == 0 {
        return Err(Failure::Stale);
    }
    record(tx, Operation::Updated, after.id, after.version, changed)?;
    Ok(after)
}
