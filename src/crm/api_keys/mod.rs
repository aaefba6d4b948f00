//! API keys: how other systems call. Each acts as a service account of its own.

mod dto;
pub mod routes;
pub mod store;

pub use dto::CreateApiKey;
