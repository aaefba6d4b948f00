//! A customer's timeline: what was said and done with it, and what became of it, newest first.

mod dto;
pub mod routes;
mod store;
