//! Who works here, and with what.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::names::names;
use super::{HOLIDAY, WORKED};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, App, Session};

pub const UNITS: usize = 3;
const REPS_OF_UNIT: usize = 4;
const REGIONS: [&str; UNITS] = ["east_china", "south_china", "northeast_china"];
/// The rules of all pools: without a touch, more days with each, and never longer.
pub const NO_TOUCH_DAYS: i64 = 5;
pub const EXTEND_DAYS: i64 = 4;
pub const MAX_HOLD_DAYS: i64 = 12;
/// One in so many customers has an owner from the beginning.
const OWNED: usize = 8;

pub struct Rep {
    pub session: Session,
    pub unit: usize,
}

pub struct Office {
    pub admin: Session,
    pub managers: Vec<Session>,
    pub reps: Vec<Rep>,
    /// Those of the units.
    pub pools: Vec<String>,
    pub daily_limit: usize,
    /// Where each customer was in the beginning.
    pub began: Vec<(String, String)>,
    /// The first day.
    start: NaiveDate,
}

/// A day of the workspace, which is eight hours ahead all year.
pub fn local(at: DateTime<Utc>) -> NaiveDate {
    (at + TimeDelta::hours(8)).date_naive()
}

impl Office {
    /// On a Monday morning.
    pub async fn open(app: &App, customers: usize) -> Self {
        let days = 7 - app.now().get().weekday().num_days_from_monday();
        let monday = (app.now().get() + Duration::days(days.into())).date_naive().and_time(NaiveTime::from_hms_opt(1, 0, 0).unwrap());
        app.advance(monday.and_utc() - app.now().get());
        let (admin, start) = (Session::open(app, ADMIN_EMAIL).await, monday.date());
        let [off, on] = [HOLIDAY, WORKED].map(|day| (start + Duration::days(day)).to_string());
        let year = json!({ "time_zone": "Asia/Shanghai", "holidays": [off], "extra_workdays": [on] });
        admin.actor.patch("/workspace", year).await.ok();
        let daily_limit = (customers / 250).max(3);
        let (mut managers, mut reps, mut pools) = (Vec::new(), Vec::new(), Vec::new());
        for (unit, region) in REGIONS.into_iter().enumerate() {
            let team = admin.actor.post("/org-units", json!({ "name": region, "type": "team" })).await.created()["id"].clone();
            let manager = person(app, &admin.actor, "manager", format!("manager{unit}"), &team).await;
            for number in 0..REPS_OF_UNIT {
                let session = person(app, &admin.actor, "rep", format!("rep{unit}{number}"), &team).await;
                reps.push(Rep { session, unit });
            }
            let pool = json!({
                "name": region, "members": [{ "org_unit_id": team }], "admins": [{ "user_id": manager.actor.id }], "priority": 10,
                "filter": { "field": "region", "op": "eq", "value": region }, "daily_claim_limit": daily_limit,
                "claim_batch_max": 50, "reclaim_cooldown_days": 3, "remind_before_days": [2],
            });
            let pool = admin.actor.post("/pools", pool).await.created()["id"].as_str().unwrap().to_owned();
            for rule in [
                json!({ "kind": "no_touch", "days": NO_TOUCH_DAYS, "extend_days": EXTEND_DAYS }),
                json!({ "kind": "max_hold", "days": MAX_HOLD_DAYS }),
            ] {
                admin.actor.post(&format!("/pools/{pool}/recycle-rules"), rule).await.created();
            }
            managers.push(manager);
            pools.push(pool);
        }
        let mut office = Self { admin, managers, reps, pools, daily_limit, began: Vec::new(), start };
        office.stock(customers).await;
        office
    }

    /// Customers of all regions, most of them in the pools.
    async fn stock(&mut self, customers: usize) {
        let names = names(customers);
        let places: Vec<(usize, Option<&str>)> = (0..customers)
            .map(|place| {
                let owner = place.is_multiple_of(OWNED).then(|| &self.reps[place / OWNED % self.reps.len()]);
                (owner.map_or(place % UNITS, |rep| rep.unit), owner.map(|rep| rep.session.actor.id.as_str()))
            })
            .collect();
        let mut began = Vec::new();
        for (names, places) in names.chunks(500).zip(places.chunks(500)) {
            let operations = names.iter().zip(places).map(|(name, (unit, owner))| {
                let pool = if owner.is_some() { Value::Null } else { json!(self.pools[*unit]) };
                let data = json!({ "name": name, "kind": "organization", "region": REGIONS[*unit], "owner_id": owner, "pool_id": pool });
                json!({ "op": "create", "data": data })
            });
            let batch = json!({ "mode": "atomic", "operations": operations.collect::<Vec<_>>() });
            let done = self.admin.actor.post("/customers/batch", batch).await.ok();
            for (result, (unit, owner)) in done["results"].as_array().unwrap().iter().zip(places) {
                let place = owner.map_or_else(|| self.pools[*unit].clone(), str::to_owned);
                began.push((result["id"].as_str().unwrap().to_owned(), place));
            }
        }
        self.began = began;
    }

    pub fn date(&self, day: i64) -> NaiveDate {
        self.start + Duration::days(day)
    }

    pub async fn renew(&mut self, app: &App) {
        let reps = self.reps.iter_mut().map(|rep| &mut rep.session);
        for session in reps.chain(&mut self.managers).chain([&mut self.admin]) {
            session.renew(app).await;
        }
    }

    /// A rep of the first unit leaves, and two colleagues share what it has.
    pub async fn part_with_one(&mut self, app: &App) {
        let leaving = self.reps.remove(0).session.actor.id;
        let heirs: Vec<&Rep> = self.reps.iter().filter(|rep| rep.unit == 0).collect();
        let split = json!([{ "user_id": heirs[0].session.actor.id, "weight": 2 }, { "user_id": heirs[1].session.actor.id, "weight": 1 }]);
        let gone = json!({ "is_active": false, "handover": { "split": split, "reason": "leaves" } });
        let job = self.admin.actor.patch(&format!("/users/{leaving}"), gone).await.ok()["handover_job_id"].clone();
        app.run_due_jobs().await;
        let done = self.admin.actor.get(&format!("/jobs/{}", job.as_str().unwrap())).await.ok();
        assert_eq!(done["status"], "succeeded", "{done:#}");
        assert!(done["result"]["customers"].as_i64() > Some(0), "there was something to hand over: {done:#}");
        let left = self.admin.actor.get(&format!("/customers?owner_id={leaving}&include_total=true&limit=1")).await.ok();
        assert_eq!(left["total"], 0);
    }
}

async fn person(app: &App, admin: &Actor, role: &str, name: String, unit: &Value) -> Session {
    let email = format!("{name}@example.com");
    let person = json!({ "email": email, "name": name, "role": role, "org_unit_id": unit, "password": ADMIN_PASSWORD });
    admin.post("/users", person).await.created();
    Session::open(app, &email).await
}
