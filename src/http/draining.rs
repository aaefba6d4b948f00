//! Whether the server is on its way out, and who waits to hear of it.

use tokio::sync::watch;

#[derive(Debug, Clone, Default)]
pub struct Draining(watch::Sender<bool>);

impl Draining {
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    pub fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it has begun.
    pub async fn begun(&self) {
        // The sender is `self`: waiting does not fail.
        let _ = self.0.subscribe().wait_for(|is_on| *is_on).await;
    }
}
