//! `/auth/login`, `/auth/refresh`, `/auth/logout`, and the public keys.

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder, get, post};
use serde_json::{Value, json};

use super::dto::{Login, Refresh, TokenPair};
use crate::auth::store::{self, Candidate, Rotation};
use crate::auth::tokens::{ACCESS_SECONDS, JwkSet};
use crate::auth::{Auth, Caller, password, secrets, throttle};
use crate::db::id::{SessionId, UserId, WorkspaceId};
use crate::db::{Actor, Db};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::context::Context;
use crate::http::extract::Body;
use crate::http::problem::Problem;

/// Log in with e-mail and password
///
/// Gives an access token for 15 minutes and a refresh token. Wrong passwords slow the account and the address down
/// (429 `too_many_attempts`), but never lock anybody out. When the e-mail belongs to several workspaces, the answer is 422
/// `workspace_required` with `meta.workspaces` to choose from.
#[utoipa::path(tag = "auth", request_body = Login, responses((status = 200, description = "Logged in.", body = TokenPair)), security(()))]
#[post("/auth/login")]
pub async fn login(db: Data<Db>, auth: Data<Auth>, context: Context, body: Body<Login>) -> Result<Answer, Problem> {
    let Body(Login { email, password, workspace_id }) = body;
    let (email_key, address) = (email.to_lowercase(), context.address);
    auth.addresses.attempt(address, db.now())?;
    let system = Actor { request_id: context.request_id.clone(), ..Actor::system(WorkspaceId::new()) };
    let counted = email_key.clone();
    db.write(&system, move |tx| throttle::begin_login(tx, &counted, address)).await?;
    let candidates = right_candidates(&db, &email_key, password, workspace_id).await?;
    let candidate = match candidates.as_slice() {
        [] => return Err(Problem::new(Code::InvalidCredentials)),
        [one] => Some(one.clone()),
        _ => None,
    };
    auth.addresses.succeeded(address);
    let refresh = secrets::random_secret().map_err(no_randomness)?;
    let (chosen, hash) = (candidate.clone(), secrets::sha256(&refresh));
    let opened = db
        .write(&system, move |tx| {
            throttle::end_login(tx, &email_key, address)?;
            chosen.as_ref().map(|candidate| store::open_session(tx, candidate, &hash)).transpose()
        })
        .await?;
    match (candidate, opened) {
        (Some(Candidate { workspace_id, user_id, .. }), Some(session_id)) => {
            Answer::ok(&pair(&db, &auth, workspace_id, user_id, session_id, refresh).await?)
        }
        _ => {
            let choices: Vec<Value> = candidates.iter().map(|one| json!({ "id": one.workspace_id, "name": one.workspace_name })).collect();
            Err(Problem::new(Code::WorkspaceRequired).with("workspaces", choices))
        }
    }
}

/// The accounts whose password this is: none, one, or several in as many workspaces.
async fn right_candidates(
    db: &Db,
    email_key: &str,
    password: String,
    workspace_id: Option<WorkspaceId>,
) -> Result<Vec<Candidate>, Problem> {
    let wanted = email_key.to_owned();
    let considered = db.read(move |conn| Ok(store::login_candidates(conn, &wanted, workspace_id)?)).await?;
    if considered.is_empty() {
        password::verify(password, None).await?;
        return Ok(Vec::new());
    }
    let mut right = Vec::new();
    for candidate in considered {
        if password::verify(password.clone(), candidate.password_hash.clone()).await? {
            right.push(candidate);
        }
    }
    Ok(right)
}

async fn pair(
    db: &Db,
    auth: &Auth,
    workspace_id: WorkspaceId,
    user_id: UserId,
    session_id: SessionId,
    refresh_token: String,
) -> Result<TokenPair, Problem> {
    let (user, workspace) = db.read(move |conn| Ok(store::session_names(conn, workspace_id, user_id)?)).await?;
    Ok(TokenPair {
        access_token: auth.keys().issue(workspace_id, user_id, session_id, db.now())?,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        refresh_token,
        user,
        workspace,
    })
}

fn no_randomness(_: secrets::NoRandomness) -> Problem {
    Problem::new(Code::InternalError)
}

/// Exchange a refresh token for the next pair
///
/// Each refresh token works once. One that is used a second time ends the whole session: somebody has a copy.
#[utoipa::path(tag = "auth", request_body = Refresh, responses((status = 200, description = "The next pair.", body = TokenPair)), security(()))]
#[post("/auth/refresh")]
pub async fn refresh_session(db: Data<Db>, auth: Data<Auth>, context: Context, body: Body<Refresh>) -> Result<Answer, Problem> {
    auth.addresses.attempt(context.address, db.now())?;
    let next = secrets::random_secret().map_err(no_randomness)?;
    let (used_hash, next_hash) = (secrets::sha256(&body.0.refresh_token), secrets::sha256(&next));
    let rotated = db.write(&Actor::system(WorkspaceId::new()), move |tx| store::rotate_refresh_token(tx, &used_hash, &next_hash)).await?;
    let (workspace_id, user_id, session_id) = match rotated {
        Rotation::Next(workspace_id, user_id, session_id) => (workspace_id, user_id, session_id),
        Rotation::Reused => {
            auth.forget();
            return Err(Problem::new(Code::InvalidRefreshToken));
        }
        Rotation::Unknown => return Err(Problem::new(Code::InvalidRefreshToken)),
    };
    auth.addresses.succeeded(context.address);
    Answer::ok(&pair(&db, &auth, workspace_id, user_id, session_id, next).await?)
}

/// Log out
///
/// Ends the session of the access token; its tokens stop working within 5 seconds everywhere. An API key has no session: 204 and
/// nothing happens.
#[utoipa::path(tag = "auth", responses((status = 204, description = "Logged out.")), security(("bearer" = [])))]
#[post("/auth/logout")]
pub async fn logout(db: Data<Db>, auth: Data<Auth>, caller: Caller) -> Result<Answer, Problem> {
    if let Some(session_id) = caller.session_id {
        let workspace_id = caller.actor.workspace_id;
        db.write(&caller.actor, move |tx| Ok(store::revoke_session(tx, workspace_id, session_id)?)).await?;
        auth.forget();
    }
    Ok(Answer::no_content())
}

/// Public keys of the access tokens
///
/// For services that verify our tokens themselves (RFC 7517).
#[utoipa::path(tag = "auth", responses((status = 200, description = "The keys.", body = JwkSet)), security(()))]
#[get("/.well-known/jwks.json")]
pub async fn get_jwks(auth: Data<Auth>) -> impl Responder {
    HttpResponse::Ok().insert_header(("cache-control", "public, max-age=300")).json(auth.jwks())
}
