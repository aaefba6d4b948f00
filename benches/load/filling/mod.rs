//! Fills a workspace with many customers and what belongs to them, as fast as the database takes it: what is written is what the
//! API would have written, by the library's own rows, folds, keys, search documents and changes.
//!
//! `world` says what there is and when it came to be, `objects` what each object looks like, `batch` makes `rows` of them, `writing`
//! puts these into the database, and `bulk` makes it ready for that.

mod batch;
mod bulk;
mod objects;
mod rows;
pub mod setting;
mod texts;
mod world;
mod writing;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use fishpond::config::Config;
use fishpond::db::{Db, Failure};
use fishpond::http::problem::Problem;
use fishpond::server::StartError;
use fishpond::setup;

use batch::Batch;
use setting::Setting;
use world::World;

pub use setting::{PASSWORD, REPS, rep_email};

/// Objects that are written in one transaction.
const OBJECTS: usize = 2_000;

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub what: &'static str,
    pub done: usize,
    pub of: usize,
    /// Of all tables.
    pub rows: usize,
    pub elapsed: Duration,
}

/// Puts so many customers into the database's oldest workspace, which is made when there is none and must have no customers yet.
pub fn fill(config: &Config, customers: usize, seed: u64, mut report: impl FnMut(Progress)) -> Result<Progress, StartError> {
    setup::migrate_and_seed(config)?;
    let filled = Db::setup(&config.database, |conn| {
        let Some(setting) = Setting::prepare(conn)? else { return Ok(None) };
        let world = World::new(setting, customers, seed);
        let (start, mut rows) = (Instant::now(), 0);
        let mut told = |what, done, of, rows| {
            let progress = Progress { what, done, of, rows, elapsed: start.elapsed() };
            report(progress);
            progress
        };
        bulk::begin(conn)?;
        let indexes = bulk::take_indexes(conn)?;
        let written: Result<(), Failure> = std::thread::scope(|scope| {
            // One makes the rows while the other writes them.
            let (sender, batches) = mpsc::sync_channel::<Result<Made, Problem>>(2);
            scope.spawn(|| make(&world, sender));
            for made in batches {
                let (batch, what, done, of) = made?;
                rows += batch.write(conn)?;
                told(what, done, of, rows);
            }
            Ok(())
        });
        let count = indexes.len();
        for (place, statement) in indexes.iter().enumerate() {
            told("indexes", place, count, rows);
            bulk::execute(conn, statement)?;
        }
        written?;
        bulk::end(conn)?;
        Ok::<_, Failure>(Some(told("indexes", count, count, rows)))
    })?;
    let filled = filled.map_err(Failure::into_problem)?;
    filled.ok_or_else(|| StartError::Other("the oldest workspace has customers already: fill another database".to_owned()))
}

/// Rows, and how far they are: of what, how many, of how many.
type Made = (Batch, &'static str, usize, usize);

/// All objects in the order in which they came to be, kind after kind; until nobody takes them any more.
fn make(world: &World, sender: mpsc::SyncSender<Result<Made, Problem>>) {
    type Push = fn(&mut Batch, &World, usize) -> Result<(), Problem>;
    let kinds: [(&'static str, usize, Push); 4] = [
        ("customers", world.customers.len(), Batch::push_customer),
        ("contacts", world.contacts.len(), Batch::push_contact),
        ("opportunities", world.opportunities.len(), Batch::push_opportunity),
        ("touch records", world.touches.len(), Batch::push_touch),
    ];
    for (what, of, push) in kinds {
        let mut start = 0;
        while start < of {
            let end = (start + OBJECTS).min(of);
            let mut batch = Batch::new(world);
            let pushed = (start..end).try_for_each(|index| push(&mut batch, world, index));
            let is_last = pushed.is_err();
            if sender.send(pushed.map(|()| (batch, what, end, of))).is_err() || is_last {
                return;
            }
            start = end;
        }
    }
}
