//! What comes again by itself: one row for each workspace, or for the whole server, that is never finished.

use chrono::Duration;
use diesel::RunQueryDsl;

use super::rows::JobRow;
use super::work::Work;
use crate::db::id::WorkspaceId;
use crate::db::types::DbUuid;
use crate::db::{Actor, Condition, Db, DbConnection, Failure};
use crate::http::problem::Problem;

/// How soon the work of a new workspace begins.
pub const LOOKED_FOR_EVERY: Duration = Duration::minutes(1);

/// The server itself, as a workspace that no one has.
const SERVER: WorkspaceId = WorkspaceId::from_uuid(uuid::Uuid::nil());

/// Makes the rows that are missing, due at once.
pub async fn complete(db: &Db, works: &[Work]) -> Result<(), Problem> {
    let scheduled: Vec<Work> = works.iter().filter(|work| work.schedule.is_some()).copied().collect();
    let missing = db.read(move |conn| missing(conn, &scheduled)).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let system = Actor::system(SERVER);
    let made = db.write(&system, move |tx| {
        for (name, workspace_id) in &missing {
            let row = JobRow { is_scheduled: true, ..JobRow::new(tx, *workspace_id, name) };
            // Another server may have made it.
            row.insert(tx).map_err(|failure| failure.on_conflict("jobs.kind", Problem::not_found))?;
        }
        Ok(())
    });
    match made.await {
        Err(problem) if problem == Problem::not_found() => Ok(()),
        made => made,
    }
}

fn missing(conn: &mut DbConnection, works: &[Work]) -> Result<Vec<(&'static str, WorkspaceId)>, Failure> {
    let mut missing = Vec::new();
    for work in works {
        let known = Condition::sql("SELECT workspace_id FROM jobs WHERE is_scheduled AND kind = ").bind(work.name);
        let wanted = if work.schedule.is_some_and(|schedule| schedule.is_of_server) {
            let known: Vec<WorkspaceId> = known.giving::<DbUuid>().load(conn)?;
            if known.is_empty() { vec![SERVER] } else { Vec::new() }
        } else {
            let unknown = Condition::sql("SELECT id FROM workspaces WHERE id NOT IN (").append(known).then(")");
            unknown.giving::<DbUuid>().load(conn)?
        };
        missing.extend(wanted.into_iter().map(|workspace_id| (work.name, workspace_id)));
    }
    Ok(missing)
}
