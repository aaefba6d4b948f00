//! Who may do what: every operation of the document, tried by every kind of caller on every kind of object.
//!
//! The table says, for each operation, how to call it and what each caller gets; an operation without an entry fails.

use std::collections::BTreeSet;

use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, App, DOCUMENT, UNKNOWN, on_both};
use crate::jobs::ask_for;

use table::{Entry, Target, Who, table};

mod table;

/// Ids of one object of each kind, in the order of `Target`.
type Family = [String; 15];

const NOBODY: &str = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya";

/// Objects of each kind, in every relation to the rep.
struct Objects {
    own: Family,
    invisible: Family,
    foreign: Family,
    deleted: Family,
    unknown: Family,
}

async fn family(app: &App, owner: &Actor, admin: &Actor, name: &str) -> Family {
    let id = |made: Value| made["id"].as_str().expect("an id").to_owned();
    let customer = id(owner.post("/customers", json!({ "name": name, "kind": "organization", "owner_id": owner.id })).await.created());
    let contact = id(owner.post("/contacts", json!({ "name": name, "links": [{ "customer_id": customer }] })).await.created());
    let person = json!({ "email": format!("{}@example.com", name.replace(' ', ".")), "name": name, "role": "rep", "password": "a fine long passphrase" });
    let user = id(admin.post("/users", person).await.created());
    let key = id(admin.post("/api-keys", json!({ "name": name, "scopes": ["customers:read"] })).await.created());
    let opportunity = id(owner.post("/opportunities", json!({ "name": name, "customer_id": customer })).await.created());
    let touch = json!({ "customer_id": customer, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": name });
    let touch = id(owner.post("/touch-records", touch).await.created());
    let planned = json!({ "customer_id": customer, "type": "call", "due_at": "2026-01-05T08:00:00Z", "summary": name });
    let planned = id(owner.post("/planned-touches", planned).await.created());
    let rank = admin.get("/tiers?include_total=true").await.ok()["total"].clone();
    let tier = id(admin.post("/tiers", json!({ "code": name, "name": name, "rank": rank })).await.created());
    for (path, id) in [("customers", &customer), ("contacts", &contact), ("opportunities", &opportunity), ("touch-records", &touch)] {
        reference(owner, path, id).await;
    }
    reference(admin, "tiers", &tier).await;
    let key_of_field = name.replace(' ', "_");
    let field = json!({ "resource": "tiers", "key": key_of_field, "type": "text", "label": { "zh": name, "en": name } });
    let field = id(admin.post("/fields", field).await.created());
    // Nobody does it, so that it is there to be cancelled.
    let job = ask_for(app, owner, &UNKNOWN, json!({})).await.trim_start_matches("/jobs/").to_owned();
    let pool = id(admin.post("/pools", json!({ "name": name, "is_open": true, "admins": [{ "user_id": owner.id }] })).await.created());
    let refs = json!([{ "system": "matrix", "value": name }]);
    let unit = id(admin.post("/org-units", json!({ "name": name, "type": "team", "external_refs": refs })).await.created());
    reference(admin, "org-units", &unit).await;
    let cap = id(admin.post("/holding-caps", json!({ "scope": "workspace", "cap": 1000 })).await.created());
    let rule = json!({ "kind": "no_touch", "days": 3650 });
    let rule = id(admin.post(&format!("/pools/{pool}/recycle-rules"), rule).await.created());
    let stage = admin.get("/pipelines").await.ok()["data"][0]["stages"][0]["id"].as_str().unwrap().to_owned();
    [customer, contact, user, key, opportunity, touch, tier, field, pool, unit, cap, rule, job, planned, stage]
}

/// Gives an object its own id as a reference.
async fn reference(owner: &Actor, path: &str, id: &str) {
    owner.patch(&format!("/{path}/{id}"), json!({ "external_refs": [{ "system": "matrix", "value": id }] })).await.ok();
}

impl Objects {
    async fn make(app: &App, admin: &Actor, rep: &Actor) -> Self {
        let (other, stranger) = (app.user("rep").await, app.db_stranger().await);
        let own = family(app, rep, admin, "own").await;
        let deleted = family(app, rep, admin, "deleted").await;
        admin.delete(&format!("/tiers/{}", deleted[6])).await.no_content();
        admin.delete(&format!("/pools/{}", deleted[8])).await.no_content();
        admin.delete(&format!("/org-units/{}", deleted[9])).await.no_content();
        rep.delete(&format!("/touch-records/{}", deleted[5])).await.no_content();
        rep.delete(&format!("/contacts/{}", deleted[1])).await.no_content();
        rep.delete(&format!("/customers/{}", deleted[0])).await.no_content();
        let unknown = ["cus", "con", "usr", "key", "opp", "tch", "tier", "fld", "pool", "org", "cap", "rul", "job", "plt", "stg"];
        let unknown = unknown.map(|prefix| format!("{prefix}_01jd9xq3v8e6ft2m4k7w0zr5ya"));
        let (invisible, foreign) = (family(app, &other, admin, "invisible").await, family(app, &stranger, &stranger, "foreign").await);
        Self { own, invisible, foreign, deleted, unknown }
    }
}

fn pick(target: Target, of: &Family) -> &str {
    match target {
        Target::None => "",
        Target::Customer => &of[0],
        Target::Contact => &of[1],
        Target::User => &of[2],
        Target::ApiKey => &of[3],
        Target::Opportunity => &of[4],
        Target::TouchRecord => &of[5],
        Target::Tier => &of[6],
        Target::Field => &of[7],
        Target::Pool => &of[8],
        Target::OrgUnit => &of[9],
        Target::HoldingCap => &of[10],
        Target::RecycleRule => &of[11],
        Target::Job => &of[12],
        Target::PlannedTouch => &of[13],
        Target::Stage => &of[14],
    }
}

struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Call {
    async fn by(&self, actor: &Actor, id: &str) -> (u16, Value) {
        let path =
            self.path.replace("{id}", id).replace("{name}", "source").replace("{resource}", "customers").replace("{code}", "not_found");
        let path = path.replace("{system}", "matrix").replace("{value}", if id.is_empty() { "nobody" } else { id });
        let path = path.strip_prefix("/api/v1").unwrap_or(&path).to_owned();
        let request = actor.request(self.method.clone(), &path);
        let reply = actor.send(if let Some(body) = &self.body { request.json(body) } else { request }).await;
        (reply.status, reply.body)
    }
}

#[test]
fn every_operation_admits_whom_it_should() {
    on_both(|app| async move {
        let table = table();
        let documented: BTreeSet<&str> = operations(&DOCUMENT).map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
        let known: BTreeSet<&str> = table.iter().map(|entry| entry.operation).collect();
        assert_eq!(documented, known, "each operation needs an entry in the table");

        let admin = app.admin().await;
        let (manager, rep, viewer) = (app.user("manager").await, app.user("rep").await, app.user("viewer").await);
        let objects = Objects::make(&app, &admin, &rep).await;
        for (path, method, operation) in operations(&DOCUMENT) {
            let name = operation["operationId"].as_str().unwrap();
            let Entry { who, target, body, .. } = table.iter().find(|entry| entry.operation == name).unwrap();
            let call = Call { method: method.to_uppercase().parse().unwrap(), path: path.to_owned(), body: body.clone() };
            let own = pick(*target, &objects.own);

            // Nobody, and somebody who must not.
            let (status, _) = call.by(&app.anyone(), own).await;
            let security = operation["security"].as_array().expect("every operation states its security");
            if *who == Who::Anyone {
                assert_eq!(security, &[json!({})], "{name}");
                assert!(status < 300 || name == "login" || name == "refresh_session", "{name} asks for a token: {status}");
                continue;
            }
            assert_eq!(status, 401, "{name} without a token");
            let scopes: Vec<&str> = security[0]["bearer"].as_array().expect("bearer").iter().filter_map(Value::as_str).collect();
            let scope = scopes.first().copied();
            assert_eq!(scope.is_none(), *who == Who::Known, "{name}");
            if *who == Who::Known {
                continue;
            }
            let other_scope = if scope == Some("customers:read") { "contacts:read" } else { "customers:read" };
            let (status, problem) = call.by(&app.api_key(&[other_scope]).await, own).await;
            assert_eq!((status, &problem["meta"]["required_scope"]), (403, &json!(scope)), "{name} with a key without the scope");
            let with_scope = app.api_key(&scopes).await;
            if call.method == Method::GET {
                assert_eq!(call.by(&with_scope, own).await.0, 200, "{name} with a key with the scope");
            }
            for (role, actor) in [("admin", &admin), ("manager", &manager), ("rep", &rep), ("viewer", &viewer)] {
                let may = match who {
                    Who::Admins => role == "admin",
                    Who::Writers => role != "viewer",
                    _ => true,
                };
                if !may {
                    let (status, problem) = call.by(actor, own).await;
                    assert_eq!((status, &problem["code"]), (403, &json!("insufficient_role")), "{name} by {role}");
                    continue;
                }
                // Whatever is not there looks the same: unknown, foreign, deleted, out of sight.
                if *target != Target::None {
                    let mut unknown = call.by(actor, pick(*target, &objects.unknown)).await;
                    assert_eq!(unknown.0, 404, "{name} of nothing by {role}");
                    let mut hidden = vec![pick(*target, &objects.foreign), "nonsense"];
                    let has_owner = matches!(
                        target,
                        Target::Customer | Target::Contact | Target::Opportunity | Target::TouchRecord | Target::PlannedTouch
                    );
                    if (has_owner || matches!(target, Target::Tier | Target::Pool | Target::OrgUnit)) && !name.starts_with("restore") {
                        hidden.push(pick(*target, &objects.deleted));
                    }
                    // A job is its creator's own, and the administrators'.
                    let is_others = *target == Target::Job && role != "admin";
                    if is_others && role != "rep" {
                        hidden.push(own);
                    }
                    if (has_owner && role == "rep") || is_others {
                        hidden.push(pick(*target, &objects.invisible));
                    }
                    unknown.1["request_id"] = Value::Null;
                    for id in hidden {
                        let mut answer = call.by(actor, id).await;
                        answer.1["request_id"] = Value::Null;
                        assert_eq!(answer, unknown, "{name} of {id} by {role}");
                    }
                }
                if *target == Target::Job && !matches!(role, "admin" | "rep") {
                    continue;
                }
                // What is there and visible: anything but a refusal of the caller. Deleting is left to other tests.
                if call.method == Method::GET {
                    assert_eq!(call.by(actor, own).await.0, 200, "{name} by {role}");
                } else if call.method != Method::DELETE && !matches!(name, "revoke_api_key" | "set_user_password") {
                    let (status, body) = call.by(actor, own).await;
                    assert!(!matches!(status, 401 | 403 | 500..), "{name} by {role}: {body:#}");
                }
            }
        }
    });
}
