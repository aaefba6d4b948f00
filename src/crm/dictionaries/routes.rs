//! `/dictionaries`.

use actix_web::web::Data;
use actix_web::{get, put};

use super::dto::{Dictionary, DictionaryList, UpdateDictionary};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadDictionaries, WriteDictionaries};
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathName};
use crate::http::problem::Problem;

/// List all dictionaries
///
/// There are a dozen of them; they come whole, in one answer.
#[utoipa::path(tag = "dictionaries", responses((status = 200, description = "All dictionaries.", body = DictionaryList)), security(("bearer" = ["dictionaries:read"])))]
#[get("/dictionaries")]
pub async fn list_dictionaries(db: Data<Db>, caller: Can<ReadDictionaries>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let data = db.read(move |conn| Ok(store::list(conn, workspace_id)?)).await?;
    Answer::ok(&DictionaryList { data })
}

/// Get a dictionary
///
/// Retired codes included: rows may still have them.
#[utoipa::path(
    tag = "dictionaries",
    params(("name" = String, Path, description = "For example `source`.")),
    responses(
        (status = 200, description = "The dictionary.", body = Dictionary),
        (status = 304, description = "It still is what the caller has."),
    ),
    security(("bearer" = ["dictionaries:read"])),
)]
#[get("/dictionaries/{name}")]
pub async fn get_dictionary(db: Data<Db>, caller: Can<ReadDictionaries>, name: PathName) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let dictionary = db.read(move |conn| store::get(conn, workspace_id, &name.0)).await?;
    Answer::object(dictionary.version, &dictionary)
}

/// Replace the codes of a dictionary
///
/// A code that is left out is retired, not removed: rows that have it keep it.
#[utoipa::path(
    tag = "dictionaries",
    params(("name" = String, Path, description = "For example `source`."), IfMatch),
    request_body = UpdateDictionary,
    responses((status = 200, description = "The dictionary as it is now.", body = Dictionary)),
    security(("bearer" = ["dictionaries:write"])),
)]
#[put("/dictionaries/{name}")]
pub async fn update_dictionary(
    db: Data<Db>,
    caller: Can<WriteDictionaries>,
    name: PathName,
    if_match: IfMatch,
    body: Body<UpdateDictionary>,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let dictionary = store::put(tx, &name.0, &if_match, &body.0.items)?;
        Ok(Answer::object(dictionary.version, &dictionary)?)
    })
    .await
}
