//! A lively demo workspace: people who log in, customers of theirs and in a pool, contacts, opportunities, two years of touch records and
//! what is planned next, all invented.
//!
//! `story` tells what happens, `write` carries it out through the stores of the API.

mod cast;
pub mod chance;
mod lands;
mod life;
mod members;
mod names;
mod plot;
mod sea;
mod story;
mod teller;
mod texts;
mod write;

use std::cell::RefCell;
use std::time::Duration;

use crate::auth::Scope;
use crate::auth::privileges::Role;
use crate::auth::secrets;
use crate::auth::store::login_candidates;
use crate::config::Config;
use crate::crm::users::{NewPerson, create_person};
use crate::crm::workspaces::{default_workspace, store as workspaces};
use crate::db::failure::Class;
use crate::db::id::{UserId, WorkspaceId};
use crate::db::types::Instant;
use crate::db::{Actor, Db, DbConnection, Failure, Tx, clock, transact};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::server::StartError;

use cast::{ADMIN, MANAGER, Player, REPS};
use story::{Deed, Event};
use write::{Ledger, Setting};

pub const NAME: &str = "Fishpond Demo (鱼池演示)";

/// So many events are one transaction: what other writers wait for, and what one `fsync` is paid for.
const EVENTS_PER_TRANSACTION: usize = 100;
/// How long others may write between two transactions.
const PAUSE: Duration = Duration::from_millis(20);
/// How often a transaction is tried, beside a server that writes as well.
const ATTEMPTS: u32 = 10;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub customers: usize,
    pub of_customers: usize,
    pub events: usize,
    pub of_events: usize,
}

/// Somebody who can log in.
#[derive(Debug, Clone)]
pub struct Login {
    pub email: String,
    pub name: &'static str,
    pub role: Role,
}

/// A demo workspace.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub workspace_id: WorkspaceId,
    pub logins: Vec<Login>,
    /// Everybody's.
    pub password: String,
}

/// Makes a new workspace with so many customers. Interrupted, what has been written stays.
pub fn load(config: &Config, customers: usize, mut report: impl FnMut(Progress)) -> Result<Loaded, StartError> {
    let password = secrets::random_text(16).map_err(|_| Problem::new(Code::InternalError))?;
    let today = clock::now().get().date_naive();
    let events = story::tell(customers, today, customers as u64);
    let loaded = Db::setup(&config.database, |conn| {
        let domain = free_domain(conn)?;
        let setting = prepare(conn, &domain, &password, story::beginning(today))?;
        write(conn, &setting, &events, customers, &mut report)?;
        let login = |player: &Player| Login { email: email(player, &domain), name: player.name, role: player.role };
        let logins = players().map(login).collect();
        Ok::<_, Failure>(Loaded { workspace_id: setting.workspace_id, logins, password })
    })?;
    Ok(loaded.map_err(Failure::into_problem)?)
}

fn players() -> impl Iterator<Item = &'static Player> {
    [&ADMIN, &MANAGER].into_iter().chain(REPS)
}

fn email(player: &Player, domain: &str) -> String {
    format!("{}@{domain}", player.mailbox)
}

/// The first domain at which nobody logs in: who has an e-mail address in one workspace only need not name the workspace.
fn free_domain(conn: &mut DbConnection) -> Result<String, Failure> {
    let mut domains = std::iter::once("demo.example".to_owned()).chain((2..).map(|number| format!("demo-{number}.example")));
    loop {
        let domain = domains.next().unwrap_or_default();
        if login_candidates(conn, &email(&ADMIN, &domain), None)?.is_empty() {
            return Ok(domain);
        }
    }
}

/// The workspace, its people and its tiers, as the system.
fn prepare(conn: &mut DbConnection, domain: &str, password: &str, at: Instant) -> Result<Setting, Failure> {
    let workspace_id = WorkspaceId::new();
    let person = |player: &Player| NewPerson {
        email: email(player, domain),
        name: player.name.to_owned(),
        role: player.role,
        locale: player.locale,
        password: password.to_owned(),
        must_change_password: false,
    };
    // The password is one, so one hash will do.
    let hash = person(&ADMIN).hash_password()?;
    transact(conn, &Actor::system(workspace_id), &|tx| {
        tx.now = at;
        workspaces::create(tx, default_workspace(NAME))?;
        let admin = create_person(tx, &person(&ADMIN), &hash)?.id;
        let manager = create_person(tx, &person(&MANAGER), &hash)?.id;
        let reps = REPS.iter().map(|rep| create_person(tx, &person(rep), &hash).map(|user| user.id)).collect::<Result<Vec<UserId>, _>>()?;
        let actor = Actor { user_id: Some(admin), ..Actor::system(workspace_id) };
        let scope = Scope::of(workspace_id, admin, Role::Admin, false, at);
        let tx = &mut Tx { conn: &mut *tx.conn, actor: &actor, now: at };
        let tiers = write::create_tiers(tx, &scope)?;
        let pool = sea::create_pool(tx, &scope, manager, &reps)?;
        Ok(Setting { workspace_id, admin, manager, reps, tiers, stages: write::stages(tx)?, pool })
    })
}

fn write(
    conn: &mut DbConnection,
    setting: &Setting,
    events: &[Event],
    of_customers: usize,
    report: &mut impl FnMut(Progress),
) -> Result<(), Failure> {
    let ledger = RefCell::new(Ledger::default());
    let mut progress = Progress { customers: 0, of_customers, events: 0, of_events: events.len() };
    for some in events.chunks(EVENTS_PER_TRANSACTION) {
        attempt(conn, &Actor::system(setting.workspace_id), &|tx| {
            let mut ledger = ledger.borrow_mut();
            some.iter().try_for_each(|event| setting.carry_out(tx, &mut ledger, event))
        })?;
        progress.events += some.len();
        progress.customers += some.iter().filter(|event| matches!(event.deed, Deed::NewCustomer { .. })).count();
        report(progress);
        // SQLite has one writer, and who waits for its place looks for it only now and then.
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// A server may be writing to the same database: what it was in the way of is done again.
fn attempt(conn: &mut DbConnection, actor: &Actor, work: &dyn Fn(&mut Tx<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    for _ in 1..ATTEMPTS {
        match transact(conn, actor, work) {
            Err(Failure::Stale) => {}
            Err(failure) if matches!(failure.class(), Some(Class::Retry | Class::Unavailable)) => {}
            outcome => return outcome,
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    transact(conn, actor, work)
}
