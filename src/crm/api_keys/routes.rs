//! `/api-keys`.

use actix_web::web::Data;
use actix_web::{get, post};

use super::dto::{ApiKey, CreateApiKey, NewApiKey};
use super::store::{self, ApiKeys};
use crate::auth::privileges::{ReadApiKeys, WriteApiKeys};
use crate::auth::{Auth, Can};
use crate::db::Db;
use crate::db::id::ApiKeyId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::List;

/// List API keys
///
/// Revoked ones included; secrets are never shown again.
#[utoipa::path(tag = "api-keys", params(List<ApiKeys>), responses((status = 200, description = "A page of API keys.", body = Page<ApiKey>)), security(("bearer" = ["api_keys:read"])))]
#[get("/api-keys")]
pub async fn list_api_keys(db: Data<Db>, caller: Can<ReadApiKeys>, list: List<ApiKeys>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let page = db.read(move |conn| store::list(conn, &scope, &list)).await?;
    Answer::page(&page)
}

/// Create an API key
///
/// The answer's `key` is shown this once. The key acts as a service account of its own, which sees the whole workspace.
#[utoipa::path(tag = "api-keys", request_body = CreateApiKey, responses((status = 201, description = "The new key and its secret.", body = NewApiKey)), security(("bearer" = ["api_keys:write"])))]
#[post("/api-keys")]
pub async fn create_api_key(db: Data<Db>, caller: Can<WriteApiKeys>, body: Body<CreateApiKey>) -> Result<Answer, Problem> {
    caller.check_grant(&body.0.scopes)?;
    db.answer(&caller.actor, move |tx| {
        let (key, api_key) = store::create(tx, &body.0)?;
        let (location, version) = (format!("/api/v1/api-keys/{}", api_key.id), api_key.version);
        let new = NewApiKey { key: Some(key), api_key };
        Ok(Answer::created(location, version, &new)?.repeated_as(&NewApiKey { key: None, ..new })?)
    })
    .await
}

/// Get an API key
///
/// Everything but its secret, which is shown when it is made.
#[utoipa::path(tag = "api-keys", params(("id" = ApiKeyId, Path)), responses((status = 200, description = "The key, without its secret.", body = ApiKey)), security(("bearer" = ["api_keys:read"])))]
#[get("/api-keys/{id}")]
pub async fn get_api_key(db: Data<Db>, caller: Can<ReadApiKeys>, id: PathId<ApiKeyId>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let api_key = db.read(move |conn| store::get(conn, workspace_id, id.0)).await?;
    Ok(Answer::object(api_key.version, &api_key)?.volatile())
}

/// Revoke an API key
///
/// It stops working within 5 seconds everywhere, and for good.
#[utoipa::path(tag = "api-keys", params(("id" = ApiKeyId, Path), IfMatch), responses((status = 200, description = "The revoked key.", body = ApiKey)), security(("bearer" = ["api_keys:write"])))]
#[post("/api-keys/{id}/revoke")]
pub async fn revoke_api_key(
    db: Data<Db>,
    auth: Data<Auth>,
    caller: Can<WriteApiKeys>,
    id: PathId<ApiKeyId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    let answer = db
        .answer(&caller.actor, move |tx| {
            let api_key = store::revoke(tx, id.0, &if_match)?;
            Ok(Answer::object(api_key.version, &api_key)?)
        })
        .await?;
    auth.forget();
    Ok(answer)
}
