//! `/contacts`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{Contact, CreateContact, UpdateContact};
use super::fields::Contacts;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadContacts, WriteContacts};
use crate::db::Db;
use crate::db::id::ContactId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List, Search, SearchRequest};

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
#[utoipa::path(tag = "contacts", request_body = SearchRequest, responses((status = 200, description = "A page of contacts.", body = Page<Contact>)), security(("bearer" = ["contacts:read"])))]
#[post("/contacts/search")]
pub async fn search_contacts(db: Data<Db>, caller: Can<ReadContacts>, search: Search<Contacts>) -> Result<Answer, Problem> {
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
#[utoipa::path(tag = "contacts", request_body = CreateContact, responses((status = 201, description = "The new contact.", body = Contact)), security(("bearer" = ["contacts:write"])))]
#[post("/contacts")]
pub async fn create_contact(db: Data<Db>, caller: Can<WriteContacts>, body: Body<CreateContact>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let contact = store::create(tx, &scope, &body.0)?;
        Ok(Answer::created(format!("/api/v1/contacts/{}", contact.id), contact.version, &contact)?)
    })
    .await
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
    db.read(move |conn| {
        let contact = store::get(conn, &scope, id.0)?;
        Ok(expand.0.object(conn, &scope, contact.version, &contact)?.volatile())
    })
    .await
}

/// Change a contact
///
/// A JSON Merge Patch. `links` are replaced as a whole; links to customers that you do not see stay as they are.
#[utoipa::path(
    tag = "contacts",
    params(("id" = ContactId, Path), IfMatch),
    request_body(content = UpdateContact, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The contact as it is now.", body = Contact)),
    security(("bearer" = ["contacts:write"])),
)]
#[patch("/contacts/{id}")]
pub async fn update_contact(
    db: Data<Db>,
    caller: Can<WriteContacts>,
    id: PathId<ContactId>,
    if_match: IfMatch,
    patch: UpdateContact,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let contact = store::update(tx, &scope, id.0, &if_match, &patch)?;
        Ok(Answer::object(contact.version, &contact)?)
    })
    .await
}

/// Delete a contact
///
/// It disappears from lists and answers 404; `restore` brings it back within 30 days. Its external references become free.
#[utoipa::path(tag = "contacts", params(("id" = ContactId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["contacts:write"])))]
#[delete("/contacts/{id}")]
pub async fn delete_contact(db: Data<Db>, caller: Can<WriteContacts>, id: PathId<ContactId>, if_match: IfMatch) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        store::delete(tx, &scope, id.0, &if_match)?;
        Ok(Answer::no_content())
    })
    .await
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
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let contact = store::restore(tx, &scope, id.0, &if_match)?;
        Ok(Answer::object(contact.version, &contact)?)
    })
    .await
}
