//! The integration tests: one binary; every test boots the real server on a database of its own, SQLite and PostgreSQL in turn.
//!
//! The actor is the client: `admin.post("/customers", json!({…})).await.created()`. Every answer is checked against the
//! OpenAPI document before a test sees it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

/// The generator of load tests.
#[path = "../../benches/load/filling/mod.rs"]
mod filling;
mod harness;

mod api_keys;
mod audit;
mod authorization;
mod backups;
mod batches;
mod changes;
mod cli;
mod contacts;
mod contract;
mod cursors;
mod custom_fields;
mod customers;
mod demo;
mod dictionaries;
mod differential;
mod efforts;
mod expand;
mod feed;
mod filters;
mod guards;
mod handovers;
mod hierarchy;
mod idempotency;
mod jobs;
mod lists;
mod load;
mod meta;
mod migrations;
mod month;
mod notifications;
mod operations;
mod opportunities;
mod org_units;
mod ownership;
mod planned_touches;
mod pools;
mod races;
mod recycling;
mod search;
mod sessions;
mod stages;
mod statements;
mod tiers;
mod timeline;
mod touch_records;
mod upserts;
mod users;
mod worklist;
mod workspace;
