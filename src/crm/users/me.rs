//! `/me`: the caller itself.

use actix_web::web::Data;
use actix_web::{get, post};

use super::dto::{ChangePassword, Me};
use super::store;
use crate::auth::{Auth, Caller, password};
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::context::Context;
use crate::http::extract::Body;
use crate::http::problem::{FieldError, Problem};

/// Get the caller
///
/// Who the token belongs to, and what it may do.
#[utoipa::path(tag = "me", responses((status = 200, description = "The caller.", body = Me)), security(("bearer" = [])))]
#[get("/me")]
pub async fn get_me(db: Data<Db>, caller: Caller) -> Result<Answer, Problem> {
    let (workspace_id, user_id) = (caller.scope.workspace_id, caller.scope.user_id);
    let user = db.read(move |conn| store::get(conn, workspace_id, user_id)).await?;
    Answer::ok(&Me { user, workspace_id, scopes: caller.scopes })
}

/// Change one's own password
///
/// Ends all other sessions of the user.
#[utoipa::path(tag = "me", request_body = ChangePassword, responses((status = 204, description = "Changed.")), security(("bearer" = [])))]
#[post("/me/password")]
pub async fn change_my_password(
    db: Data<Db>,
    auth: Data<Auth>,
    caller: Caller,
    context: Context,
    body: Body<ChangePassword>,
) -> Result<Answer, Problem> {
    // The second time, the current password is the new one.
    if let Some(answer) = db.replay(&caller.actor).await? {
        return Ok(answer);
    }
    let Body(ChangePassword { current_password, new_password }) = body;
    let (workspace_id, user_id, session_id) = (caller.scope.workspace_id, caller.scope.user_id, caller.session_id);
    let stored = db.read(move |conn| store::password_hash(conn, workspace_id, user_id)).await?;
    auth.addresses.attempt(context.address, db.now())?;
    let mut errors = password::check("/new_password", &new_password);
    if new_password == current_password {
        errors.push(FieldError::new("/new_password", Code::SamePassword));
    }
    if !password::verify(current_password, stored).await? {
        errors.push(FieldError::new("/current_password", Code::WrongPassword));
    }
    Problem::check(errors)?;
    auth.addresses.succeeded(context.address);
    let hash = password::hash(new_password).await?;
    let answer = db
        .answer(&caller.actor, move |tx| {
            store::set_password(tx, user_id, &hash, false, session_id)?;
            Ok(Answer::no_content())
        })
        .await?;
    auth.forget();
    Ok(answer)
}
