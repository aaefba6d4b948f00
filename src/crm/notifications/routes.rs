//! `/me/notifications`.

use actix_web::web::Data;
use actix_web::{get, post};

use super::dto::{Notification, NotificationPage, NotificationsRead, ReadNotifications};
use super::store::{self, Notifications};
use crate::auth::caller::Settled;
use crate::db::Db;
use crate::db::id::NotificationId;
use crate::http::answer::Answer;
use crate::http::extract::{Body, PathId};
use crate::http::problem::Problem;
use crate::listing::List;

/// List my notifications
///
/// What the caller was told, newest first; `is_read=false` for what is to be read. Types are `customer.assigned`, `planned_touch.assigned`,
/// `user.handed_over` (to whoever got customers by it), and more may come. The service accounts of API keys have notifications too. They are kept for 30 days after they were read, and for 90
/// days otherwise; a reminder at least until the day that it reminds of.
#[utoipa::path(tag = "me", params(List<Notifications>), responses((status = 200, description = "A page of notifications.", body = NotificationPage)), security(("bearer" = [])))]
#[get("/me/notifications")]
pub async fn list_my_notifications(db: Data<Db>, caller: Settled, list: List<Notifications>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.read(move |conn| store::list(conn, &scope, &list)).await
}

/// Mark many of my notifications as read
///
/// By their `ids`, or `up_to` the newest one that was seen.
#[utoipa::path(tag = "me", request_body = ReadNotifications, responses((status = 200, description = "How many were marked.", body = NotificationsRead)), security(("bearer" = [])))]
#[post("/me/notifications/read")]
pub async fn read_my_notifications(db: Data<Db>, caller: Settled, body: Body<ReadNotifications>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(Answer::ok(&store::mark_all_read(tx, &scope, &body.0)?)?)).await
}

/// Mark one of my notifications as read
///
/// One that was read before stays as it is.
#[utoipa::path(tag = "me", params(("id" = NotificationId, Path)), responses((status = 200, description = "The notification.", body = Notification)), security(("bearer" = [])))]
#[post("/me/notifications/{id}/read")]
pub async fn read_my_notification(db: Data<Db>, caller: Settled, id: PathId<NotificationId>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(Answer::ok(&store::mark(tx, &scope, id.0, true)?)?)).await
}

/// Mark one of my notifications as unread
///
/// It is to be read again.
#[utoipa::path(tag = "me", params(("id" = NotificationId, Path)), responses((status = 200, description = "The notification.", body = Notification)), security(("bearer" = [])))]
#[post("/me/notifications/{id}/unread")]
pub async fn unread_my_notification(db: Data<Db>, caller: Settled, id: PathId<NotificationId>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(Answer::ok(&store::mark(tx, &scope, id.0, false)?)?)).await
}
