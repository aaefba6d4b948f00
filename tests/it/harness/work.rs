//! A kind of background work for tests: each step creates a customer, as the user who asked for it.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};

use fishpond::crm::customers::store::create;
use fishpond::db::types::Instant;
use fishpond::db::{Failure, Tx};
use fishpond::http::catalogue::Code;
use fishpond::http::problem::Problem;
use fishpond::jobs::{Step, Task, Work};
use serde_json::json;

/// Its arguments: `steps`; `breaks_until` and `panics_until`, instants; `refuses`, `is_partial`.
pub const WORK: Work = Work::new("test", step);
/// The same, of a kind that no server knows.
pub const UNKNOWN: Work = Work::new("unknown", step);

/// The jobs that are in a step at this moment.
static IN_STEP: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

struct InStep(String);

impl InStep {
    fn enter(task: &Task) -> Self {
        let id = task.id.to_string();
        assert!(IN_STEP.lock().expect("a set").insert(id.clone()), "two servers run {id}");
        Self(id)
    }
}

impl Drop for InStep {
    fn drop(&mut self) {
        IN_STEP.lock().expect("a set").remove(&self.0);
    }
}

fn step(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let _step = InStep::enter(task);
    let until = |name: &str| task.args[name].as_str().and_then(|text| text.parse::<Instant>().ok());
    assert!(until("panics_until").is_none_or(|until| tx.now >= until), "this step panics, as it should");
    if until("breaks_until").is_some_and(|until| tx.now < until) {
        return Err(Problem::new(Code::InternalError).into());
    }
    if task.args["refuses"] == true {
        return Err(Problem::new(Code::NameTaken).with("name", "x").into());
    }
    let (steps, next) = (task.args["steps"].as_i64().unwrap_or(1), task.state["next"].as_i64().unwrap_or(0));
    let customer = json!({ "name": format!("step {next}"), "kind": "person", "owner_id": tx.actor.user_id });
    create(tx, &task.scope()?, &serde_json::from_value(customer).expect("a customer"))?;
    task.keep(&json!({ "next": next + 1 }))?;
    (task.done, task.total) = (next + 1, Some(steps));
    Ok(match (next + 1 < steps, task.args["is_partial"] == true) {
        (true, _) => Step::More,
        (false, true) => Step::Partly(json!({ "customers": next + 1 })),
        (false, false) => Step::Done(json!({ "customers": next + 1 })),
    })
}
