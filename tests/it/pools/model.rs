//! Whatever happens to customers, one after the other or at the same time (claims, releases, transfers, assignments, locks, touches,
//! recycling, deleting and restoring): the answers are those of a simple model, in some order, and the customers are where that
//! order leaves them, with that history. So no limit is ever exceeded, and what is deleted stays where it was until it is restored.
//!
//! `MODEL_SEED` and `MODEL_ROUNDS` say otherwise what is tried, and how much of it.

mod act;
mod sea;
mod world;

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::harness::{App, Dice, on_both};
use act::{Act, any};
use sea::{Answer, Sea, explain};
use world::World;

/// Mornings, two days apart. It is over before thirty days are: what is older leaves the feed, and what was deleted so long ago cannot be
/// restored.
const MORNINGS: u64 = 14;
const APART: i64 = 2;
const ROUNDS: u64 = 200;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Rounds of so many acts at once, spread over the days; early on each day the server recycles what is due.
async fn live(app: App, width: usize) {
    let (seed, rounds) = (number("MODEL_SEED", 7), number("MODEL_ROUNDS", ROUNDS).max(MORNINGS));
    let mut dice = Dice(seed);
    let (mut world, mut sea) = World::new(app).await;
    let per_day = rounds.div_ceil(MORNINGS);
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let mut recycles_in = 0;
    for round in 0..rounds {
        if round % per_day == 0 {
            world.sleep(&mut sea, APART).await;
            recycles_in = round + dice.below(3) as u64;
        }
        let mut acts: Vec<Act> = (0..width).map(|_| any(&mut dice, &sea)).collect();
        if round == recycles_in {
            acts[0] = Act::Recycle;
        }
        let answers = join_all(acts.iter().enumerate().map(|(place, act)| act.ask(&world, place))).await;
        for code in answers.iter().flatten() {
            *told.entry(code.clone().unwrap_or_else(|| "done".to_owned())).or_default() += 1;
        }
        let answered: Vec<(Act, Answer)> = acts.into_iter().zip(answers).collect();
        let looked = world.look().await;
        let next = explain(&sea, &answered, &|sea| looked.is(sea));
        sea = next.unwrap_or_else(|| {
            let acts: String = answered.iter().map(|(act, answer)| format!("\n  {act:?} {answer:?}")).collect();
            panic!("MODEL_SEED={seed}, round {round}: no order of{acts}\nleads from {sea:?}\nto {looked:?}");
        });
    }
    check_told(&told, &sea);
    world.check(&sea).await;
}

/// That all of it happened is part of the test.
fn check_told(told: &BTreeMap<String, usize>, sea: &Sea) {
    for code in ["done", "not_found", "already_claimed", "already_pooled", "reclaim_cooldown", "item_quiet_period", "holding_cap_reached"] {
        assert!(told.contains_key(code), "{code} was never told: {told:?}");
    }
    let moves: Vec<&str> = sea.fish.iter().flat_map(|fish| fish.moves.iter().map(|(kind, ..)| *kind)).collect();
    for kind in ["claim", "release", "recycle", "transfer", "assign"] {
        assert!(moves.iter().filter(|moved| **moved == kind).count() > 1, "hardly any {kind}: {told:?}");
    }
}

#[test]
fn one_after_the_other_is_what_the_model_says() {
    on_both(|app| live(app, 1));
}

#[test]
fn what_happens_at_once_is_what_the_model_says_in_some_order() {
    on_both(|app| live(app, 6));
}
