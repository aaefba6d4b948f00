//! One list engine for every resource: a table of fields drives filters, sorting, cursors and the document's parameters.
//!
//! A resource declares `&[Field]` and gives its rows; nothing here knows a resource.

mod cursor;
mod field;
mod filter;
pub mod fold;
mod params;
mod request;
pub mod rows;

pub use cursor::{Cursor, list_hash};
pub use field::{Field, FieldType, Listed};
pub use request::List;
