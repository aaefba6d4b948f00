//! `/contacts`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{Contact, ContactBatchGetRequest, ContactSearch, CreateContact, UpdateContact, UpsertContact};
use super::fields::Contacts;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadContacts, WriteContacts};
use crate::crm::resource::batch::Batch;
use crate::crm::resource::dto::{BatchGet, BatchRequest, BatchResults};
use crate::crm::resource::upsert::PathRef;
use crate::crm::resource::write::{self, ValidateOnly};
use crate::crm::resource::{batch, batch_get, upsert};
use crate::db::Db;
use crate::db::id::ContactId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

/// List contacts
///
/// A rep sees those of customers it sees, and those it made that belong to nobody; everybody else all. Newest first unless `sort`
/// says otherwise.
#[utoipa::path(tag = "contacts", params(List<Contacts>), responses((status = 200, description = "A page of contacts.", body = Page<Contact>)), security(("bearer" = ["contacts:read"])))]
#[get("/contacts")]
pub async fn list_contacts(db: Data<Db>, caller: Can<ReadContacts>, list: List<Contacts>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Search contacts
///
/// The list with a tree of filters: all fields with all of their operators, related rows, and only the members that are wanted.
#[utoipa::path(tag = "contacts", request_body = ContactSearch, responses((status = 200, description = "A page of contacts.", body = Page<Contact>)), security(("bearer" = ["contacts:read"])))]
#[post("/contacts/search")]
pub async fn search_contacts(db: Data<Db>, caller: Can<ReadContacts>, search: ContactSearch) -> Result<Answer, Problem> {
    let (scope, (list, members)) = (caller.scope, search.split());
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    members.answer(&page.await?)
}

/// Create a contact
///
/// A link with `is_primary` demotes the customer's primary contact before it.
#[utoipa::path(tag = "contacts", params(ValidateOnly), request_body = CreateContact, responses((status = 201, description = "The new contact.", body = Contact)), security(("bearer" = ["contacts:write"])))]
#[post("/contacts")]
pub async fn create_contact(
    db: Data<Db>,
    caller: Can<WriteContacts>,
    only: ValidateOnly,
    body: Body<CreateContact>,
) -> Result<Answer, Problem> {
    write::create::<Contacts>(&db, &caller, only, body.0).await
}

/// Get a contact
///
/// 404 when it does not exist, is deleted, or is out of sight: there is no difference.
#[utoipa::path(tag = "contacts", params(("id" = ContactId, Path), Expanding<Contacts>), responses((status = 200, description = "The contact.", body = Contact)), security(("bearer" = ["contacts:read"])))]
#[get("/contacts/{id}")]
pub async fn get_contact(
    db: Data<Db>,
    caller: Can<ReadContacts>,
    id: PathId<ContactId>,
    expand: Expanding<Contacts>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    expand
        .read(&db, move |conn, expand| {
            let contact = store::get(conn, &scope, id.0)?;
            Ok(expand.object(conn, &scope, contact.version, &contact)?.volatile())
        })
        .await
}

/// Change a contact
///
/// A JSON Merge Patch. `links` are replaced as a whole; links to customers that you do not see stay as they are.
#[utoipa::path(
    tag = "contacts",
    params(("id" = ContactId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdateContact, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The contact as it is now.", body = Contact)),
    security(("bearer" = ["contacts:write"])),
)]
#[patch("/contacts/{id}")]
pub async fn update_contact(
    db: Data<Db>,
    caller: Can<WriteContacts>,
    only: ValidateOnly,
    id: PathId<ContactId>,
    if_match: IfMatch,
    patch: UpdateContact,
) -> Result<Answer, Problem> {
    write::update::<Contacts>(&db, &caller, only, id.0, if_match, patch).await
}

/// Delete a contact
///
/// It disappears from lists and answers 404; `restore` brings it back within 30 days. Its external references become free.
#[utoipa::path(tag = "contacts", params(("id" = ContactId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["contacts:write"])))]
#[delete("/contacts/{id}")]
pub async fn delete_contact(db: Data<Db>, caller: Can<WriteContacts>, id: PathId<ContactId>, if_match: IfMatch) -> Result<Answer, Problem> {
    write::delete::<Contacts>(&db, &caller, id.0, if_match).await
}

/// Restore a deleted contact
///
/// 409 `external_ref_taken` when another contact has taken one of its external references in the meantime.
#[utoipa::path(tag = "contacts", params(("id" = ContactId, Path), IfMatch), responses((status = 200, description = "The contact.", body = Contact)), security(("bearer" = ["contacts:write"])))]
#[post("/contacts/{id}/restore")]
pub async fn restore_contact(
    db: Data<Db>,
    caller: Can<WriteContacts>,
    id: PathId<ContactId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::restore::<Contacts>(&db, &caller, id.0, if_match).await
}

/// Get a contact by its external reference
///
/// 404 when no contact that the caller sees has the reference.
#[utoipa::path(
    tag = "contacts",
    params(PathRef),
    responses((status = 200, description = "The contact.", body = Contact)),
    security(("bearer" = ["contacts:read"])),
)]
#[get("/contacts/by-ref/{system}/{value}")]
pub async fn get_contact_by_ref(db: Data<Db>, caller: Can<ReadContacts>, reference: PathRef) -> Result<Answer, Problem> {
    upsert::get_by_ref::<Contacts>(&db, &caller, reference).await
}

/// Create or change a contact by its external reference
///
/// A JSON Merge Patch. The contact gets the reference of the path besides those of the body. 409 `external_ref_taken` when the
/// reference belongs to one that the caller does not see.
#[utoipa::path(
    tag = "contacts",
    params(PathRef, UpsertCondition, ValidateOnly),
    request_body(content = UpsertContact, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "It was there, and is so now.", body = Contact),
        (status = 201, description = "It is new.", body = Contact),
    ),
    security(("bearer" = ["contacts:write"])),
)]
#[patch("/contacts/by-ref/{system}/{value}")]
pub async fn upsert_contact(
    db: Data<Db>,
    caller: Can<WriteContacts>,
    only: ValidateOnly,
    reference: PathRef,
    condition: UpsertCondition,
    body: UpsertContact,
) -> Result<Answer, Problem> {
    upsert::upsert::<Contacts>(&db, &caller, only, reference, condition, body).await
}

/// Write many contacts
///
/// Up to 500 operations in one transaction, in their order; up to 2 MiB. `partial` does what can be done and answers 207 always.
/// `atomic` does all or nothing: 200, or the first problem with every operation's outcome in `results`.
#[utoipa::path(
    tag = "contacts",
    params(ValidateOnly),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "All were done.", body = BatchResults<Contact>),
        (status = 207, description = "What became of each.", body = BatchResults<Contact>),
    ),
    security(("bearer" = ["contacts:write"])),
)]
#[post("/contacts/batch")]
pub async fn batch_contacts(
    db: Data<Db>,
    caller: Can<WriteContacts>,
    context: Context,
    only: ValidateOnly,
    batch: Batch<Contacts>,
) -> Result<Answer, Problem> {
    batch::run(&db, &caller, context, only, batch).await
}

/// Get many contacts by their ids
///
/// In the order of the ids; those that do not exist or are out of sight are `missing`.
#[utoipa::path(tag = "contacts", request_body = ContactBatchGetRequest, responses((status = 200, description = "Those that were found.", body = BatchGet<Contact>)), security(("bearer" = ["contacts:read"])))]
#[post("/contacts/batch-get")]
pub async fn batch_get_contacts(db: Data<Db>, caller: Can<ReadContacts>, wanted: ContactBatchGetRequest) -> Result<Answer, Problem> {
    batch_get::batch_get(&db, &caller, wanted).await
}
