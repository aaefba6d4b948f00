//! The admission gate: as much work at a time as there are places, a short line, and a quick no for the rest.
//!
//! A thread that is done takes who is next in line: under load nobody is put to sleep and woken for each piece of work.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::failure::Failure;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Longest wait in the line. The line is short: whoever finds it full is told at once, and this ends only waits behind
/// work that is stuck.
const PATIENCE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() + Send>;

#[derive(Clone)]
pub struct Gate {
    line: Arc<Mutex<Line>>,
    /// How much work may wait.
    longest: usize,
}

struct Line {
    free: usize,
    /// Each with its number, in their order.
    waiting: VecDeque<(u64, Job)>,
    next: u64,
}

impl Gate {
    pub fn new(places: usize, longest: usize) -> Self {
        Self { line: Arc::new(Mutex::new(Line { free: places, waiting: VecDeque::new(), next: 0 })), longest }
    }

    /// Does work that may block, on a thread for such work. It is done even when nobody waits for it any more, once it has begun.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let (answer, mut answered) = oneshot::channel();
        let job = Box::new(move || {
            let _ = answer.send(work());
        });
        let outcome = match self.admit(job)? {
            None => answered.await,
            Some(waiting) => match timeout(PATIENCE, &mut answered).await {
                Ok(outcome) => outcome,
                Err(_) if waiting.leave() => return Err(Problem::new(Code::Overloaded)),
                Err(_) => answered.await,
            },
        };
        outcome.map_err(|_| Failure::Panic.into_problem())
    }

    /// A place for work that is done where it is asked for, if one is free.
    pub fn try_enter(&self) -> Option<Place<'_>> {
        let mut line = self.line();
        line.free = line.free.checked_sub(1)?;
        Some(Place(self))
    }

    /// Starts a job or puts it in line.
    fn admit(&self, job: Job) -> Result<Option<Waiting<'_>>, Problem> {
        let mut line = self.line();
        if line.free > 0 {
            line.free -= 1;
            drop(line);
            self.start(job);
            return Ok(None);
        }
        if line.waiting.len() >= self.longest {
            return Err(Problem::new(Code::Overloaded));
        }
        let number = line.next;
        line.next += 1;
        line.waiting.push_back((number, job));
        Ok(Some(Waiting { gate: self, number }))
    }

    fn start(&self, job: Job) {
        let gate = self.clone();
        spawn_blocking(move || {
            let mut next = Some(job);
            while let Some(job) = next {
                // Who waits for it sees that there is no answer.
                let _ = catch_unwind(AssertUnwindSafe(job));
                // Else, with few cores, this thread would not let those go on that read requests and refuse them.
                std::thread::yield_now();
                next = gate.pass_on();
            }
        });
    }

    /// Gives a place to the next in line, or back.
    fn pass_on(&self) -> Option<Job> {
        let mut line = self.line();
        let next = line.waiting.pop_front();
        line.free += usize::from(next.is_none());
        next.map(|(_, job)| job)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place of one's own.
pub struct Place<'g>(&'g Gate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.pass_on().into_iter().for_each(|job| self.0.start(job));
    }
}

/// Somebody in line, who leaves it when the wait ends.
struct Waiting<'g> {
    gate: &'g Gate,
    number: u64,
}

impl Waiting<'_> {
    /// Whether it was still there.
    fn leave(&self) -> bool {
        let mut line = self.gate.line();
        let at = line.waiting.binary_search_by_key(&self.number, |(number, _)| *number);
        at.is_ok_and(|at| line.waiting.remove(at).is_some())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Work that takes until it is told to end.
    fn lasting() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (end, ended) = mpsc::channel();
        (end, move || ended.recv().expect("the end"))
    }

    async fn until(gate: &Gate, is_so: impl Fn(&Line) -> bool) {
        while !is_so(&gate.line()) {
            tokio::task::yield_now().await;
        }
    }

    #[actix_web::test]
    async fn the_line_is_bounded_and_empties() {
        let gate = Gate::new(1, 1);
        let (end, work) = lasting();
        let (first, second, refused) = tokio::join!(gate.run(work), gate.run(|| 2), async {
            until(&gate, |line| line.waiting.len() == 1).await;
            let refused = gate.run(|| 3).await;
            end.send(()).expect("the work waits");
            refused
        });
        assert!(first.is_ok() && second == Ok(2) && refused.is_err());
        // The answer comes a moment before the place is given back.
        until(&gate, |line| line.free == 1).await;
        assert!(gate.try_enter().is_some());
    }

    #[actix_web::test]
    async fn who_leaves_the_line_is_not_worked_for() {
        let gate = Gate::new(1, 2);
        let (end, work) = lasting();
        let (done, was_done) = mpsc::channel();
        let held = gate.try_enter().expect("a free place");
        let waits = Box::pin(gate.run(move || done.send(())));
        assert!(timeout(Duration::from_millis(1), waits).await.is_err());
        let (lasted, ()) = tokio::join!(gate.run(work), async {
            until(&gate, |line| line.waiting.len() == 1).await;
            drop(held);
            end.send(()).expect("the work waits");
        });
        assert!(lasted.is_ok());
        assert!(was_done.recv().is_err(), "its work is gone");
    }

    #[actix_web::test]
    async fn a_wait_behind_what_is_stuck_ends() {
        let gate = Gate::new(1, 2);
        let _held = gate.try_enter().expect("a free place");
        assert!(gate.run(|| ()).await.is_err());
        assert!(gate.line().waiting.is_empty());
    }

    #[actix_web::test]
    async fn a_panic_gives_its_place_back() {
        let gate = Gate::new(1, 1);
        assert!(gate.run(|| panic!("as asked")).await.is_err());
        assert_eq!(gate.run(|| 1).await, Ok(1));
    }
}
