//! Fishpond (鱼池): a headless CRM. A JSON REST API over SQLite or PostgreSQL in one binary.
//!
//! The house, from the ground up; `crm` stands on `jobs`, `listing`, `changes` and `auth`, which stand on `http` and `db`.

/// The two databases as one: read and write doors, column types, migrations, clock.
pub mod db;
/// The HTTP shell: strict extractors, problems, the document. Knows no CRM noun.
pub mod http;

/// Who calls: passwords, sessions, API keys, roles, row scope.
pub mod auth;
/// The change log, written with every write, and the feed that reads it.
pub mod changes;
/// One list engine for every resource.
pub mod listing;

/// Work in the background: leased, done in steps, resumed after a crash.
pub mod jobs;

/// The CRM itself, a folder per resource.
pub mod crm;

/// Every route, and the document made of them.
pub mod api;
/// The command line.
pub mod cli;
/// The configuration, checked once.
pub mod config;
/// A demo workspace, made up.
pub mod demo;
/// Health and help.
pub mod ops;
/// Puts everything together.
pub mod server;
/// Migrations and the first workspace.
pub mod setup;
