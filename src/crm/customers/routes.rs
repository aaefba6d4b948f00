//! `/customers`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{
    CreateCustomer, Customer, CustomerBatchGetRequest, CustomerSearch, CustomerTree, MoveLifecycle, SetTier, UpdateCustomer, UpsertCustomer,
};
use super::fields::Customers;
use super::{hierarchy, moves, store};
use crate::auth::privileges::{ReadCustomers, WriteCustomers};
use crate::auth::{Can, Reach};
use crate::crm::resource::dto::{BatchGet, BatchRequest, BatchResults};
use crate::crm::resource::write::{self, ValidateOnly};
use crate::crm::resource::{batch, batch_get, upsert};
use crate::db::Db;
use crate::db::id::CustomerId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

/// List customers
///
/// Those that the caller sees: a rep its own and those in the pool, everybody else all. Newest first unless `sort` says otherwise.
#[utoipa::path(tag = "customers", params(List<Customers>), responses((status = 200, description = "A page of customers.", body = Page<Customer>)), security(("bearer" = ["customers:read"])))]
#[get("/customers")]
pub async fn list_customers(db: Data<Db>, caller: Can<ReadCustomers>, list: List<Customers>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Search customers
///
/// The list with a tree of filters: all fields with all of their operators, related rows, and only the members that are wanted.
#[utoipa::path(tag = "customers", request_body = CustomerSearch, responses((status = 200, description = "A page of customers.", body = Page<Customer>)), security(("bearer" = ["customers:read"])))]
#[post("/customers/search")]
pub async fn search_customers(db: Data<Db>, caller: Can<ReadCustomers>, search: CustomerSearch) -> Result<Answer, Problem> {
    let (scope, (list, members)) = (caller.scope, search.split());
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    members.answer(&page.await?)
}

/// Create a customer
///
/// Without `owner_id` and `pool_id` it belongs to the caller when that is a rep, and lies in the default pool otherwise.
#[utoipa::path(tag = "customers", params(ValidateOnly), request_body = CreateCustomer, responses((status = 201, description = "The new customer.", body = Customer)), security(("bearer" = ["customers:write"])))]
#[post("/customers")]
pub async fn create_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    only: ValidateOnly,
    body: Body<CreateCustomer>,
) -> Result<Answer, Problem> {
    write::create::<Customers>(&db, &caller, only, body.0).await
}

/// Get a customer
///
/// 404 when it does not exist, is deleted, or is out of sight: there is no difference.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path), Expanding<Customers>), responses((status = 200, description = "The customer.", body = Customer), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["customers:read"])))]
#[get("/customers/{id}")]
pub async fn get_customer(
    db: Data<Db>,
    caller: Can<ReadCustomers>,
    id: PathId<CustomerId>,
    expand: Expanding<Customers>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    expand
        .read(&db, move |conn, expand| {
            let customer = store::get(conn, &scope, id.0)?;
            let answer = expand.object(conn, &scope, customer.version, &customer)?;
            // What a pool hides, and from whom, changes without the customer.
            let may_hide = customer.pool_id.is_some() && scope.changes != Reach::All;
            Ok(if may_hide { answer.volatile() } else { answer })
        })
        .await
}

/// Change a customer
///
/// A JSON Merge Patch. Owner, pool, tier and lifecycle stage move by their own actions.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdateCustomer, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    security(("bearer" = ["customers:write"])),
)]
#[patch("/customers/{id}")]
pub async fn update_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    only: ValidateOnly,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    patch: UpdateCustomer,
) -> Result<Answer, Problem> {
    write::update::<Customers>(&db, &caller, only, id.0, if_match, patch).await
}

/// Delete a customer
///
/// It disappears from lists and answers 404, with its opportunities, touch records and planned touches; contacts stay. `restore` brings all of
/// them back within 30 days. Their external references become free.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["customers:write"])))]
#[delete("/customers/{id}")]
pub async fn delete_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::delete::<Customers>(&db, &caller, id.0, if_match).await
}

/// Restore a deleted customer
///
/// With the opportunities, touch records and planned touches that were deleted with it. 409 `external_ref_taken` when somebody has taken one of
/// their external references in the meantime. A tier that was deleted in the meantime is taken away.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path), IfMatch), responses((status = 200, description = "The customer.", body = Customer)), security(("bearer" = ["customers:write"])))]
#[post("/customers/{id}/restore")]
pub async fn restore_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::restore::<Customers>(&db, &caller, id.0, if_match).await
}

/// Move a customer in its lifecycle
///
/// Only customers and loyal customers can churn: 409 `invalid_transition` otherwise.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch),
    request_body = MoveLifecycle,
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/{id}/lifecycle")]
pub async fn move_customer_lifecycle(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    body: Body<MoveLifecycle>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let customer = moves::move_lifecycle(tx, &scope, id.0, &if_match, &body.0)?;
        Ok(Answer::object(customer.version, &customer)?)
    })
    .await
}

/// Set a customer's tier
///
/// Null takes it away. The reason is kept in the timeline.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch),
    request_body = SetTier,
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/{id}/tier")]
pub async fn set_customer_tier(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    body: Body<SetTier>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let customer = moves::set_tier(tx, &scope, id.0, &if_match, &body.0)?;
        Ok(Answer::object(customer.version, &customer)?)
    })
    .await
}

/// Get a customer's place in its hierarchy
///
/// Those above and below it that the caller sees, up to 500.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path)), responses((status = 200, description = "The tree.", body = CustomerTree)), security(("bearer" = ["customers:read"])))]
#[get("/customers/{id}/tree")]
pub async fn get_customer_tree(db: Data<Db>, caller: Can<ReadCustomers>, id: PathId<CustomerId>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let tree = db.read(move |conn| hierarchy::tree(conn, &scope, id.0)).await?;
    Answer::ok(&tree)
}

/// Get a customer by its external reference
///
/// 404 when no customer that the caller sees has the reference.
#[utoipa::path(
    tag = "customers",
    params(upsert::PathRef),
    responses((status = 200, description = "The customer.", body = Customer), (status = 304, description = "It still is what the caller has.")),
    security(("bearer" = ["customers:read"])),
)]
#[get("/customers/by-ref/{system}/{value}")]
pub async fn get_customer_by_ref(db: Data<Db>, caller: Can<ReadCustomers>, reference: upsert::PathRef) -> Result<Answer, Problem> {
    upsert::get_by_ref::<Customers>(&db, &caller, reference).await
}

/// Create or change a customer by its external reference
///
/// A JSON Merge Patch. The customer gets the reference of the path besides those of the body. 409 `external_ref_taken` when the
/// reference belongs to one that the caller does not see.
#[utoipa::path(
    tag = "customers",
    params(upsert::PathRef, UpsertCondition, ValidateOnly),
    request_body(content = UpsertCustomer, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "It was there, and is so now.", body = Customer),
        (status = 201, description = "It is new.", body = Customer),
    ),
    security(("bearer" = ["customers:write"])),
)]
#[patch("/customers/by-ref/{system}/{value}")]
pub async fn upsert_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    only: ValidateOnly,
    reference: upsert::PathRef,
    condition: UpsertCondition,
    body: UpsertCustomer,
) -> Result<Answer, Problem> {
    upsert::upsert::<Customers>(&db, &caller, only, reference, condition, body).await
}

/// Write many customers
///
/// Up to 500 operations in one transaction, in their order; up to 2 MiB. `partial` does what can be done and answers 207 always.
/// `atomic` does all or nothing: 200, or the first problem with every operation's outcome in `results`.
#[utoipa::path(
    tag = "customers",
    params(ValidateOnly),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "All were done.", body = BatchResults<Customer>),
        (status = 207, description = "What became of each.", body = BatchResults<Customer>),
    ),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/batch")]
pub async fn batch_customers(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    context: Context,
    only: ValidateOnly,
    batch: batch::Batch<Customers>,
) -> Result<Answer, Problem> {
    batch::run(&db, &caller, context, only, batch).await
}

/// Get many customers by their ids
///
/// In the order of the ids; those that do not exist or are out of sight are `missing`.
#[utoipa::path(tag = "customers", request_body = CustomerBatchGetRequest, responses((status = 200, description = "Those that were found.", body = BatchGet<Customer>)), security(("bearer" = ["customers:read"])))]
#[post("/customers/batch-get")]
pub async fn batch_get_customers(db: Data<Db>, caller: Can<ReadCustomers>, wanted: CustomerBatchGetRequest) -> Result<Answer, Problem> {
    batch_get::batch_get(&db, &caller, wanted).await
}
