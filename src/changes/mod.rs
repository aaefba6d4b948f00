//! The change log: every write leaves a row in the same transaction. Audit, timeline, feed and webhooks read it.

pub mod dto;
mod feed;
mod log;
mod page;
mod purge;
pub mod routes;
pub mod rows;
mod sight;
mod waiting;

pub use feed::Feed;
pub use log::{Operation, add_facts, diff, record, record_all, record_each};
pub use purge::{KEPT, purge};
pub use sight::{HiddenMembers, Rows, Seen, Shown, named, nothing_hidden};
pub use waiting::watch;
