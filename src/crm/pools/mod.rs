//! The public sea: pools hold the customers that nobody owns. Every workspace has a default one from its first day.

pub mod store;
