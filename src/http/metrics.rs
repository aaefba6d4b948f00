//! What the server counts about itself, in Prometheus' text format on a listener of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::db::Statements;

const KNOWN_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    statements: IntGauge,
    prepared: IntGauge,
    waiting: IntGauge,
    jobs: IntCounterVec,
    last_jobs: IntGaugeVec,
}

impl Metrics {
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(Opts::new("fishpond_http_requests_total", "Requests answered."), &["method", "route", "status"])?;
        let buckets = vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let durations = HistogramVec::new(
            HistogramOpts::new("fishpond_http_request_duration_seconds", "Time from the request's head to its answer.").buckets(buckets),
            &["method", "route"],
        )?;
        let statements = IntGauge::new("fishpond_sql_statements", "SQL statements run since the start.")?;
        let prepared = IntGauge::new("fishpond_sql_prepared", "SQL statements prepared since the start, each kept by its connection.")?;
        let waiting = IntGauge::new("fishpond_feed_waiting", "Requests that wait for a change.")?;
        let jobs = IntCounterVec::new(
            Opts::new("fishpond_jobs_total", "Background jobs that ended here, or failed for now."),
            &["kind", "outcome"],
        )?;
        let last_jobs = IntGaugeVec::new(
            Opts::new("fishpond_job_last_end_timestamp_seconds", "When a background job last ended here."),
            &["kind", "outcome"],
        )?;
        registry.register(Box::new(waiting.clone()))?;
        registry.register(Box::new(jobs.clone()))?;
        registry.register(Box::new(last_jobs.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(statements.clone()))?;
        registry.register(Box::new(prepared.clone()))?;
        Ok(Self { registry, requests, durations, statements, prepared, waiting, jobs, last_jobs })
    }

    pub fn observe(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        // Callers may invent methods; labels are kept for ever.
        let method = if KNOWN_METHODS.contains(&method) { method } else { "other" };
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.durations.with_label_values(&[method, route]).observe(elapsed.as_secs_f64());
    }

    /// A job has ended, or failed for now.
    pub fn job(&self, kind: &str, outcome: &str, at: i64) {
        self.jobs.with_label_values(&[kind, outcome]).inc();
        self.last_jobs.with_label_values(&[kind, outcome]).set(at);
    }

    pub fn text(&self, statements: &Statements, waiting: usize) -> Vec<u8> {
        let count = |number: &AtomicU64| i64::try_from(number.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.statements.set(count(&statements.run));
        self.prepared.set(count(&statements.prepared));
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        text
    }
}
