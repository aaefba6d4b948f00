//! Fields that a workspace adds to its resources, and their values.
//!
//! An object's values are JSON in its own row: that is what is answered. `custom_values` has a row for each value of an object that
//! is not deleted: that is what is filtered, and what makes a value unique.

mod described;
mod dto;
pub mod keys;
mod purge;
pub mod routes;
mod rows;
mod rules;
pub mod store;
pub mod values;
pub mod written;

pub use described::{CustomValue, CustomValues};
pub use dto::{CustomField, CustomFieldFields, FieldKind, FieldOption, FieldResource};
pub use values::Custom;
