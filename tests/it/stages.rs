//! Pipelines, moves through their stages, and the history of the moves.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use fishpond::db::clock;
use fishpond::db::id::{PipelineId, StageId, WorkspaceId};
use fishpond::db::schema::{pipelines, stages, workspaces};
use serde_json::{Value, json};

use crate::harness::{Actor, App, Reply, on_both};

mod faulty;
mod races;

const FIRST: usize = 0;

const SECOND: usize = 1;

const THIRD: usize = 2;

const WON: usize = 4;

const LOST: usize = 5;

const VOID: usize = 6;

/// An opportunity and the stages of its pipeline.
struct Deal {
    actor: Actor,
    id: String,
    stages: Vec<Value>,
}

impl Deal {
    async fn new(actor: &Actor, mut members: Value) -> Self {
        let customer = actor.post("/customers", json!({ "name": "C", "kind": "organization" })).await.created();
        (members["name"], members["customer_id"]) = (json!("O"), customer["id"].clone());
        let made = actor.post("/opportunities", members).await.created();
        let stages = actor.get("/pipelines").await.ok()["data"][0]["stages"].as_array().unwrap().clone();
        Self { actor: actor.clone(), id: made["id"].as_str().unwrap().to_owned(), stages }
    }

    fn path(&self) -> String {
        format!("/opportunities/{}", self.id)
    }

    async fn now(&self) -> Value {
        self.actor.get(&self.path()).await.ok()
    }

    /// Tries a move, with these members besides.
    async fn go(&self, place: usize, mut members: Value) -> Reply {
        members["to_stage_id"] = self.stages[place]["id"].clone();
        self.actor.post(&format!("{}/move", self.path()), members).await
    }

    async fn history(&self) -> Vec<Value> {
        self.actor.get(&format!("{}/stage-history", self.path())).await.ok()["data"].as_array().unwrap().clone()
    }

    /// The places it has been in.
    async fn places(&self) -> Vec<usize> {
        let place = |stay: &Value| self.stages.iter().position(|stage| stage["id"] == stay["stage_id"]).unwrap();
        self.history().await.iter().map(place).collect()
    }
}

fn cny(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "CNY" })
}

/// Another pipeline of the first workspace, with one open stage; gives both ids.
fn db_pipeline(app: &App) -> (String, String) {
    let (pipeline, stage, now) = (PipelineId::new(), StageId::new(), clock::now());
    app.db(|conn| {
        let workspace: WorkspaceId = workspaces::table.select(workspaces::id).order(workspaces::id).first(conn).unwrap();
        let own = (pipelines::workspace_id.eq(workspace), pipelines::id.eq(pipeline), pipelines::version.eq(1_i64));
        let labels = (pipelines::code.eq("renewal"), pipelines::label_zh.eq("续约"), pipelines::label_en.eq("Renewal"));
        let rest = (pipelines::is_default.eq(false), pipelines::created_at.eq(now), pipelines::updated_at.eq(now));
        diesel::insert_into(pipelines::table).values((own, labels, rest)).execute(conn).unwrap();
        let own = (stages::workspace_id.eq(workspace), stages::id.eq(stage), stages::pipeline_id.eq(pipeline));
        let labels = (stages::code.eq("due"), stages::label_zh.eq("到期"), stages::label_en.eq("Due"), stages::position.eq(1));
        let rest = (stages::kind.eq("open"), stages::probability.eq(90), stages::forecast_category.eq("commit"));
        diesel::insert_into(stages::table).values((own, labels, rest)).execute(conn).unwrap();
    });
    (pipeline.to_string(), stage.to_string())
}

/// What the default pipeline should be.
fn assert_default(pipelines: &Value) {
    let [pipeline] = pipelines["data"].as_array().unwrap().as_slice() else { panic!("one: {pipelines:#}") };
    assert_eq!((&pipeline["is_default"], &pipeline["code"]), (&json!(true), &json!("default")));
    assert!(["zh", "en"].iter().all(|language| !pipeline["label"][language].as_str().unwrap().is_empty()));
    let stages = pipeline["stages"].as_array().unwrap();
    let shown: Vec<(&str, i64, &str)> = stages
        .iter()
        .map(|stage| (stage["label"]["zh"].as_str().unwrap(), stage["probability"].as_i64().unwrap(), stage["kind"].as_str().unwrap()))
        .collect();
    let expected = [
        ("初步接触", 10, "open"),
        ("需求确认", 25, "open"),
        ("方案报价", 50, "open"),
        ("谈判", 75, "open"),
        ("赢单", 100, "won"),
        ("输单", 0, "lost"),
        ("无效", 0, "void"),
    ];
    assert_eq!(shown, expected);
    assert!(stages.iter().all(|stage| stage["label"]["en"].as_str().unwrap().is_ascii()));
    assert!(stages.is_sorted_by(|a, b| a["order"].as_i64() < b["order"].as_i64()));
}

#[test]
fn every_workspace_has_the_default_pipeline() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        let (own, theirs) = (admin.get("/pipelines").await.ok(), stranger.get("/pipelines").await.ok());
        assert_default(&own);
        assert_default(&theirs);
        assert_ne!(own["data"][0]["id"], theirs["data"][0]["id"]);
        for role in ["viewer", "rep"] {
            assert_eq!(app.user(role).await.get("/pipelines").await.ok(), own);
        }
        admin.get("/pipelines?limit=1").await.problem(400, "unknown_parameter");
        app.anyone().get("/pipelines").await.problem(401, "unauthenticated");

        // As in a workspace that is older than pipelines.
        app.db(|conn| conn.batch_execute("DELETE FROM stages; DELETE FROM pipelines").unwrap());
        assert_eq!(admin.get("/pipelines").await.ok()["data"], json!([]));
        for _ in 0..2 {
            fishpond::setup::migrate_and_seed(&app.config).unwrap();
            assert_default(&admin.get("/pipelines").await.ok());
            assert_default(&stranger.get("/pipelines").await.ok());
        }
        let deal = Deal::new(&admin, json!({})).await;
        assert_eq!(deal.now().await["stage_id"], deal.stages[FIRST]["id"]);
    });
}

#[test]
fn an_opportunity_goes_through_the_stages() {
    on_both(|app| async move {
        let (admin, manager) = (app.admin().await, app.user("manager").await);
        let deal = Deal::new(&admin, json!({ "amount": cny("1000") })).await;
        let made = deal.now().await;
        let third = deal.go(THIRD, json!({ "note": " they asked for it " })).await;
        assert_eq!(third.header("etag"), "\"v2\"");
        let third = third.ok();
        assert_eq!((&third["stage_id"], &third["weighted_amount"]), (&deal.stages[THIRD]["id"], &cny("500.00")));
        assert_eq!((&third["closed_at"], &third["version"], &third["owner_id"]), (&Value::Null, &json!(2), &made["owner_id"]));
        assert_eq!((&third["stage_entered_at"], deal.now().await), (&third["updated_at"], third.clone()));
        admin.patch(&deal.path(), json!({ "amount": cny("2000"), "probability": 40 })).await.ok();
        let input = json!({ "to_stage_id": deal.stages[SECOND]["id"], "note": "" });
        let second = manager.post(&format!("{}/move", deal.path()), input).await.ok();
        let won = deal.go(WON, json!({ "reason_code": "relationship", "closed_at": "2026-01-02T08:00:00+08:00" })).await.ok();
        assert_eq!((&won["stage_kind"], &won["closed_at"]), (&json!("won"), &json!("2026-01-02T00:00:00.000Z")));
        assert_eq!((&won["close_reason_code"], &won["weighted_amount"]), (&json!("relationship"), &cny("2000.00")));
        let after = admin.patch(&deal.path(), json!({ "amount": cny("3000"), "probability": 1 })).await.ok();

        let stay = |stage: usize, entered: &Value, left: &Value, by: &str, amount: &str, probability: i64| {
            json!({
                "stage_id": deal.stages[stage]["id"], "entered_at": entered, "left_at": left, "by_id": by, "amount": cny(amount),
                "probability": probability
            })
        };
        let at = |opportunity: &Value| opportunity["stage_entered_at"].clone();
        let expected = [
            stay(FIRST, &at(&made), &at(&third), &admin.id, "1000.00", 10),
            stay(THIRD, &at(&third), &at(&second), &admin.id, "1000.00", 50),
            stay(SECOND, &at(&second), &at(&won), &manager.id, "2000.00", 40),
            stay(WON, &at(&won), &Value::Null, &admin.id, "2000.00", 100),
        ];
        assert_eq!(deal.history().await, expected, "as it was then, whatever was patched since");
        assert_eq!(at(&after), at(&won));

        let feed = admin.changes().await;
        let moves: Vec<&Value> =
            feed["data"].as_array().unwrap().iter().filter(|change| change["type"] == "opportunity.stage_moved").collect();
        assert_eq!(moves.len(), 3);
        let changed = &moves[0]["changed"];
        assert_eq!(changed["stage_id"], json!({ "from": made["stage_id"], "to": third["stage_id"] }));
        assert_eq!(changed["note"], json!({ "from": null, "to": "they asked for it" }));
        assert_eq!(moves[1]["actor"]["id"], json!(manager.id));
        assert_eq!(moves[2]["changed"]["close_reason_code"], json!({ "from": null, "to": "relationship" }));
    });
}

#[test]
fn what_is_closed_can_be_opened_again() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let deal = Deal::new(&admin, json!({ "amount": cny("5") })).await;
        let mut last = deal.now().await;
        for (place, reason) in [(WON, Value::Null), (LOST, json!("price")), (VOID, Value::Null), (VOID, json!("duplicate"))] {
            let closed = deal.go(place, json!({ "reason_code": reason })).await.ok();
            assert_eq!(
                (&closed["closed_at"], &closed["close_reason_code"]),
                (&closed["stage_entered_at"], &reason),
                "now, to the millisecond"
            );
            assert!(closed["closed_at"].as_str() >= last["updated_at"].as_str());
            for other in [WON, LOST, VOID].into_iter().filter(|other| *other != place) {
                deal.go(other, json!({ "reason_code": "price" })).await.invalid(&[("/to_stage_id", "not_reopened")]);
            }
            assert_eq!(deal.now().await, closed);
            last = deal.go(SECOND, json!({})).await.ok();
            assert_eq!((&last["stage_kind"], &last["closed_at"], &last["close_reason_code"]), (&json!("open"), &Value::Null, &Value::Null));
        }
        assert_eq!(deal.places().await, [FIRST, WON, SECOND, LOST, SECOND, VOID, SECOND, VOID, SECOND], "the history stays");
    });
}

#[test]
fn an_open_stage_says_when_opportunities_are_stale() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let stages = rep.get("/pipelines").await.ok()["data"][0]["stages"].clone();
        let path = |place: usize| format!("/stages/{}", stages[place]["id"].as_str().unwrap());
        let first = rep.get(&path(FIRST)).await;
        assert_eq!(first.header("etag"), "\"v1\"");
        assert_eq!(first.ok(), stages[FIRST]);
        let changed = admin.patch(&path(FIRST), json!({ "stale_after_days": 12, "cadence_days": 2 })).await.ok();
        assert_eq!((&changed["stale_after_days"], &changed["cadence_days"], &changed["version"]), (&json!(12), &json!(2), &json!(2)));
        assert_eq!(rep.get("/pipelines").await.ok()["data"][0]["stages"][FIRST], changed);
        let same = admin.patch(&path(FIRST), json!({ "cadence_days": 2 })).await.ok();
        assert_eq!(same, changed, "nothing changed");
        let told = admin.changes().await["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&told["type"], &told["object"]["id"]), (&json!("stage.updated"), &stages[FIRST]["id"]));
        assert_eq!(told["changed"]["stale_after_days"], json!({ "from": 30, "to": 12 }));
        let stale = admin.request(reqwest::Method::PATCH, &path(FIRST)).header("if-match", "\"v1\"").json(&json!({ "cadence_days": 3 }));
        admin.send(stale).await.problem(412, "version_conflict");
        for members in
            [json!({ "stale_after_days": 0 }), json!({ "cadence_days": 0 }), json!({ "cadence_days": 36_501 }), json!({ "name": "x" })]
        {
            admin.patch(&path(FIRST), members).await.problem(422, "validation_failed");
        }
        let closed = admin.patch(&path(WON), json!({ "stale_after_days": 1, "cadence_days": 1 })).await.problem(422, "validation_failed");
        let faults: Vec<&Value> = closed["errors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
        assert_eq!(faults, ["not_applicable", "not_applicable"]);
        admin.patch(&path(WON), json!({ "stale_after_days": null })).await.ok();
        rep.patch(&path(FIRST), json!({ "cadence_days": 3 })).await.problem(403, "insufficient_role");
        let stranger = app.db_stranger().await;
        stranger.get(&path(FIRST)).await.problem(404, "not_found");
        stranger.patch(&path(FIRST), json!({ "cadence_days": 3 })).await.problem(404, "not_found");
    });
}
