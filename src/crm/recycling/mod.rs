//! Recycling: customers that their owners neglect go back to the pool. A pool's rules say when; each customer keeps the day that
//! they come to (`recycle_due_at`), and the writes that change it bring it up to date.

mod dto;
pub mod due;
mod history;
pub mod routes;
pub mod rules;
pub mod run;
mod simulate;
pub mod store;
pub mod work;

pub use dto::{CreateRecycleRule, ExtendOn, RecycleExclude, RecycleKind, RecycleRule, RecycleRuleFields};
pub use due::{adopt, refresh, set_due};
