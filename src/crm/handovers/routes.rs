//! `/users/{id}/handover`.

use actix_web::post;
use actix_web::web::Data;

use super::dto::{HandOver, HandoverPreview};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{Role, WriteUsers};
use crate::crm::users;
use crate::db::id::UserId;
use crate::db::{Db, Failure, Tx};
use crate::http::answer::Answer;
use crate::http::extract::{Body, PathId};
use crate::http::problem::Problem;
use crate::jobs::{Job, Jobs};

/// Hand over what a user holds
///
/// To another user, into a pool, or to several users by turns: exactly one of `to_user_id`, `pool_id` and `split`. A job of the kind
/// `hand_over` (202) goes through the customers; with `dry_run` the answer is what there is, and nothing happens. The user may be disabled
/// already. Whoever gets something must be active, and may not be a viewer; holding caps do not count.
///
/// Customers go with the open opportunities that the user owns and with what is planned for it; their locks end. In a pool the
/// opportunities stay with the user, as after a release, and what is planned is cancelled when the pool's `on_recycle` says so. At others'
/// customers, whoever has the turn gets the user's open opportunities, takes its place as collaborator and service rep, and gets what is
/// planned; with a pool, opportunities and plans go to the customer's owner and the rest ends. What was planned where the user was neither
/// owner nor collaborator goes to the owner.
///
/// The job's `result` is `{customers, opportunities, planned_touches, collaborations, service_rep_customers, receivers}`, with `{user_id,
/// pool_id, customers}` for each receiver.
#[utoipa::path(
    tag = "users",
    params(("id" = UserId, Path)),
    request_body = HandOver,
    responses(
        (status = 200, description = "With `dry_run`: what would be handed over.", body = HandoverPreview),
        (status = 202, description = "A job will hand it over.", body = Job),
    ),
    security(("bearer" = ["users:write"])),
)]
#[post("/users/{id}/handover")]
pub async fn hand_over_user(
    db: Data<Db>,
    jobs: Data<Jobs>,
    caller: Can<WriteUsers>,
    id: PathId<UserId>,
    body: Body<HandOver>,
) -> Result<Answer, Problem> {
    let (administrators, HandOver { to, dry_run }) = (caller.check_administrators(), body.0);
    let check = move |tx: &mut Tx<'_>| -> Result<(), Failure> {
        match users::store::get(tx.conn, tx.actor.workspace_id, id.0)?.fields.role {
            Role::Admin => Ok(administrators.clone()?),
            _ => Ok(()),
        }
    };
    if dry_run {
        let preview = move |tx: &mut Tx<'_>| check(tx).and_then(|()| Ok(Answer::ok(&store::preview(tx, id.0, &to)?)?));
        return db.answer(&caller.actor, preview).await;
    }
    jobs.accept(&caller.actor, move |tx| check(tx).and_then(|()| store::begin(tx, id.0, &to, ""))).await
}
