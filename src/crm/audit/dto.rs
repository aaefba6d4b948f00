//! The audit on the wire.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::changes::dto::ChangeObject;
use crate::crm::feed::SHOWN;
use crate::crm::users::UserKind;
use crate::db::id::{ChangeId, ID_PATTERN, UserId, prefix_of};
use crate::db::types::Instant;

/// One write of one object, and who did it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Place in the log.
    pub seq: i64,
    pub id: ChangeId,
    /// Object type and operation.
    #[serde(rename = "type")]
    #[schema(example = "customer.updated")]
    pub kind: String,
    pub at: Instant,
    /// Who did it; null for the system and the command line.
    pub actor: Option<AuditActor>,
    /// The request that did it.
    pub request_id: String,
    pub object: ChangeObject,
    /// Each member that changed: `{"name": {"from": …, "to": …}}`. Never a password or a key.
    #[schema(value_type = Object)]
    pub changed: Map<String, Value>,
}

/// Who did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditActor {
    pub id: UserId,
    /// Its name today.
    pub name: String,
    /// A person, or the service account of an API key.
    pub kind: UserKind,
}

/// A page of the audit, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    pub data: Vec<AuditEntry>,
    /// Whether there is a next page. Then `data` may have fewer entries than `limit`, or none.
    pub has_more: bool,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What to look for, where to begin, and how much.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct AuditQuery {
    /// What was done to this object.
    #[param(required = false, schema_with = any_id)]
    object_id: String,
    /// What was done to objects of this type.
    #[param(required = false, schema_with = any_type)]
    object_type: String,
    /// What this user did, or the service account of an API key.
    #[param(required = false)]
    actor_id: UserId,
    /// Types as in `/changes`, separated by commas: `customer.updated`, `customer.*`.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    types: String,
    /// What this request did: its `X-Request-Id`.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    request_id: String,
    /// At this time or later.
    #[param(required = false, rename = "at[gte]")]
    at_gte: Instant,
    /// Before this time.
    #[param(required = false, rename = "at[lt]")]
    at_lt: Instant,
    /// `next_cursor` of the page before; filters must be the same.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    cursor: String,
    /// Entries per page.
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: i64,
}

fn types() -> impl Iterator<Item = &'static str> {
    SHOWN.iter().map(|shown| shown.object_type)
}

fn any_type() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(types())).examples(["customer"]).build()
}

fn any_id() -> Object {
    let prefixes: Vec<&str> = types().filter_map(prefix_of).collect();
    let text = ObjectBuilder::new().schema_type(Type::String).examples(["cus_01jd9xq3v8e6ft2m4k7w0zr5ya"]);
    text.pattern(Some(format!("^({}){ID_PATTERN}$", prefixes.join("|")))).build()
}
