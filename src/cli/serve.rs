//! Serving the API, until a signal says to stop.

use std::time::Duration;

use super::{Outcome, Serve, greeting, log_to_stderr, signals};
use crate::db::Db;
use crate::server::{self, Running};

pub fn serve(options: &Serve) -> Outcome {
    let config = options.common.load(options.listen.clone().map(|listen| ("listen".to_owned(), listen)).into_iter().collect())?;
    log_to_stderr(&config);
    actix_web::rt::System::new().block_on(async {
        let running = server::start(&config, &server::WORKS, greeting::introduce)?;
        // Before anybody is told that it listens, and may stop it.
        let stopped = signals::first()?;
        greeting::greet(&running)?;
        let (handle, draining, jobs) = (running.server.handle(), running.draining.clone(), running.jobs.clone());
        actix_web::rt::spawn(async move {
            stopped.await;
            tracing::info!("stopping");
            Running::stop(handle, &draining, &jobs).await;
        });
        running.server.await?;
        if tokio::time::timeout(Duration::from_secs(config.shutdown_seconds), running.worker).await.is_err() {
            tracing::warn!("a background job was left in the middle of a step; it will be taken up again");
        }
        Db::checkpoint(&config.database);
        Ok(())
    })
}
