//! One list engine for every resource: a table of fields drives filters, sorting, cursors and the document's parameters.
//!
//! A resource declares `&[Field]` and gives its rows; nothing here knows a resource.

mod among;
mod cursor;
pub mod custom;
mod described;
mod expand;
pub mod expansion;
mod extract;
mod field;
mod filter;
pub mod fold;
mod order;
mod params;
mod plan;
mod reader;
mod relation;
pub mod relevance;
mod request;
pub mod rows;
mod search;
mod sources;
pub mod tokens;
mod tree;
mod walk;
mod windows;

pub use cursor::{Cursor, list_hash};
pub use expand::Expand;
pub use expansion::{Expansion, Target};
pub use extract::Expanding;
pub use field::{Field, FieldType, Listed};
pub use filter::Operator;
pub use relation::Relation;
pub use request::List;
pub use search::{Members, Search};
pub use tree::FilterNode;
pub use walk::Effort;
