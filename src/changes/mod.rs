//! The change log: every write leaves a row in the same transaction. Audit, timeline, feed and webhooks read it.

mod feed;
mod log;
mod purge;
pub mod routes;

pub use feed::Feed;
pub use log::{Operation, add_facts, diff, record, record_all, record_each};
pub use purge::{KEPT, purge};
