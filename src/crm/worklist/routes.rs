//! `/me/worklist`.

use actix_web::get;
use actix_web::web::Data;
use utoipa::IntoParams;

use super::dto::{Worklist, WorklistSummary};
use super::{store, summary};
use crate::auth::Can;
use crate::auth::privileges::{ReadContacts, ReadCustomers, ReadOpportunities, ReadTouchRecords};
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// How much of it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct WorklistQuery {
    /// Entries.
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: i64,
}

/// Get what I have to do
///
/// The caller's planned touches that are overdue or due today; of its own customers those that go back to their pool within seven days,
/// those that are to be touched, and birthdays; and its own opportunities that are stale. Most urgent first, by `rank`: 1 goes back today or
/// tomorrow; 2, 3 and 4 are overdue by more than seven days, four to seven, and up to three; 5 is due today, or a birthday; 6 goes back
/// within seven days. Within a rank, what is overdue longest comes first. A customer is shown once for each reason, with the first of its
/// planned touches; but each stale opportunity and each birthday stands for itself.
///
/// A customer is to be touched when its cadence has passed since its last counting touch or since it came to its owner, whichever was later;
/// on a day off that is the next working day of the workspace. The cadence is the shortest `cadence_days` of the stages that its open
/// opportunities are in, else its tier's, else the workspace's. A tier or a workspace with 0 days asks for nothing; neither do customers that
/// are not active, or churned.
///
/// An opportunity is stale when more days than its stage's `stale_after_days` have passed since it came there, and since the last
/// customer-facing touch of its customer that was not about another opportunity; which touches these are is told by the flags of
/// `touch_type` as they are now. Birthdays are those of active customers and of contacts that have not left: today's, and those on days off
/// before the next working day. Who was born on 29 February has it on the 28th in other years. An API key needs all four scopes.
#[utoipa::path(tag = "me", params(WorklistQuery), responses((status = 200, description = "What is to be done.", body = Worklist)), security(("bearer" = ["contacts:read", "customers:read", "opportunities:read", "touch_records:read"])))]
#[get("/me/worklist")]
pub async fn get_my_worklist(db: Data<Db>, caller: Can<ReadCustomers>, query: Query) -> Result<Answer, Problem> {
    caller.check::<ReadContacts>()?;
    caller.check::<ReadOpportunities>()?;
    caller.check::<ReadTouchRecords>()?;
    let (scope, limit) = (caller.scope, query.integer("limit", 1..=200, 50)?);
    Answer::ok(&db.read(move |conn| store::worklist(conn, &scope, limit)).await?)
}

/// Get how I keep my plans
///
/// Days are the workspace's. Only touches that were assigned to the caller count.
#[utoipa::path(tag = "me", responses((status = 200, description = "Plan against done.", body = WorklistSummary)), security(("bearer" = ["touch_records:read"])))]
#[get("/me/worklist/summary")]
pub async fn get_my_worklist_summary(db: Data<Db>, caller: Can<ReadTouchRecords>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    Answer::ok(&db.read(move |conn| summary::summary(conn, &scope)).await?)
}
