//! Servers, databases and clients for tests.

mod client;
mod dice;
mod document;
mod mirror;
mod postgres;
pub mod program;
mod server;
mod session;
mod work;

pub use client::{Actor, Reply, ids};
pub use dice::Dice;
pub use document::DOCUMENT;
pub use mirror::{Mirror, Move, events, history, moved, place};
pub use postgres::postgres_url;
pub use server::{ADMIN_EMAIL, ADMIN_PASSWORD, App, on_both, on_both_at_once, on_both_with};
pub use session::Session;
pub use work::{UNKNOWN, WORK};
