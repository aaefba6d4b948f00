//! `/users`.

use actix_web::web::Data;
use actix_web::{get, patch, post};

use super::dto::{ChangedUser, CreateUser, Member, SetPassword, UpdateUser, User, UserKind};
use super::store::{self, NewUser, Users};
use crate::auth::privileges::{ReadUsers, Role, WriteUsers};
use crate::auth::{Auth, Can, password};
use crate::db::Db;
use crate::db::id::UserId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::List;

/// List the members of the workspace
///
/// Everybody gets `id`, `name` and `is_active`, for pickers; the rest is null unless the caller may change users.
#[utoipa::path(tag = "users", params(List<Users>), responses((status = 200, description = "A page of members.", body = Page<Member>)), security(("bearer" = ["users:read"])))]
#[get("/users")]
pub async fn list_users(db: Data<Db>, caller: Can<ReadUsers>, list: List<Users>) -> Result<Answer, Problem> {
    let (scope, is_whole) = (caller.scope, caller.check::<WriteUsers>().is_ok());
    let page = db.read(move |conn| store::list(conn, &scope, &list, is_whole)).await?;
    Answer::page(&page)
}

/// Create a person
///
/// An API key needs the scope `*` to make an administrator, or to change one.
#[utoipa::path(tag = "users", request_body = CreateUser, responses((status = 201, description = "The new user.", body = User)), security(("bearer" = ["users:write"])))]
#[post("/users")]
pub async fn create_user(db: Data<Db>, caller: Can<WriteUsers>, body: Body<CreateUser>) -> Result<Answer, Problem> {
    let Body(CreateUser { email, password, must_change_password, fields }) = body;
    if fields.role == Role::Admin {
        caller.check_administrators()?;
    }
    Problem::check(password::check("/password", &password))?;
    let password_hash = Some(password::hash(password).await?);
    let new = NewUser { kind: UserKind::Person, email: Some(email), fields, password_hash, must_change_password };
    db.answer(&caller.actor, move |tx| {
        let user = store::create(tx, &new)?;
        Ok(Answer::created(format!("/api/v1/users/{}", user.id), user.version, &user)?)
    })
    .await
}

/// Get a member of the workspace
///
/// `id`, `name` and `is_active` for everybody; the rest is null unless the caller may change users.
#[utoipa::path(tag = "users", params(("id" = UserId, Path)), responses((status = 200, description = "The member.", body = Member)), security(("bearer" = ["users:read"])))]
#[get("/users/{id}")]
pub async fn get_user(db: Data<Db>, caller: Can<ReadUsers>, id: PathId<UserId>) -> Result<Answer, Problem> {
    let (workspace_id, is_whole) = (caller.scope.workspace_id, caller.check::<WriteUsers>().is_ok());
    let user = db.read(move |conn| store::get(conn, workspace_id, id.0)).await?;
    Ok(Answer::object(user.version, &Member::of(user, is_whole))?.volatile())
}

/// Change a user
///
/// Another role or `is_active: false` ends the user's sessions within 5 seconds. The last active administrator stays: 409
/// `last_admin`. Who holds customers stays active: 409 `user_still_holds` with the counts, unless `handover` says who gets them; then
/// `handover_job_id` is the job that hands them over, while the user is disabled already. Its customers follow a user to another
/// `org_unit_id`.
#[utoipa::path(
    tag = "users",
    params(("id" = UserId, Path), IfMatch),
    request_body(content = UpdateUser, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The user as it is now.", body = ChangedUser)),
    security(("bearer" = ["users:write"])),
)]
#[patch("/users/{id}")]
pub async fn update_user(
    db: Data<Db>,
    auth: Data<Auth>,
    caller: Can<WriteUsers>,
    id: PathId<UserId>,
    if_match: IfMatch,
    patch: UpdateUser,
) -> Result<Answer, Problem> {
    let administrators = caller.check_administrators();
    let answer = db
        .answer(&caller.actor, move |tx| {
            let changed = store::update(tx, id.0, &if_match, &patch, &administrators)?;
            Ok(Answer::object(changed.user.version, &changed)?)
        })
        .await?;
    auth.forget();
    Ok(answer)
}

/// Set a user's password
///
/// Ends the user's sessions. Unless `must_change_password` is false, the user has to choose another one at the next login.
#[utoipa::path(tag = "users", params(("id" = UserId, Path)), request_body = SetPassword, responses((status = 204, description = "Set.")), security(("bearer" = ["users:write"])))]
#[post("/users/{id}/password")]
pub async fn set_user_password(
    db: Data<Db>,
    auth: Data<Auth>,
    caller: Can<WriteUsers>,
    id: PathId<UserId>,
    body: Body<SetPassword>,
) -> Result<Answer, Problem> {
    let Body(SetPassword { password, must_change_password }) = body;
    Problem::check(password::check("/password", &password))?;
    let hash = password::hash(password).await?;
    let administrators = caller.check_administrators();
    let answer = db
        .answer(&caller.actor, move |tx| {
            if store::get(tx.conn, tx.actor.workspace_id, id.0)?.fields.role == Role::Admin {
                administrators.clone()?;
            }
            store::set_password(tx, id.0, &hash, must_change_password, None)?;
            Ok(Answer::no_content())
        })
        .await?;
    auth.forget();
    Ok(answer)
}
