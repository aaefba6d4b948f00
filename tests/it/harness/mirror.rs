//! What a customer's history and the feed tell, put together again: where it is, and how it got there.

use std::collections::HashMap;

use serde_json::Value;

use super::Actor;

/// A move of a customer: its kind, as the history calls it, and the ids of owner or pool before and after.
pub type Move = (String, String, String);

/// Where a customer is: the id of its owner or of its pool, never both.
pub fn place(object: &Value, owner: &str, pool: &str) -> String {
    match (object[owner].as_str(), object[pool].as_str()) {
        (Some(owner), None) => owner.to_owned(),
        (None, Some(pool)) => pool.to_owned(),
        other => panic!("in one place, not in {other:?}: {object:#}"),
    }
}

/// How a customer moved, oldest first. Each move begins where the one before it ended.
pub async fn history(actor: &Actor, id: &str) -> Vec<Move> {
    let moves: Vec<Move> = events(actor, id).await.iter().map(moved).collect();
    for pair in moves.windows(2) {
        assert_eq!(pair[0].2, pair[1].1, "the history of {id} has a gap: {moves:#?}");
    }
    moves
}

/// A customer's whole history, oldest first.
pub async fn events(actor: &Actor, id: &str) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = actor.get(&format!("/customers/{id}/ownership?limit=200{cursor}")).await.ok();
        events.extend(page["data"].as_array().expect("moves").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    events.reverse();
    events
}

pub fn moved(event: &Value) -> Move {
    let kind = event["type"].as_str().expect("a kind").to_owned();
    (kind, place(event, "from_owner_id", "from_pool_id"), place(event, "to_owner_id", "to_pool_id"))
}

/// A customer as the feed tells it.
#[derive(Debug, Clone, Default)]
pub struct Mirrored {
    owner_id: Value,
    pool_id: Value,
    version: i64,
    pub is_deleted: bool,
    pub moves: Vec<Move>,
}

impl Mirrored {
    pub fn version(&self) -> i64 {
        self.version
    }

    pub fn place(&self) -> String {
        match (self.owner_id.as_str(), self.pool_id.as_str()) {
            (Some(place), None) | (None, Some(place)) => place.to_owned(),
            other => panic!("in one place, not in {other:?}: {self:#?}"),
        }
    }
}

/// All customers, as a client knows them that reads nothing but the feed.
#[derive(Debug, Default)]
pub struct Mirror {
    pub customers: HashMap<String, Mirrored>,
    after: String,
}

impl Mirror {
    /// Reads on, up to now.
    pub async fn follow(&mut self, admin: &Actor) {
        for change in admin.changes_after("customer.*,api_key.*", &mut self.after).await {
            self.take(&change);
        }
    }

    /// What it would be after reading everything.
    pub async fn of(admin: &Actor) -> Self {
        let mut mirror = Self::default();
        mirror.follow(admin).await;
        mirror
    }

    fn take(&mut self, change: &Value) {
        let Some(operation) = change["type"].as_str().and_then(|kind| kind.strip_prefix("customer.")) else { return };
        let customer = self.customers.entry(change["object"]["id"].as_str().expect("an id").to_owned()).or_default();
        customer.version += 1;
        assert_eq!(change["object"]["version"], customer.version, "no version is left out: {change:#}");
        match operation {
            "deleted" => customer.is_deleted = true,
            "restored" => customer.is_deleted = false,
            _ => assert!(!customer.is_deleted, "what is deleted does not change: {change:#}"),
        }
        let changed = &change["changed"];
        if changed.get("owner_id").is_none() && changed.get("pool_id").is_none() {
            return;
        }
        let before = (customer.version > 1).then(|| customer.place());
        for (member, known) in [("owner_id", &mut customer.owner_id), ("pool_id", &mut customer.pool_id)] {
            if let Some(change) = changed.get(member) {
                assert_eq!(change["from"], *known, "{change:#}");
                *known = change["to"].clone();
            }
        }
        let Some(before) = before else { return };
        customer.moves.push((kind(operation), before, customer.place()));
    }
}

/// What the history calls an operation of the feed.
fn kind(operation: &str) -> String {
    let kind = match operation {
        "claimed" => "claim",
        "assigned" => "assign",
        "released" => "release",
        "recycled" => "recycle",
        "transferred" => "transfer",
        "handed_over" => "handover",
        other => panic!("customer.{other} moves nothing"),
    };
    kind.to_owned()
}
