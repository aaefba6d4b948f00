//! What people do with customers, and what the server answers.

use serde_json::{Value, json};

use super::sea::{Answer, POOLS, Place, REPS, Sea};
use super::world::World;
use crate::harness::{Dice, Reply};

/// Who acts, when it need not be a rep.
#[derive(Debug, Clone, Copy)]
pub enum By {
    Admin,
    Rep(usize),
}

/// Customers, reps and pools by their numbers.
#[derive(Debug, Clone)]
pub enum Act {
    Claim {
        rep: usize,
        pool: usize,
        fish: Vec<usize>,
        is_atomic: bool,
    },
    Release {
        by: By,
        fish: usize,
        pool: usize,
    },
    Transfer {
        fish: usize,
        to: usize,
    },
    Assign {
        pool: usize,
        fish: usize,
        to: usize,
    },
    Lock {
        by: By,
        fish: usize,
        days: i64,
    },
    Unlock {
        by: By,
        fish: usize,
    },
    Delete {
        by: By,
        fish: usize,
    },
    Restore {
        by: By,
        fish: usize,
    },
    Touch {
        rep: usize,
        fish: usize,
    },
    /// What the server does by itself, once a day.
    Recycle,
}

/// Something that somebody may want to do; whether it may be done is left to the server. Often it is the owner who acts.
pub fn any(dice: &mut Dice, sea: &Sea) -> Act {
    let (fish, rep) = (dice.below(sea.fish.len()), dice.below(REPS));
    let (place, is_likely) = (sea.fish[fish].place, dice.below(4) > 0);
    let pool = match place {
        Place::Pool(pool) if is_likely => pool,
        _ => dice.below(POOLS.len()),
    };
    let rep = match place {
        Place::Rep(owner) if is_likely => owner,
        _ => rep,
    };
    let by = if dice.below(4) == 0 { By::Admin } else { By::Rep(rep) };
    let to = dice.below(REPS);
    match dice.below(18) {
        0..=5 => {
            let other = dice.below(sea.fish.len());
            let fish = if other == fish { vec![fish] } else { vec![fish, other] };
            Act::Claim { rep: to, pool, fish, is_atomic: dice.below(2) == 0 }
        }
        6 | 7 => Act::Release { by, fish, pool },
        8 => Act::Transfer { fish, to },
        9 => Act::Assign { pool, fish, to },
        10 => Act::Lock { by, fish, days: 1 + dice.below(3) as i64 },
        11 => Act::Unlock { by, fish },
        12 => Act::Delete { by, fish },
        13 | 14 => {
            let deleted: Vec<usize> = (0..sea.fish.len()).filter(|fish| sea.fish[*fish].is_deleted).collect();
            let fish = if deleted.is_empty() { fish } else { *dice.pick(&deleted) };
            Act::Restore { by: if is_likely { By::Admin } else { by }, fish }
        }
        _ => Act::Touch { rep, fish },
    }
}

impl Act {
    /// Does it; `place` spreads the callers over the servers.
    pub async fn ask(&self, world: &World, place: usize) -> Answer {
        let customer = |fish: usize, action: &str| format!("/customers/{}{action}", world.customers[fish]);
        let by = |by: By| match by {
            By::Admin => world.admin(place),
            By::Rep(rep) => world.rep(rep, place),
        };
        match self {
            Self::Claim { rep, pool, fish, is_atomic } => {
                let ids: Vec<&String> = fish.iter().map(|fish| &world.customers[*fish]).collect();
                let body = json!({ "ids": ids, "mode": if *is_atomic { "atomic" } else { "partial" } });
                each(&world.rep(*rep, place).post(&world.pool(*pool, "claims"), body).await)
            }
            Self::Release { by: who, fish, pool } => {
                let body = json!({ "reason_code": "other", "pool_id": world.pools[*pool] });
                one(&by(*who).post(&customer(*fish, "/release"), body).await)
            }
            Self::Transfer { fish, to } => {
                let body = json!({ "ids": [world.customers[*fish]], "to_user_id": world.rep(*to, place).id, "reason": "x" });
                each(&world.admin(place).post("/customers/transfer", body).await)
            }
            Self::Assign { pool, fish, to } => {
                let body = json!({ "ids": [world.customers[*fish]], "mode": "partial", "to_user_id": world.rep(*to, place).id });
                each(&world.admin(place).post(&world.pool(*pool, "assignments"), body).await)
            }
            Self::Lock { by: who, fish, days } => {
                let until = world.app.now().plus(chrono::Duration::days(*days)).to_string();
                one(&by(*who).post(&customer(*fish, "/lock"), json!({ "until": until, "reason": "tender" })).await)
            }
            Self::Unlock { by: who, fish } => one(&by(*who).act(&customer(*fish, "/unlock")).await),
            Self::Delete { by: who, fish } => one(&by(*who).delete(&customer(*fish, "")).await),
            Self::Restore { by: who, fish } => one(&by(*who).act(&customer(*fish, "/restore")).await),
            Self::Touch { rep, fish } => {
                let at = world.app.now().to_string();
                let body = json!({ "customer_id": world.customers[*fish], "type": "call", "occurred_at": at, "summary": "聊了报价方案" });
                one(&world.rep(*rep, place).post("/touch-records", body).await)
            }
            Self::Recycle => {
                world.app.run_due_jobs().await;
                Vec::new()
            }
        }
    }
}

fn code(problem: &Value) -> Option<String> {
    problem["code"].as_str().map(str::to_owned)
}

fn one(reply: &Reply) -> Answer {
    // Of what is wrong with a body the first is told.
    let problem = if reply.status == 422 { &reply.body["errors"][0] } else { &reply.body };
    vec![code(problem).filter(|_| reply.status >= 400)]
}

fn each(reply: &Reply) -> Answer {
    match reply.body["results"].as_array() {
        Some(results) => results.iter().map(|result| code(&result["problem"])).collect(),
        None => one(reply),
    }
}
