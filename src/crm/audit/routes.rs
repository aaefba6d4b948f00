//! `/audit`.

use actix_web::get;
use actix_web::web::Data;

use super::dto::{AuditPage, AuditQuery};
use super::store::{self, Asked};
use crate::auth::Can;
use crate::auth::privileges::ReadAudit;
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// Read who did what
///
/// Every write with its author, newest first, for administrators: changes of customers and all that belongs to them, of settings, users
/// and API keys, new passwords included (but not the password). What is older than 30 days is gone, as in `/changes`. Logging in
/// changes no object and is not here: the server's access log has it, with failures.
#[utoipa::path(tag = "changes", params(AuditQuery), responses((status = 200, description = "A page of the audit.", body = AuditPage)), security(("bearer" = ["audit:read"])))]
#[get("/audit")]
pub async fn list_audit(db: Data<Db>, caller: Can<ReadAudit>, query: Query) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let asked = Asked::parse(&query, workspace_id)?;
    Answer::ok(&db.read(move |conn| store::page(conn, workspace_id, &asked)).await?)
}
