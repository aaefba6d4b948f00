//! Pipelines and their stages: the way of an opportunity. For now every workspace has the default one, and of
//! its stages only what the day's work asks of them is changed.

mod dto;
pub mod routes;
pub mod store;

pub use dto::{ForecastCategory, Pipeline, Stage, StageFields, StageKind};
pub use store::{EXPANDED, EXPANDED_STAGE};
