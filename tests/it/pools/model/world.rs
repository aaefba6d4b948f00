//! The server under test, with ids for the model's numbers.

use chrono::{Duration, NaiveTime, Utc};
use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use fishpond::db::Condition;
use serde_json::{Value, json};

use super::sea::{CAP, Fish, POOLS, Place, REPS, Sea};
use crate::harness::{ADMIN_EMAIL, Actor, App, Mirror, Move, Session, history, place};

/// Customers, and the pools that they begin in.
const CUSTOMERS: [usize; 6] = [0, 1, 0, 1, 0, 1];
/// Moves of one round that are read back: more than a customer can make in it.
const LATEST: usize = 12;

pub struct World {
    pub app: App,
    /// A second server on the same database, where there can be one.
    beside: Option<App>,
    admin: Session,
    reps: Vec<Session>,
    pub pools: Vec<String>,
    pub customers: Vec<String>,
    start: i64,
}

/// What is to be seen of a customer.
#[derive(Debug)]
struct Seen {
    place: Place,
    is_deleted: bool,
    locked_until: Option<i64>,
    /// Its latest moves, oldest first; not of what is deleted.
    latest: Option<Vec<(String, Place, Place)>>,
}

impl World {
    pub async fn new(app: App) -> (Self, Sea) {
        // A morning of the workspace, so that no day ends in the middle.
        let morning = (app.now().get() + Duration::days(1)).date_naive().and_time(NaiveTime::from_hms_opt(2, 0, 0).unwrap()).and_utc();
        app.advance(morning - app.now().get());
        let admin = Session::open(&app, ADMIN_EMAIL).await;
        let mut reps = Vec::new();
        for number in 0..REPS {
            let email = format!("model{number}@example.com");
            let rep = json!({ "email": email, "name": email, "role": "rep", "password": crate::harness::ADMIN_PASSWORD });
            admin.actor.post("/users", rep).await.created();
            reps.push(Session::open(&app, &email).await);
        }
        let cap = json!({ "scope": "role", "role": "rep", "cap": CAP });
        admin.actor.post("/holding-caps", cap).await.created();
        let mut pools = Vec::new();
        for rules in &POOLS {
            let members = json!({
                "name": "P", "is_open": true, "daily_claim_limit": rules.daily_limit, "reclaim_cooldown_days": rules.cooldown_days,
                "new_item_quiet_hours": if rules.is_quiet { 12 } else { 0 },
            });
            let pool = admin.actor.post("/pools", members).await.created()["id"].as_str().unwrap().to_owned();
            let rule = json!({ "kind": "no_touch", "days": rules.recycle_days });
            admin.actor.post(&format!("/pools/{pool}/recycle-rules"), rule).await.created();
            pools.push(pool);
        }
        let mut customers = Vec::new();
        for pool in CUSTOMERS {
            let customer = json!({ "name": "C", "kind": "organization", "pool_id": pools[pool] });
            customers.push(admin.actor.post("/customers", customer).await.created()["id"].as_str().unwrap().to_owned());
        }
        app.run_due_jobs().await;
        let (beside, start) = (app.beside(), app.now().get().timestamp_millis());
        (Self { app, beside, admin, reps, pools, customers, start }, Sea::new(&CUSTOMERS))
    }

    /// Another day begins.
    pub async fn sleep(&mut self, sea: &mut Sea, days: i64) {
        self.app.advance(Duration::days(days));
        sea.today += days;
        for session in self.reps.iter_mut().chain([&mut self.admin]) {
            session.renew(&self.app).await;
        }
    }

    fn at(&self, session: &Session, place: usize) -> Actor {
        let server = self.beside.as_ref().filter(|_| place % 2 == 1).unwrap_or(&self.app);
        server.with_token(session.actor.token()).with_id(&session.actor.id)
    }

    pub fn admin(&self, place: usize) -> Actor {
        self.at(&self.admin, place)
    }

    pub fn rep(&self, number: usize, place: usize) -> Actor {
        self.at(&self.reps[number], place)
    }

    pub fn pool(&self, number: usize, action: &str) -> String {
        format!("/pools/{}/{action}", self.pools[number])
    }

    fn place(&self, id: &str) -> Place {
        match self.pools.iter().position(|pool| pool == id) {
            Some(pool) => Place::Pool(pool),
            None => Place::Rep(self.reps.iter().position(|rep| rep.actor.id == id).expect("one of them")),
        }
    }

    fn id(&self, place: Place) -> &str {
        match place {
            Place::Pool(pool) => &self.pools[pool],
            Place::Rep(rep) => &self.reps[rep].actor.id,
        }
    }

    /// Whether the server has what the model has; `Err` says what it has.
    pub async fn look(&self) -> Looked<'_> {
        let admin = self.admin(0);
        let alive = admin.post("/customers/batch-get", json!({ "ids": self.customers })).await.ok();
        let deleted = match alive["missing"].as_array().is_some_and(|missing| !missing.is_empty()) {
            true => admin.get("/customers?is_deleted=true").await.ok(),
            false => json!({ "data": [] }),
        };
        let mut seen = Vec::new();
        for id in &self.customers {
            let of = |page: &Value| page["data"].as_array().unwrap().iter().find(|row| row["id"] == json!(id)).cloned();
            let (row, is_deleted) = match (of(&alive), of(&deleted)) {
                (Some(row), None) => (row, false),
                (None, Some(row)) => (row, true),
                other => panic!("{id} is deleted or not: {other:?}"),
            };
            let latest = match is_deleted {
                true => None,
                false => Some(self.latest(&admin, id).await),
            };
            let locked_until = row["locked_until"].as_str().map(|at| {
                let at: chrono::DateTime<Utc> = at.parse().expect("an instant");
                (at.timestamp_millis() - self.start) / Duration::days(1).num_milliseconds()
            });
            seen.push(Seen { place: self.place(&place(&row, "owner_id", "pool_id")), is_deleted, locked_until, latest });
        }
        Looked { seen, world: self }
    }

    async fn latest(&self, admin: &Actor, id: &str) -> Vec<(String, Place, Place)> {
        let page = admin.get(&format!("/customers/{id}/ownership?limit={LATEST}")).await.ok();
        let moves = page["data"].as_array().unwrap().iter().rev().map(|event| {
            let places = [("from_owner_id", "from_pool_id"), ("to_owner_id", "to_pool_id")];
            let [from, to] = places.map(|(owner, pool)| self.place(&place(event, owner, pool)));
            (event["type"].as_str().unwrap().to_owned(), from, to)
        });
        moves.collect()
    }

    /// Everything that was written, held against the model: the whole history of each, and what the feed alone would make of it.
    pub async fn check(&self, sea: &Sea) {
        let (admin, mirror) = (self.admin(0), Mirror::of(&self.admin(0)).await);
        for (id, fish) in self.customers.iter().zip(&sea.fish) {
            let mirrored = &mirror.customers[id];
            assert_eq!((mirrored.place().as_str(), mirrored.is_deleted), (self.id(fish.place), fish.is_deleted));
            let moves: Vec<Move> = fish.moves.iter().map(|(kind, from, to)| self.told(kind, *from, *to)).collect();
            assert_eq!(mirrored.moves, moves, "as the feed tells it");
            if fish.is_deleted {
                admin.act(&format!("/customers/{id}/restore")).await.ok();
            }
            assert_eq!(history(&admin, id).await, moves, "as the history tells it");
        }
        let others = "SELECT count(*) AS count FROM customer_holdings h JOIN customers c ON c.workspace_id = h.workspace_id \
                      AND c.id = h.customer_id WHERE (c.owner_id IS NULL) <> (h.owner_id IS NULL) OR c.owner_id <> h.owner_id";
        let others: i64 = self.app.db(|conn| Condition::sql(others).giving::<BigInt>().get_result(conn).unwrap());
        assert_eq!(others, 0, "the holdings have the customers' owners");
    }

    fn told(&self, kind: &str, from: Place, to: Place) -> Move {
        (kind.to_owned(), self.id(from).to_owned(), self.id(to).to_owned())
    }
}

/// What the server has after a round.
pub struct Looked<'w> {
    seen: Vec<Seen>,
    world: &'w World,
}

impl Looked<'_> {
    pub fn is(&self, sea: &Sea) -> bool {
        assert_eq!(self.seen.len(), self.world.customers.len());
        self.seen.iter().zip(&sea.fish).all(|(seen, fish)| {
            let latest = seen.latest.as_ref().is_none_or(|latest| is_end(latest, fish));
            (seen.place, seen.is_deleted, seen.locked_until) == (fish.place, fish.is_deleted, fish.locked_until) && latest
        })
    }
}

impl std::fmt::Debug for Looked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.seen.iter().try_for_each(|seen| write!(f, "\n  {seen:?}"))
    }
}

fn is_end(latest: &[(String, Place, Place)], fish: &Fish) -> bool {
    let expected = fish.moves[fish.moves.len().saturating_sub(LATEST)..].iter();
    latest.len() == expected.len() && latest.iter().zip(expected).all(|(one, other)| (one.0.as_str(), one.1, one.2) == *other)
}
