//! The workspace: its name, time zone, currency and working days; and how a new one comes to be.

mod dto;
pub mod routes;
pub mod store;

pub use dto::{Locale, Weekday, WorkspaceFields, default_workspace};
