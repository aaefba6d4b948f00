//! Pipelines and their stages: the way of an opportunity. For now every workspace has the default one.

mod dto;
pub mod routes;
pub mod store;

pub use dto::{ForecastCategory, Pipeline, Stage, StageKind};
pub use store::{EXPANDED, EXPANDED_STAGE};
