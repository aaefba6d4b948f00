//! Who waits for a change, and how they hear of one.
//!
//! A request that waits holds no connection and no place at the gate: it has read to the end of the log, and sleeps. One task of the
//! process looks whether the log goes on, whenever something was committed here, and each second for what other processes
//! commit. It wakes the waiting requests of the workspaces that have something new, and these read for themselves, few at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::feed::{End, Feed};
use super::rows;
use crate::db::Db;
use crate::db::id::WorkspaceId;

/// How often other processes' writes are looked for, while somebody waits.
const OTHERS: Duration = Duration::from_secs(1);
/// The pause after each look: however much is written, the log is not looked at more often.
const PAUSE: Duration = Duration::from_millis(5);
/// Requests that read at the same time when many are woken at once.
const AT_ONCE: usize = 2;

pub struct Waiting {
    workspaces: Mutex<HashMap<WorkspaceId, watch::Sender<()>>>,
    /// Rings when somebody begins to wait.
    arrived: Notify,
    turns: Arc<Semaphore>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { workspaces: Mutex::default(), arrived: Notify::new(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Waiting {
    /// Begins to listen. To be called before the log is read, so that nothing is missed in between.
    pub fn listen(&self, workspace_id: WorkspaceId) -> watch::Receiver<()> {
        let receiver = {
            let mut workspaces = self.workspaces();
            workspaces.retain(|_, sender| sender.receiver_count() > 0);
            workspaces.entry(workspace_id).or_default().subscribe()
        };
        self.arrived.notify_one();
        receiver
    }

    /// A turn to read, for somebody who was woken together with many.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    pub fn count(&self) -> usize {
        self.workspaces().values().map(watch::Sender::receiver_count).sum()
    }

    fn tell(&self, which: impl Fn(&WorkspaceId) -> bool) {
        self.workspaces().iter().filter(|(workspace_id, _)| which(workspace_id)).for_each(|(_, sender)| {
            sender.send_replace(());
        });
    }

    fn workspaces(&self) -> MutexGuard<'_, HashMap<WorkspaceId, watch::Sender<()>>> {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that wakes those who wait; there is one in a process.
pub async fn watch(db: Db, feed: Feed) {
    let mut known = None;
    loop {
        if feed.waiting() == 0 {
            feed.waiting.arrived.notified().await;
            known = None;
        }
        let is_held = match look(&db, &feed, known).await {
            Some(End { complete, is_held }) => {
                known = Some(complete);
                is_held
            }
            // The database is away, or everybody wants it.
            None => false,
        };
        tokio::time::sleep(PAUSE).await;
        if !is_held {
            // Either way it is time to look again.
            let _ = tokio::time::timeout(OTHERS, db.committed()).await;
        }
    }
}

/// Tells those of whom there is something new behind `known`, or all when nothing is known.
async fn look(db: &Db, feed: &Feed, known: Option<i64>) -> Option<End> {
    let reading = feed.clone();
    let looked = db.read(move |conn| {
        let end = reading.end(conn)?;
        let new = match known {
            Some(known) if known < end.complete => rows::workspaces(conn, known, end.complete)?,
            _ => Vec::new(),
        };
        Ok((end, new))
    });
    let (end, new) = looked.await.inspect_err(|problem| tracing::warn!(%problem, "the log of changes was not looked at")).ok()?;
    feed.waiting.tell(|workspace_id| known.is_none() || new.contains(workspace_id));
    Some(end)
}
