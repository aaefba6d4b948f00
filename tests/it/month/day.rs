//! A day at work: all reps at the same time, then the managers.

use chrono::{Datelike, Duration, NaiveDate, Weekday};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::books::{Books, Plan};
use super::number;
use super::office::{Office, Rep, local};
use crate::harness::{Actor, App, Dice, Mirror};

/// What everybody found in the morning.
struct Morning<'a> {
    now: chrono::DateTime<chrono::Utc>,
    today: NaiveDate,
    mirror: &'a Mirror,
    /// Claims and touches of a rep in a day are as many as the pool gives.
    pace: usize,
    is_monday: bool,
}

impl Morning<'_> {
    /// The customers in a place, in the same order whenever they are the same.
    fn at(&self, place: &str) -> Vec<String> {
        let there = self.mirror.customers.iter().filter(|(_, customer)| customer.place() == place).map(|(id, _)| id.clone());
        let mut there: Vec<String> = there.collect();
        there.sort_unstable();
        there
    }
}

pub async fn pass(app: &App, office: &mut Office, books: &mut Books, mirror: &Mirror, day: i64) {
    let (now, today) = (app.now().get(), office.date(day));
    assert_eq!(local(now), today);
    let morning = Morning { now, today, mirror, pace: office.daily_limit, is_monday: today.weekday() == Weekday::Mon };
    let due: Vec<Plan> = books.plans.extract_if(.., |plan| plan.day <= today).collect();
    let worked = join_all(office.reps.iter().enumerate().map(|(number, rep)| {
        let pool = &office.pools[rep.unit];
        let own: Vec<&Plan> = due.iter().filter(|plan| plan.rep == rep.session.actor.id).collect();
        work(&morning, rep, pool, own, Dice(self::number("MONTH_SEED", 1) * 1_000_003 + day as u64 * 101 + number as u64))
    }));
    for done in worked.await {
        books.add(done);
    }
    if today.weekday() == Weekday::Fri {
        let mut after = Mirror::default();
        after.follow(&office.admin.actor).await;
        for unit in 0..office.managers.len() {
            manage(&Morning { mirror: &after, ..morning }, office, unit).await;
        }
    }
}

fn shuffle(dice: &mut Dice, all: &mut [String]) {
    for place in (1..all.len()).rev() {
        all.swap(place, dice.below(place + 1));
    }
}

/// What a rep does: calls what was planned, calls others, gives some up, and claims new ones.
async fn work(morning: &Morning<'_>, rep: &Rep, pool: &str, due: Vec<&Plan>, mut dice: Dice) -> Books {
    let (actor, mut books) = (&rep.session.actor, Books::default());
    let mut own = morning.at(&actor.id);
    for plan in due {
        // With the customers that it lost its plans were cancelled, or went to somebody else.
        if own.contains(&plan.customer) {
            complete(morning, actor, plan, &mut books).await;
            own.retain(|id| *id != plan.customer);
        }
    }
    shuffle(&mut dice, &mut own);
    let mut own = own.into_iter();
    let calls: Vec<String> = own.by_ref().take(morning.pace).collect();
    touch(morning, actor, &calls, &mut books).await;
    for id in own.by_ref().take(2) {
        let day = morning.today + Duration::days(1 + dice.below(3) as i64);
        let due_at = format!("{day}T02:00:00Z");
        let plan = json!({ "customer_id": id, "type": "call", "due_at": due_at, "summary": "跟进报价" });
        let made = actor.post("/planned-touches", plan).await.created();
        let path = format!("/planned-touches/{}", made["id"].as_str().unwrap());
        books.plans.push(Plan { path, rep: actor.id.clone(), customer: id, day });
    }
    for id in own.by_ref().take(1 + morning.pace / 8) {
        // It finds the pool of its region by itself.
        let released = actor.post(&format!("/customers/{id}/release"), json!({ "reason_code": "no_interest" })).await.ok();
        assert_eq!(released["pool_id"], pool, "{released:#}");
    }
    if let Some(id) = own.next().filter(|_| morning.is_monday) {
        let until = morning.now + Duration::days(9);
        let lock = json!({ "until": until.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), "reason": "tender" });
        actor.post(&format!("/customers/{id}/lock"), lock).await.ok();
        books.locks.entry(id).or_default().push((morning.today, local(until)));
    }
    claim(morning, actor, pool, &mut dice, &mut books).await;
    books
}

/// Not what recycling has cancelled in the meantime: its own customers only.
async fn complete(morning: &Morning<'_>, actor: &Actor, plan: &Plan, books: &mut Books) {
    let record = json!({ "type": "call", "occurred_at": morning.now, "summary": "聊了报价方案" });
    let answer = actor.post(&format!("{}/complete", plan.path), record).await;
    match answer.status {
        200 => books.touched(&plan.customer, morning.today),
        // It lost the customer and got it again: the plan had gone with it.
        _ => drop(answer.problem(409, "invalid_transition")),
    }
}

async fn touch(morning: &Morning<'_>, actor: &Actor, customers: &[String], books: &mut Books) {
    if customers.is_empty() {
        return;
    }
    let operations = customers.iter().map(|id| {
        let data = json!({ "customer_id": id, "type": "call", "occurred_at": morning.now, "summary": "聊了报价方案" });
        json!({ "op": "create", "data": data })
    });
    let batch = json!({ "mode": "atomic", "operations": operations.collect::<Vec<Value>>() });
    actor.post("/touch-records/batch", batch).await.ok();
    customers.iter().for_each(|id| books.touched(id, morning.today));
}

/// As many as it may, and some more than that; its colleagues want the same.
async fn claim(morning: &Morning<'_>, actor: &Actor, pool: &str, dice: &mut Dice, books: &mut Books) {
    let mut wanted = morning.at(pool);
    shuffle(dice, &mut wanted);
    wanted.truncate(morning.pace + 2);
    if wanted.is_empty() {
        return;
    }
    let done = actor.post(&format!("/pools/{pool}/claims"), json!({ "ids": wanted, "mode": "partial" })).await;
    for result in done.body["results"].as_array().unwrap_or_else(|| panic!("{done:#?}")) {
        match result["problem"]["code"].as_str() {
            None => books.claimed += 1,
            Some("already_claimed" | "daily_claim_limit" | "reclaim_cooldown") => books.refused += 1,
            Some(_) => panic!("{result:#}"),
        }
    }
}

/// What a manager does on Fridays: takes some from who has most, for who has least, and gives that one something from the pool.
async fn manage(morning: &Morning<'_>, office: &Office, unit: usize) {
    let (manager, pool) = (&office.managers[unit].actor, &office.pools[unit]);
    let mut held: Vec<(Vec<String>, &Actor)> = Vec::new();
    for rep in office.reps.iter().filter(|rep| rep.unit == unit) {
        held.push((morning.at(&rep.session.actor.id), &rep.session.actor));
    }
    held.sort_by_key(|(own, actor)| (own.len(), actor.id.clone()));
    let ((_, poor), (rich, _)) = (held.first().unwrap(), held.last().unwrap());
    let some: Vec<&String> = rich.iter().take(3).collect();
    if !some.is_empty() {
        let body = json!({ "ids": some, "to_user_id": poor.id, "reason": "balance", "keep_previous_as": "none" });
        manager.post("/customers/transfer", body).await.ok();
    }
    let free: Vec<String> = morning.at(pool).into_iter().take(2).collect();
    if !free.is_empty() {
        let body = json!({ "ids": free, "mode": "atomic", "to_user_id": poor.id, "reason": "balance" });
        manager.post(&format!("/pools/{pool}/assignments"), body).await.ok();
    }
}
