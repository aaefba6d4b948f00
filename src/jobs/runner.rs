//! The loop that takes jobs and does their steps, one job at a time in each process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::dto::{Job, Status};
use super::lease::{self, Lease, Outcome};
use super::schedule;
use super::work::Work;
use crate::db::id::WorkspaceId;
use crate::db::types::Instant as Time;
use crate::db::{Actor, Db, Failure, Tx};
use crate::http::answer::Answer;
use crate::http::metrics::Metrics;
use crate::http::problem::Problem;

/// How often a server looks for what others have asked for.
const POLL: Duration = Duration::from_secs(2);
/// How long one job goes on before the next one has its turn.
const TURN: Duration = Duration::from_secs(1);
/// Longest pause between two steps.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The background work of this process. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    db: Db,
    works: Vec<Work>,
    metrics: Arc<Metrics>,
    wake: Notify,
    is_stopping: AtomicBool,
}

impl Jobs {
    pub fn new(db: Db, works: &[Work], metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Inner { db, works: works.to_vec(), metrics, wake: Notify::new(), is_stopping: AtomicBool::new(false) }))
    }

    /// Runs the write that answers a request by a job (`enqueue`): 202, and where the job is. Then wakes the loop.
    pub async fn accept<F>(&self, actor: &Actor, work: F) -> Result<Answer, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<Job, Failure> + Send + 'static,
    {
        let accepted = move |tx: &mut Tx<'_>| {
            let job = work(tx)?;
            Ok(Answer::accepted(format!("/api/v1/jobs/{}", job.id), job.version, &job)?)
        };
        let answer = self.0.db.answer(actor, accepted).await?;
        self.0.wake.notify_one();
        Ok(answer)
    }

    /// Works until it is stopped.
    pub async fn run(self) {
        let mut scheduled: Option<Time> = None;
        while !self.is_stopping() {
            let now = self.0.db.now();
            let worked = async {
                if scheduled.is_none_or(|at| at.plus(schedule::LOOKED_FOR_EVERY) <= now) {
                    schedule::complete(&self.0.db, &self.0.works).await?;
                    scheduled = Some(now);
                }
                self.turn().await
            };
            match worked.await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(problem) => tracing::warn!(%problem, "background jobs wait"),
            }
            // Whoever wakes it has something to do.
            let _ = tokio::time::timeout(POLL, self.0.wake.notified()).await;
        }
    }

    /// Does everything that is due, in this task, and then ends: for tests, which need not wait for the loop.
    pub async fn run_due(&self) -> Result<(), Problem> {
        schedule::complete(&self.0.db, &self.0.works).await?;
        while self.turn().await? {}
        Ok(())
    }

    /// Ends the loop after the current step.
    pub fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Release);
        self.0.wake.notify_one();
    }

    fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::Acquire)
    }

    /// Takes a job and does some of its steps. `false` when none is due.
    async fn turn(&self) -> Result<bool, Problem> {
        let Inner { db, works, .. } = &*self.0;
        let (known, now) = (works.clone(), db.now());
        if !db.read(move |conn| Ok(lease::is_due(conn, &known, now)?)).await? {
            return Ok(false);
        }
        let known = works.clone();
        let nobody = Actor::system(WorkspaceId::from_uuid(uuid::Uuid::nil()));
        let Some(lease) = db.write(&nobody, move |tx| lease::claim(tx, &known)).await? else { return Ok(false) };
        let lease = Arc::new(lease);
        let began = Instant::now();
        loop {
            let step = Instant::now();
            match self.with(&lease, lease::step).await {
                Ok(Outcome::More) if began.elapsed() < TURN && !self.is_stopping() => {
                    // Others write as long as it did.
                    tokio::time::sleep(step.elapsed().min(LONGEST_PAUSE)).await;
                }
                Ok(Outcome::More) => {
                    self.with(&lease, lease::release).await?;
                    return Ok(true);
                }
                Ok(outcome) => {
                    self.tell(&lease, outcome);
                    return Ok(true);
                }
                // No fault of the job: the database is away or busy.
                Err(problem) if problem.status().as_u16() == 503 => {
                    let _ = self.with(&lease, lease::release).await;
                    return Err(problem);
                }
                Err(problem) => {
                    tracing::warn!(%problem, kind = lease.work.name, job = %lease.id, "a step of a job failed");
                    let outcome = self.with(&lease, move |tx, lease| lease::fail(tx, lease, &problem)).await?;
                    self.tell(&lease, outcome);
                    return Ok(true);
                }
            }
        }
    }

    async fn with<T, F>(&self, lease: &Arc<Lease>, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &Lease) -> Result<T, Failure> + Send + 'static,
    {
        let held = Arc::clone(lease);
        self.0.db.write(&lease.actor, move |tx| work(tx, &held)).await
    }

    fn tell(&self, lease: &Lease, outcome: Outcome) {
        let (kind, job) = (lease.work.name, lease.id);
        let outcome = match outcome {
            Outcome::Ended(Status::Failed) => {
                tracing::error!(kind, %job, "a job has failed");
                Status::Failed.as_ref().to_owned()
            }
            Outcome::Ended(status) => {
                tracing::info!(kind, %job, status = status.as_ref(), "a job has ended");
                status.as_ref().to_owned()
            }
            Outcome::Retried => "retried".to_owned(),
            Outcome::More | Outcome::Lost => return,
        };
        let at = self.0.db.now().get().timestamp();
        self.0.metrics.job(kind, &outcome, at);
    }
}
