//! The CRM itself, a folder per resource: routes, dto, store, and rules where there are any.
//!
//! What several resources have lies beside the folders: `resource` (writing, upserts, batches), deletion, what the feed of changes shows,
//! external references, look-up keys, phones, references to others, the search index, transfers, the days of a workspace.

pub mod api_keys;
pub mod audit;
pub mod calendar;
pub mod contacts;
pub mod custom_fields;
pub mod customers;
pub mod dictionaries;
pub mod external_refs;
pub mod feed;
pub mod handovers;
pub mod holding_caps;
pub mod lookup_keys;
pub mod meta;
pub mod notifications;
pub mod objects;
pub mod opportunities;
pub mod org_units;
pub mod phones;
pub mod pipelines;
pub mod planned_touches;
pub mod pools;
pub mod purge;
pub mod recycling;
pub mod references;
pub mod resource;
pub mod search;
pub mod tiers;
pub mod timeline;
pub mod touch_records;
pub mod transfers;
pub mod users;
pub mod worklist;
pub mod workspaces;

/// How long a deleted object can be restored.
pub const RESTORABLE: chrono::Duration = chrono::Duration::days(30);
