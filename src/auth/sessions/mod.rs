//! Logging in, staying in, logging out.

mod dto;
pub mod routes;

pub use dto::{SessionUser, SessionWorkspace};
