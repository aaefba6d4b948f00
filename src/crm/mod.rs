//! The CRM itself, a folder per resource: routes, dto, store, and rules where there are any.
//!
//! What several resources have lies beside the folders: external references, look-up keys, phones, references to others.

pub mod api_keys;
pub mod contacts;
pub mod customers;
pub mod dictionaries;
pub mod external_refs;
pub mod lookup_keys;
pub mod phones;
pub mod pools;
pub mod references;
pub mod users;
pub mod workspaces;

/// How long a deleted object can be restored.
pub const RESTORABLE: chrono::Duration = chrono::Duration::days(30);
