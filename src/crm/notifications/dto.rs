//! Notifications on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::db::id::NotificationId;
use crate::db::types::Instant;

/// Something that a user is told.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Notification {
    pub id: NotificationId,
    /// What it tells, such as `customer.assigned`: the caller became the owner of a customer.
    #[serde(rename = "type")]
    #[schema(example = "customer.assigned")]
    pub kind: String,
    /// What it is about, which the caller may not see any more.
    pub object: NotificationObject,
    /// What was told, as it was then. Of `customer.assigned`: `name`, `assigned_by_id` and `reason`.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
    pub is_read: bool,
    /// Null while it is unread.
    pub read_at: Option<Instant>,
    pub created_at: Instant,
}

/// An object that a notification is about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NotificationObject {
    #[schema(example = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya")]
    pub id: String,
    #[serde(rename = "type")]
    #[schema(example = "customer")]
    pub kind: String,
}

/// A page of the caller's notifications, and how many there are to be read.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationPage {
    pub data: Vec<Notification>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// How many of all the caller's notifications are unread.
    pub unread_count: i64,
    /// How many rows match, up to 10,000 (with `include_total=true`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total: Option<i64>,
    /// Whether there are more than `total` says (with `include_total=true`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_capped: Option<bool>,
}

/// Which notifications to mark: one of the two.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ReadNotifications {
    /// These.
    #[schema(min_items = 1, max_items = 200)]
    pub ids: Option<Vec<NotificationId>>,
    /// This one and all that are older.
    pub up_to: Option<NotificationId>,
}

/// What was marked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationsRead {
    /// How many were unread and are read now.
    pub marked: usize,
    /// Ids that are none of the caller's.
    pub missing: Vec<NotificationId>,
    /// How many are still unread.
    pub unread_count: i64,
}
