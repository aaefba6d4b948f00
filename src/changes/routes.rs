//! `GET /changes`.

use actix_web::get;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

use super::feed::{Batch, ChangeRow, Feed};
use crate::auth::Can;
use crate::auth::privileges::ReadChanges;
use crate::db::Db;
use crate::db::id::{ChangeId, UserId, text_of};
use crate::db::types::Instant;
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// How often and how long a request waits for a transaction that holds the feed back.
const HELD_TRIES: u32 = 20;
const HELD_PAUSE: Duration = Duration::from_millis(5);

/// One write of one object.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// Place in the feed; grows, with gaps.
    pub seq: i64,
    pub id: ChangeId,
    /// Object type and operation.
    #[serde(rename = "type")]
    #[schema(example = "customer.updated")]
    pub kind: String,
    pub at: Instant,
    /// Who did it; null for the system.
    pub actor: Option<ChangeActor>,
    /// The request that did it.
    pub request_id: String,
    pub object: ChangeObject,
    /// Each member that changed: `{"name": {"from": …, "to": …}}`.
    #[schema(value_type = Object)]
    pub changed: Map<String, Value>,
}

/// Who made a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeActor {
    pub id: UserId,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeObject {
    #[schema(example = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya")]
    pub id: String,
    #[serde(rename = "type")]
    #[schema(example = "customer")]
    pub kind: String,
    /// The object's version after the change.
    pub version: i64,
}

/// A page of changes, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangePage {
    pub data: Vec<Change>,
    pub has_more: bool,
    /// Always given: send it as `after` next time.
    pub next_cursor: String,
}

/// Where to begin, and how much.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct ChangesQuery {
    /// `next_cursor` of the page before; without it, the oldest changes.
    #[param(required = false)]
    after: String,
    /// Changes per page.
    #[param(required = false, minimum = 1, maximum = 1000, default = 500)]
    limit: i64,
}

/// Read what changed, in order
///
/// Every create, update, delete, restore and transfer, oldest first; nothing is skipped, and an object's changes come in version
/// order. Keep `next_cursor` and ask again. On PostgreSQL a long write transaction anywhere in the cluster delays the feed.
#[utoipa::path(tag = "changes", params(ChangesQuery), responses((status = 200, description = "Changes.", body = ChangePage)), security(("bearer" = ["changes:read"])))]
#[get("/changes")]
pub async fn list_changes(db: Data<Db>, feed: Data<Feed>, caller: Can<ReadChanges>, query: Query) -> Result<Answer, Problem> {
    let limit = query.integer("limit", 1..=1000, 500)?;
    let after = match query.get("after") {
        None => 0,
        Some(text) => text
            .strip_prefix("c1-")
            .and_then(|seq| seq.parse().ok())
            .filter(|seq| *seq >= 0)
            .ok_or_else(|| Problem::new(Code::InvalidCursor))?,
    };
    let workspace_id = caller.scope.workspace_id;
    let mut tries = 0;
    let batch = loop {
        let feed = Feed::clone(&feed);
        let batch = db.read(move |conn| Ok(feed.read(conn, workspace_id, after, limit + 1)?)).await?;
        tries += 1;
        if !batch.is_held || !batch.rows.is_empty() || tries >= HELD_TRIES {
            break batch;
        }
        tokio::time::sleep(HELD_PAUSE).await;
    };
    Answer::ok(&page(batch, limit))
}

fn page(batch: Batch, limit: i64) -> ChangePage {
    let Batch { mut rows, next, .. } = batch;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map_or(next, |row| row.seq);
    ChangePage { data: rows.into_iter().map(Change::from).collect(), has_more, next_cursor: format!("c1-{next}") }
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        let ChangeRow { seq, id, kind, object_type, object_id, object_version, changed, actor_id, request_id, at } = row;
        let object_text = text_of(&object_type, object_id.uuid()).unwrap_or_else(|| object_id.to_string());
        Self {
            seq,
            id,
            kind,
            at,
            actor: actor_id.map(|id| ChangeActor { id }),
            request_id,
            object: ChangeObject { id: object_text, kind: object_type, version: object_version },
            changed: changed.0,
        }
    }
}
