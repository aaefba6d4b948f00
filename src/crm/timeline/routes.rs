//! `/customers/{id}/timeline`.

use actix_web::get;
use actix_web::web::Data;
use utoipa::IntoParams;

use super::dto::TimelinePage;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadCustomers, ReadOpportunities, ReadTouchRecords};
use crate::db::Db;
use crate::db::id::CustomerId;
use crate::http::answer::Answer;
use crate::http::extract::PathId;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// Where to begin, and how much.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct TimelineQuery {
    /// `next_cursor` of the page before.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    cursor: String,
    /// Entries per page.
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: i64,
}

/// Get a customer's timeline
///
/// Its touch records, the moves of its opportunities, and its changes of owner, tier and lifecycle stage, newest first. Whoever
/// sees the customer sees all of them; what is deleted is not shown. An API key needs all three scopes.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), TimelineQuery),
    responses((status = 200, description = "A page of the timeline.", body = TimelinePage)),
    security(("bearer" = ["customers:read", "opportunities:read", "touch_records:read"])),
)]
#[get("/customers/{id}/timeline")]
pub async fn get_customer_timeline(
    db: Data<Db>,
    caller: Can<ReadCustomers>,
    id: PathId<CustomerId>,
    query: Query,
) -> Result<Answer, Problem> {
    caller.check::<ReadOpportunities>()?;
    caller.check::<ReadTouchRecords>()?;
    let (scope, limit) = (caller.scope, query.integer("limit", 1..=200, 50)?);
    let cursor = query.get("cursor").map(str::to_owned);
    Answer::ok(&db.read(move |conn| store::page(conn, &scope, id.0, cursor.as_deref(), limit)).await?)
}
