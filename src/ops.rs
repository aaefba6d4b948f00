//! What operators and tools ask: is it alive, is it ready, which problems are there, the document itself.

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use diesel::connection::SimpleConnection;
use serde::Serialize;
use utoipa::ToSchema;

use crate::changes::Feed;
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::catalogue::{Code, Entry};
use crate::http::document::Document;
use crate::http::draining::Draining;
use crate::http::metrics::Metrics;
use crate::http::problem::Problem;

/// How long the database may take to say that it is there.
const READY_WITHIN: Duration = Duration::from_millis(500);

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
}

const HEALTHY: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Is the process alive?
///
/// Asks nobody else.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It is.", body = Health)), security(()))]
#[get("/livez")]
pub async fn get_livez() -> Result<Answer, Problem> {
    Answer::ok(&HEALTHY)
}

/// Can it answer requests?
///
/// 503 when the database does not answer within half a second, or the server is stopping.
#[utoipa::path(tag = "operations", responses((status = 200, description = "It can.", body = Health)), security(()))]
#[get("/readyz")]
pub async fn get_readyz(db: Data<Db>, draining: Data<Draining>) -> Result<Answer, Problem> {
    if draining.is_on() {
        return Err(Problem::new(Code::ShuttingDown));
    }
    let asked = db.read(|conn| Ok(conn.batch_execute("SELECT 1")?));
    tokio::time::timeout(READY_WITHIN, asked).await.unwrap_or_else(|_| Err(Problem::new(Code::DatabaseUnavailable)))?;
    Answer::ok(&HEALTHY)
}

/// What a problem code means.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemExplanation {
    #[schema(example = "validation_failed")]
    pub code: String,
    #[schema(example = 422)]
    pub status: u16,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    pub title: Texts,
    /// With `{names}` for what is in `meta`.
    pub detail: Texts,
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Texts {
    pub en: &'static str,
    pub zh: &'static str,
}

/// Explain a problem code
///
/// The page that a problem's `type` points to.
#[utoipa::path(
    tag = "operations",
    params(("code" = String, Path, description = "For example `validation_failed`.")),
    responses((status = 200, description = "What it means.", body = ProblemExplanation)),
    security(()),
)]
#[get("/problems/{code}")]
pub async fn get_problem(code: Path<String>) -> Result<Answer, Problem> {
    let code: Code = code.parse().map_err(|_| Problem::not_found())?;
    let Entry { status, title: [title_en, title_zh], detail: [detail_en, detail_zh] } = code.entry();
    Answer::ok(&ProblemExplanation {
        code: code.name().to_owned(),
        status,
        retryable: code.retryable(),
        title: Texts { en: title_en, zh: title_zh },
        detail: Texts { en: detail_en, zh: detail_zh },
    })
}

/// The document itself is not in the document.
#[get("/openapi.json")]
pub async fn get_openapi(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.text.clone())
}

/// On the metrics listener only.
#[get("/metrics")]
pub async fn get_metrics(db: Data<Db>, feed: Data<Feed>, metrics: Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.text(db.statements(), feed.waiting()))
}
