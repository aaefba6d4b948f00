//! The admission gate: as many units of work as there are connections, a short queue, and a quick no for the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Longest wait in the queue. The queue is short: whoever finds it full is told at once, and this ends only waits behind
/// connections that are stuck.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Gate {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

/// Counts itself out of the queue however the wait ends.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Gate {
    pub fn new(places: usize, queue: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(places)), waiting: AtomicUsize::new(0), queue }
    }

    pub fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Problem::new(Code::Overloaded));
        }
        let _waiting = Waiting(&self.waiting);
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::new(Code::Overloaded)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn the_queue_is_bounded_and_empties() {
        let gate = Gate::new(1, 1);
        let held = gate.enter().await.expect("a free place");
        let (waited, refused) = tokio::join!(gate.enter(), async {
            let refused = gate.enter().await;
            drop(held);
            refused
        });
        assert!(waited.is_ok() && refused.is_err());
        drop(waited);
        assert!(gate.enter().await.is_ok());
        assert_eq!(gate.waiting.load(Ordering::Acquire), 0);
    }
}
