//! Changes on the wire.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::page::{Page, cursor};
use super::rows::ChangeRow;
use crate::db::condition::AnyId;
use crate::db::id::{ChangeId, UserId, text_of};
use crate::db::types::Instant;

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
    /// Whether there is more to read already. Then `data` may have fewer changes than `limit`, or none.
    pub has_more: bool,
    /// Always given: send it as `after` next time.
    pub next_cursor: String,
}

/// Where to begin, what, how much, and how long to wait for it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct ChangesQuery {
    /// `next_cursor` of the page before; without it, the oldest changes. `latest` shows nothing and gives the cursor of now.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    after: String,
    /// Only changes of these types, separated by commas: `customer.updated`, all of an object with `customer.*`, or `*`.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    types: String,
    /// Changes per page.
    #[param(required = false, minimum = 1, maximum = 1000, default = 500)]
    limit: i64,
    /// Seconds to wait for a change when there is none yet.
    #[param(required = false, minimum = 0, maximum = 30, default = 0)]
    wait: i64,
}

impl ChangeObject {
    pub fn new(kind: String, id: AnyId, version: i64) -> Self {
        Self { id: text_of(&kind, id.uuid()).unwrap_or_else(|| id.to_string()), kind, version }
    }
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        let ChangeRow { seq, id, kind, object_type, object_id, object_version, changed, actor_id, request_id, at } = row;
        let object = ChangeObject::new(object_type, object_id, object_version);
        Self { seq, id, kind, at, actor: actor_id.map(|id| ChangeActor { id }), request_id, object, changed: changed.0 }
    }
}

impl From<Page> for ChangePage {
    fn from(page: Page) -> Self {
        let Page { rows, next, has_more, is_held: _ } = page;
        Self { data: rows.into_iter().map(Change::from).collect(), has_more, next_cursor: cursor(next) }
    }
}
