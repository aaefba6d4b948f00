//! Servers, databases and clients for tests.

mod client;
mod document;
mod postgres;
pub mod program;
mod server;

pub use client::{Actor, Reply, ids};
pub use document::DOCUMENT;
pub use postgres::postgres_url;
pub use server::{ADMIN_EMAIL, ADMIN_PASSWORD, App, on_both, on_both_with};
