//! Managed classifications: codes with labels in Chinese and English. A retired code stays readable and cannot be newly set.

mod dto;
pub mod routes;
mod seeds;
pub mod store;

pub use dto::{Dictionary, DictionaryItem, Label, TouchFlags};
