//! Work in the background: asked for by a request (202), or scheduled. A feature declares a kind of work (`Work`): a function that
//! does one step. Each step is one write transaction, which also notes how far the job is; so whoever goes on after a crash begins
//! where the last step ended, and nothing is done twice.
//!
//! A job is leased by whoever runs it. `lease` has the rules, `runner` the loop, `schedule` what comes again by itself.

pub mod chores;
mod dto;
mod lease;
pub mod routes;
mod rows;
mod runner;
mod schedule;
mod store;
mod work;

pub use dto::{Job, JobError, Progress, Status};
pub use lease::end_leases;
pub use runner::Jobs;
pub use store::{JobList, enqueue, enqueue_by_system};
pub use work::{STEP_ROWS, Step, Task, Work, value};
