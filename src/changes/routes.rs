//! `GET /changes`.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::dto::{ChangePage, ChangesQuery};
use super::feed::Feed;
use super::page::{After, Page};
use super::sight::View;
use crate::auth::Can;
use crate::auth::caller::find;
use crate::auth::privileges::ReadChanges;
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::draining::Draining;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// How often and how long a request waits for a transaction that holds the feed back.
const HELD_TRIES: u32 = 20;
const HELD_PAUSE: Duration = Duration::from_millis(5);

/// Read what changed, in order
///
/// Every write, oldest first; nothing is skipped, and an object's changes come in version order. Keep `next_cursor` and ask again
/// with it as `after`. With `wait`, an empty answer is held back until something changes, the time is over, or the server stops.
///
/// Types are `customer.created`, `customer.updated`, `customer.deleted`, `customer.restored`, `customer.claimed`,
/// `customer.assigned`, `customer.released`, `customer.recycled`, `customer.transferred`, `customer.handed_over`, `customer.moved`,
/// `customer.locked`, `customer.unlocked`, `customer.collaborators_changed`, `customer.lifecycle_changed`, `customer.tier_changed`,
/// `contact.created`, `contact.updated`, `contact.deleted`, `contact.restored`, `opportunity.created`, `opportunity.updated`,
/// `opportunity.deleted`, `opportunity.restored`, `opportunity.transferred`, `opportunity.stage_moved`, `touch_record.created`,
/// `touch_record.updated`, `touch_record.deleted`, `touch_record.restored`, `planned_touch.created`, `planned_touch.updated`,
/// `planned_touch.deleted`, `planned_touch.restored`, `planned_touch.completed`, `planned_touch.cancelled`, `planned_touch.reassigned`,
/// `org_unit.created`, `org_unit.updated`,
/// `org_unit.deleted`, `org_unit.restored`, `org_unit.moved`, `pool.created`, `pool.updated`, `pool.deleted`, `pool.restored`,
/// `recycle_rule.created`, `recycle_rule.updated`, `recycle_rule.deleted`, `holding_cap.created`, `holding_cap.updated`,
/// `holding_cap.deleted`, `tier.created`, `tier.updated`, `tier.deleted`, `tier.restored`, `stage.updated`, `dictionary.updated`, `field.created`,
/// `field.updated`, `field.deleted`, and for administrators `user.created`, `user.updated`, `user.password_changed`, `job.created`, `job.updated`,
/// `api_key.created`, `api_key.revoked`, `workspace.created`, `workspace.updated`. More may come.
///
/// A caller gets the changes of the objects that it sees now; of those that are deleted, what it would see. When an object is moved out
/// of its sight, it gets the change that did it, and should forget the object with all that belongs to it; so does a collaborator who
/// is left out by `customer.collaborators_changed`, which is also written, within ten minutes, when a collaboration expires. An object that comes into
/// sight comes with the change that moved it: read it. An API key needs the read scope of each type (of users `users:write`); what
/// it lacks is left out, or refused when it is asked for by name.
///
/// Changes are kept for 30 days. To begin, or after 410 `cursor_expired`: take a cursor (`after=latest`, or the refusal's
/// `meta.next_cursor`), read the lists, then go on from that cursor. On PostgreSQL a long write transaction anywhere in the cluster
/// delays the feed.
#[utoipa::path(tag = "changes", params(ChangesQuery), responses((status = 200, description = "Changes.", body = ChangePage)), security(("bearer" = ["changes:read"])))]
#[get("/changes")]
pub async fn list_changes(
    db: Data<Db>,
    feed: Data<Feed>,
    draining: Data<Draining>,
    caller: Can<ReadChanges>,
    request: HttpRequest,
    query: Query,
) -> Result<Answer, Problem> {
    let limit = usize::try_from(query.integer("limit", 1..=1000, 500)?).unwrap_or(usize::MAX);
    let wait = Duration::from_secs(query.integer("wait", 0..=30, 0)?.unsigned_abs());
    let until = Instant::now() + wait;
    let (mut after, types) = (After::parse(query.get("after"))?, query.get("types"));
    let mut view = View::of(feed.shown, types, &caller)?;
    let mut told = (!wait.is_zero()).then(|| feed.waiting.listen(view.scope.workspace_id));
    let mut tries = 0;
    loop {
        // Many are woken at once, and come again at once.
        let turn = if told.is_some() { timeout_at(until, feed.waiting.turn()).await } else { Ok(None) };
        let turn = match (turn, after) {
            (Ok(turn), _) => turn,
            (Err(_), After::Seq(next)) => return Answer::ok(&ChangePage::from(Page::nothing(next))),
            (Err(_), _) => return Err(Problem::new(Code::Overloaded)),
        };
        if tries > 0 {
            // Whoever was somebody a while ago may be nobody now.
            let caller = find(&request).await?;
            caller.check::<ReadChanges>()?;
            view = View::of(feed.shown, types, &caller)?;
        }
        let reading = Feed::clone(&feed);
        let read = db.read(move |conn| Ok((reading.page(conn, &view, after, limit)?, view)));
        let page: Page;
        (page, view) = read.await?;
        drop(turn);
        if !page.rows.is_empty() || page.has_more {
            return Answer::ok(&ChangePage::from(page));
        }
        tries += 1;
        let is_settled = !page.is_held || tries >= HELD_TRIES;
        match &mut told {
            // What is held back is waited for like any other change; only where the log ends must be known first.
            Some(told) if is_settled || after != After::Latest => {
                let is_told = tokio::select! {
                    told = told.changed() => told.is_ok(),
                    () = draining.begun() => false,
                    () = sleep_until(until) => false,
                };
                if !is_told {
                    return Answer::ok(&ChangePage::from(page));
                }
                after = After::Seq(page.next);
            }
            None if is_settled => return Answer::ok(&ChangePage::from(page)),
            _ => sleep(HELD_PAUSE).await,
        }
    }
}
