//! What a feature says of a kind of work.

use chrono::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::auth::Scope;
use crate::db::id::JobId;
use crate::db::{Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// How many rows one step writes at most: other writes wait no longer than that takes.
pub const STEP_ROWS: i64 = 200;

/// Does the next part of a job, in a transaction of its own, and notes in the task where the one after it begins. It runs again when
/// the transaction loses a race.
pub type StepFn = fn(&mut Tx<'_>, &mut Task) -> Result<Step, Failure>;

/// A kind of work.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub name: &'static str,
    pub step: StepFn,
    pub schedule: Option<Schedule>,
}

/// How work comes again by itself.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// From the end of one run to the next. After a pause of the server it runs once.
    pub every: Duration,
    /// Once for the whole server instead of once in each workspace.
    pub is_of_server: bool,
}

impl Work {
    /// Work that is asked for.
    pub const fn new(name: &'static str, step: StepFn) -> Self {
        Self { name, step, schedule: None }
    }

    /// The system does it in each workspace.
    pub const fn every(self, every: Duration) -> Self {
        Self { schedule: Some(Schedule { every, is_of_server: false }), ..self }
    }

    /// The system does it for the whole server.
    pub const fn every_for_all(self, every: Duration) -> Self {
        Self { schedule: Some(Schedule { every, is_of_server: true }), ..self }
    }
}

/// What a step has done.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// There is more to do.
    More,
    /// That was all; this is the job's result.
    Done(Value),
    /// That was all, and not everything could be done.
    Partly(Value),
}

/// A job as its steps see it.
#[derive(Debug)]
pub struct Task {
    pub id: JobId,
    /// What it was asked for with.
    pub args: Value,
    /// Where this step begins; what the step leaves here, the next one finds. An empty object at first.
    pub state: Value,
    pub done: i64,
    pub total: Option<i64>,
    /// Where to read what could not be done.
    pub errors_url: Option<String>,
    /// What the user who asked for it sees and may change by now; `None` is the system.
    pub scope: Option<Scope>,
}

impl Task {
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.args)
    }

    pub fn state<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(&self.state)
    }

    pub fn keep(&mut self, state: &impl Serialize) -> Result<(), Failure> {
        self.state = value(state)?;
        Ok(())
    }

    /// For work that only users ask for.
    pub fn scope(&self) -> Result<Scope, Failure> {
        self.scope.ok_or_else(|| Problem::new(Code::InternalError).into())
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    T::deserialize(value).map_err(|error| {
        tracing::error!(%error, "a job has arguments or a state that its work does not know");
        Problem::new(Code::InternalError).into()
    })
}

pub fn value(content: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(content).map_err(|error| {
        tracing::error!(%error, "a job's arguments or state cannot be stored");
        Problem::new(Code::InternalError).into()
    })
}
