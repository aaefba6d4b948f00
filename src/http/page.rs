//! One page of a list.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list, and where the next one begins.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// How many rows match, up to 10,000 (with `include_total=true`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total: Option<i64>,
    /// Whether there are more than `total` says (with `include_total=true`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_capped: Option<bool>,
    /// The next page's address, for the `Link` header.
    #[serde(skip)]
    #[schema(ignore)]
    pub next_link: Option<String>,
}
