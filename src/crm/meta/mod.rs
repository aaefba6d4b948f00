//! What resources consist of, for programs that are made without knowing the workspace: forms, filters, imports.

mod describe;
mod dto;
pub mod routes;
