//! Puts the server together: database, first workspace, authentication, and the actix app with its guards in order.

use std::any::Any;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use utoipa_swagger_ui::SwaggerUi;

use crate::api::{document, routes};
use crate::auth::Auth;
use crate::auth::caller::authenticate;
use crate::changes::{self, Feed};
use crate::config::Config;
use crate::crm::customers::ownership::END_COLLABORATIONS;
use crate::crm::customers::ownership::many::TRANSFER;
use crate::crm::feed::SHOWN;
use crate::crm::handovers::work::HAND_OVER;
use crate::crm::notifications::PURGE_NOTIFICATIONS;
use crate::crm::pools::work::REINDEX;
use crate::crm::purge;
use crate::crm::recycling::work as recycling;
use crate::db::migrate::MigrateError;
use crate::db::{Db, Failure, OpenError};
use crate::http::draining::Draining;
use crate::http::metrics::Metrics;
use crate::http::problem::Problem;
use crate::http::schemas::Schemas;
use crate::http::shell::{ShellOptions, no_route, shell, spare_small};
use crate::jobs::{self, Jobs, Work};
use crate::ops;
use crate::setup::{self, FirstAdmin};

/// Every kind of background job.
pub const WORKS: [Work; 13] = {
    let [changes, keys, sessions, jobs] = jobs::chores::CHORES;
    [
        purge::PURGE,
        recycling::RECYCLE,
        recycling::REMIND,
        recycling::RECOMPUTE,
        REINDEX,
        TRANSFER,
        HAND_OVER,
        END_COLLABORATIONS,
        PURGE_NOTIFICATIONS,
        changes,
        keys,
        sessions,
        jobs,
    ]
};

/// Longest time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long answers may wait for a client that does not read them.
#[cfg(target_os = "linux")]
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a server that is to stop still answers everybody, each on its connection for the last time. What a connection has sent
/// and nobody has read yet would be lost if all were closed at once.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why the server cannot start.
#[derive(Debug)]
pub enum StartError {
    Open(OpenError),
    Migrate(MigrateError),
    Problem(Problem),
    Listen(SocketAddr, std::io::Error),
    Other(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Migrate(error) => error.fmt(f),
            Self::Problem(problem) => problem.fmt(f),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for StartError {}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<MigrateError> for StartError {
    fn from(error: MigrateError) -> Self {
        Self::Migrate(error)
    }
}

impl From<Problem> for StartError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// A server that answers.
pub struct Running {
    pub address: SocketAddr,
    pub metrics_address: Option<SocketAddr>,
    pub draining: Draining,
    pub jobs: Jobs,
    /// Ends when the server has stopped.
    pub server: Server,
    /// Ends after the step that a background job is in when it is stopped.
    pub worker: JoinHandle<()>,
}

impl Running {
    /// Stops taking jobs, says farewell on all connections, takes no more of them, finishes what is in flight, then ends.
    pub async fn stop(handle: ServerHandle, draining: &Draining, jobs: &Jobs) {
        draining.begin();
        jobs.stop();
        actix_web::rt::time::sleep(FAREWELL).await;
        handle.stop(true).await;
    }
}

/// Opens the database, migrates it, and starts listening. Must be called in an actix system. `announce` is told at once of the
/// administrator of an empty database: nothing that fails later may swallow a generated password. `works` are the background jobs that
/// it knows how to do.
pub fn start(config: &Config, works: &[Work], announce: impl FnOnce(&FirstAdmin)) -> Result<Running, StartError> {
    // First the address: a port that is taken must not leave a workspace behind whose password nobody saw.
    let unavailable = |error| StartError::Listen(config.listen, error);
    let listener = TcpListener::bind(config.listen).map_err(unavailable)?;
    let address = listener.local_addr().map_err(unavailable)?;
    let db = Db::open(&config.database, &config.pool, config.clock.clone(), true)?;
    setup::migrate_and_seed(config)?.1.as_ref().map(announce);
    if config.database.sqlite_path().is_some() {
        // Nobody else has the file.
        let ended = Db::setup(&config.database, |conn| jobs::end_leases(conn, config.clock.now()))?;
        ended.map_err(|error| Failure::from(error).into_problem())?;
    }
    let document = Arc::new(document());
    let schemas = Data::new(Schemas::new(Arc::clone(&document)));
    let issuer = config.public_url.as_deref().unwrap_or("fishpond");
    let auth = Data::new(Auth::start(db.clone(), &config.database, issuer)?);
    let metrics = Arc::new(Metrics::new().map_err(|error| StartError::Other(error.to_string()))?);
    let options = Data::new(ShellOptions {
        document: Arc::clone(&document),
        metrics: Arc::clone(&metrics),
        trusted_proxies: config.trusted_proxies.clone(),
    });
    let jobs = Jobs::new(db.clone(), works, Arc::clone(&metrics));
    let metrics = Data::from(metrics);
    let (feed, draining) = (Data::new(Feed::new(SHOWN)), Draining::default());
    actix_web::rt::spawn(changes::watch(db.clone(), Feed::clone(&feed)));
    let data = (Data::new(db.clone()), Data::from(document), Data::new(draining.clone()));
    let origins = config.cors_origins.clone();

    let taken = Data::new(jobs.clone());

    crate::crm::phones::warm_up();
    let metrics_feed = feed.clone();
    let server = HttpServer::new(move || {
        let (db, document, draining) = data.clone();
        App::new()
            .app_data(db)
            .app_data(document)
            .app_data(draining)
            .app_data(schemas.clone())
            .app_data(auth.clone())
            .app_data(feed.clone())
            .app_data(taken.clone())
            .app_data(options.clone())
            .configure(routes)
            .service(ops::get_openapi)
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none")))
            .default_service(web::to(no_route))
            // The last one wrapped is the first one entered.
            .wrap(from_fn(authenticate))
            .wrap(from_fn(spare_small))
            .wrap(Compress::default())
            .wrap(from_fn(shell))
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
    })
    .workers(config.workers)
    .max_connections(config.max_connections)
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    // Whoever has gone is not waited for, nor who does not read.
    .h1_allow_half_closed(false)
    .on_connect(|connection, _| give_up_on_stalled_readers(connection))
    .shutdown_timeout(config.shutdown_seconds)
    .disable_signals()
    .listen(listener)
    .map_err(unavailable)?;
    let metrics_address = config.metrics_listen.and_then(|at| serve_metrics(at, db.clone(), metrics_feed, metrics));
    let worker = actix_web::rt::spawn(futures_util::future::OptionFuture::from(config.does_jobs.then(|| jobs.clone().run())).map(|_| ()));
    Ok(Running { address, metrics_address, draining, jobs, server: server.run(), worker })
}

/// The framework waits for ever until an answer is read, with the answer in memory. The kernel need not: it ends a connection that
/// takes nothing. Where it cannot be asked to, nothing is lost but that.
fn give_up_on_stalled_readers(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>()
        && let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(READ_TIMEOUT))
    {
        tracing::debug!(%error, "a connection has no limit for readers that stall");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = connection;
}

/// Browsers of the allowed origins only; none by default.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "accept-language",
            "x-request-id",
        ])
        .expose_headers(["etag", "location", "link", "error-code", "retry-after", "x-request-id", "api-version", "idempotency-replayed"])
        .max_age(3600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// A taken port is a warning, not an end: the API matters more than its numbers.
fn serve_metrics(at: SocketAddr, db: Db, feed: Data<Feed>, metrics: Data<Metrics>) -> Option<SocketAddr> {
    let bound = TcpListener::bind(at).and_then(|listener| {
        let address = listener.local_addr()?;
        let db = Data::new(db);
        let server = HttpServer::new(move || {
            App::new().app_data(db.clone()).app_data(feed.clone()).app_data(metrics.clone()).service(ops::get_metrics)
        });
        let server = server.workers(1).disable_signals().listen(listener)?;
        actix_web::rt::spawn(server.run());
        Ok(address)
    });
    bound.inspect_err(|error| tracing::warn!(%error, address = %at, "no metrics: cannot listen")).ok()
}
