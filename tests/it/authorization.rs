//! Who may do what: every operation of the document, tried by every kind of caller on every kind of object.
//!
//! The table says, for each operation, how to call it and what each caller gets; an operation without an entry fails.

use std::collections::BTreeSet;

use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, App, DOCUMENT, UNKNOWN, on_both};
use crate::jobs::ask_for;

/// What an operation is done to.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    /// Nothing in particular, or the caller's whole workspace.
    None,
    Customer,
    Contact,
    User,
    ApiKey,
    Opportunity,
    TouchRecord,
    Tier,
    Field,
    Pool,
    OrgUnit,
    HoldingCap,
    RecycleRule,
    Job,
    PlannedTouch,
    Stage,
}

/// Ids of one object of each kind, in the order of `Target`.
type Family = [String; 15];

/// Who may: the roles that get past the door.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// No token is asked for.
    Anyone,
    /// Every token will do.
    Known,
    Readers,
    Writers,
    Admins,
}

struct Entry {
    operation: &'static str,
    who: Who,
    target: Target,
    body: Option<Value>,
}

fn entry(operation: &'static str, who: Who, target: Target, body: impl Into<Option<Value>>) -> Entry {
    Entry { operation, who, target, body: body.into() }
}

fn table() -> Vec<Entry> {
    use Target::{
        ApiKey, Contact, Customer, Field, HoldingCap, Job, None as Nothing, Opportunity, OrgUnit, PlannedTouch, Pool, RecycleRule, Stage,
        Tier, TouchRecord, User,
    };
    use Who::{Admins, Anyone, Known, Readers, Writers};
    let nobody = json!({ "email": "nobody@example.com", "password": "wrong password" });
    vec![
        entry("get_livez", Anyone, Nothing, None),
        entry("get_readyz", Anyone, Nothing, None),
        entry("get_problem", Anyone, Nothing, None),
        entry("get_jwks", Anyone, Nothing, None),
        entry("login", Anyone, Nothing, nobody),
        entry("refresh_session", Anyone, Nothing, json!({ "refresh_token": "x" })),
        entry("logout", Known, Nothing, None),
        entry("get_me", Known, Nothing, None),
        entry("change_my_password", Known, Nothing, json!({ "current_password": "wrong", "new_password": "a new long passphrase" })),
        entry("list_users", Readers, Nothing, None),
        entry("create_user", Admins, Nothing, json!({ "email": "x", "name": "x", "role": "rep", "password": "x" })),
        entry("get_user", Readers, User, None),
        entry("update_user", Admins, User, json!({})),
        entry("set_user_password", Admins, User, json!({ "password": "another fine passphrase" })),
        entry("hand_over_user", Admins, User, json!({ "split": [{ "user_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya", "weight": 1 }] })),
        entry("list_api_keys", Admins, Nothing, None),
        entry("create_api_key", Admins, Nothing, json!({ "name": "x", "scopes": ["nonsense"] })),
        entry("get_api_key", Admins, ApiKey, None),
        entry("revoke_api_key", Admins, ApiKey, None),
        entry("get_workspace", Readers, Nothing, None),
        entry("update_workspace", Admins, Nothing, json!({})),
        entry("list_dictionaries", Readers, Nothing, None),
        entry("get_dictionary", Readers, Nothing, None),
        entry("update_dictionary", Admins, Nothing, json!({ "items": [{ "code": "A B", "label": { "zh": "x", "en": "x" } }] })),
        entry("list_customers", Readers, Nothing, None),
        entry("search_customers", Readers, Nothing, json!({})),
        entry("batch_customers", Writers, Nothing, json!({})),
        entry("batch_get_customers", Readers, Nothing, json!({})),
        entry("get_customer_by_ref", Readers, Customer, None),
        entry("upsert_customer", Writers, Nothing, json!({})),
        entry("create_customer", Writers, Nothing, json!({ "name": "x" })),
        entry("get_customer", Readers, Customer, None),
        entry("update_customer", Writers, Customer, json!({})),
        entry("get_customer_tree", Readers, Customer, None),
        entry("move_customer_lifecycle", Writers, Customer, json!({ "stage": "lead" })),
        entry("set_customer_tier", Writers, Customer, json!({ "tier_id": null, "reason": "x" })),
        entry("get_customer_timeline", Readers, Customer, None),
        entry("transfer_customers", Writers, Nothing, json!({ "ids": [] })),
        entry("delete_customer", Writers, Customer, None),
        entry("restore_customer", Writers, Customer, None),
        entry("list_contacts", Readers, Nothing, None),
        entry("search_contacts", Readers, Nothing, json!({})),
        entry("batch_contacts", Writers, Nothing, json!({})),
        entry("batch_get_contacts", Readers, Nothing, json!({})),
        entry("get_contact_by_ref", Readers, Contact, None),
        entry("upsert_contact", Writers, Nothing, json!({})),
        entry("create_contact", Writers, Nothing, json!({})),
        entry("get_contact", Readers, Contact, None),
        entry("update_contact", Writers, Contact, json!({})),
        entry("delete_contact", Writers, Contact, None),
        entry("restore_contact", Writers, Contact, None),
        entry("list_pipelines", Readers, Nothing, None),
        entry("get_stage", Readers, Stage, None),
        entry("update_stage", Admins, Stage, json!({})),
        entry("list_opportunities", Readers, Nothing, None),
        entry("search_opportunities", Readers, Nothing, json!({})),
        entry("batch_opportunities", Writers, Nothing, json!({})),
        entry("batch_get_opportunities", Readers, Nothing, json!({})),
        entry("get_opportunity_by_ref", Readers, Opportunity, None),
        entry("upsert_opportunity", Writers, Nothing, json!({})),
        entry("create_opportunity", Writers, Nothing, json!({})),
        entry("transfer_opportunities", Writers, Nothing, json!({ "ids": [] })),
        entry("get_opportunity", Readers, Opportunity, None),
        entry("update_opportunity", Writers, Opportunity, json!({})),
        entry("move_opportunity", Writers, Opportunity, json!({ "to_stage_id": "stg_01jd9xq3v8e6ft2m4k7w0zr5ya" })),
        entry("get_stage_history", Readers, Opportunity, None),
        entry("delete_opportunity", Writers, Opportunity, None),
        entry("restore_opportunity", Writers, Opportunity, None),
        entry("list_touch_records", Readers, Nothing, None),
        entry("search_touch_records", Readers, Nothing, json!({})),
        entry("batch_touch_records", Writers, Nothing, json!({})),
        entry("batch_get_touch_records", Readers, Nothing, json!({})),
        entry("get_touch_record_by_ref", Readers, TouchRecord, None),
        entry("upsert_touch_record", Writers, Nothing, json!({})),
        entry("create_touch_record", Writers, Nothing, json!({})),
        entry("get_touch_record", Readers, TouchRecord, None),
        entry("update_touch_record", Writers, TouchRecord, json!({})),
        entry("delete_touch_record", Writers, TouchRecord, None),
        entry("restore_touch_record", Writers, TouchRecord, None),
        entry("list_planned_touches", Readers, Nothing, None),
        entry("search_planned_touches", Readers, Nothing, json!({})),
        entry("batch_planned_touches", Writers, Nothing, json!({})),
        entry("batch_get_planned_touches", Readers, Nothing, json!({})),
        entry("create_planned_touch", Writers, Nothing, json!({})),
        entry("get_planned_touch", Readers, PlannedTouch, None),
        entry("update_planned_touch", Writers, PlannedTouch, json!({})),
        entry(
            "complete_planned_touch",
            Writers,
            PlannedTouch,
            json!({ "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" }),
        ),
        entry("cancel_planned_touch", Writers, PlannedTouch, json!({ "reason": "x" })),
        entry("reassign_planned_touch", Writers, PlannedTouch, json!({ "assignee_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya" })),
        entry("get_my_worklist", Readers, Nothing, None),
        entry("get_my_worklist_summary", Readers, Nothing, None),
        entry("list_tiers", Readers, Nothing, None),
        entry("search_tiers", Readers, Nothing, json!({})),
        entry("batch_tiers", Admins, Nothing, json!({})),
        entry("batch_get_tiers", Readers, Nothing, json!({})),
        entry("get_tier_by_ref", Readers, Tier, None),
        entry("upsert_tier", Admins, Nothing, json!({})),
        entry("create_tier", Admins, Nothing, json!({})),
        entry("get_tier", Readers, Tier, None),
        entry("update_tier", Admins, Tier, json!({})),
        entry("delete_tier", Admins, Tier, None),
        entry("restore_tier", Admins, Tier, None),
        entry("list_resources", Readers, Nothing, None),
        entry("get_resource", Readers, Nothing, None),
        entry("list_fields", Readers, Nothing, None),
        entry("create_field", Admins, Nothing, json!({})),
        entry("get_field", Readers, Field, None),
        entry("update_field", Admins, Field, json!({})),
        entry("retire_field", Admins, Field, None),
        entry("reactivate_field", Admins, Field, None),
        entry("delete_field", Admins, Field, None),
        entry("list_org_units", Readers, Nothing, None),
        entry("create_org_unit", Admins, Nothing, json!({})),
        entry("get_org_unit", Readers, OrgUnit, None),
        entry("update_org_unit", Admins, OrgUnit, json!({})),
        entry("delete_org_unit", Admins, OrgUnit, None),
        entry("restore_org_unit", Admins, OrgUnit, None),
        entry("move_org_unit", Admins, OrgUnit, json!({ "parent_id": null })),
        entry("get_org_unit_by_ref", Readers, OrgUnit, None),
        entry("upsert_org_unit", Admins, Nothing, json!({})),
        entry("list_pools", Readers, Nothing, None),
        entry("create_pool", Admins, Nothing, json!({})),
        entry("get_pool", Readers, Pool, None),
        entry("update_pool", Admins, Pool, json!({})),
        entry("delete_pool", Admins, Pool, None),
        entry("restore_pool", Admins, Pool, None),
        entry("claim_customers", Writers, Pool, json!({ "ids": [NOBODY], "mode": "partial" })),
        entry(
            "assign_customers",
            Writers,
            Pool,
            json!({ "ids": [NOBODY], "mode": "partial", "to_user_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya" }),
        ),
        entry("list_holding_caps", Readers, Nothing, None),
        entry("create_holding_cap", Admins, Nothing, json!({})),
        entry("get_holding_cap", Readers, HoldingCap, None),
        entry("update_holding_cap", Admins, HoldingCap, json!({})),
        entry("delete_holding_cap", Admins, HoldingCap, None),
        entry("get_my_capacity", Readers, Nothing, None),
        entry("get_claimability", Readers, Customer, None),
        entry("release_customer", Writers, Customer, json!({ "reason_code": "nonsense" })),
        entry("lock_customer", Writers, Customer, json!({ "until": "2020-01-01T00:00:00Z", "reason": "x" })),
        entry("unlock_customer", Writers, Customer, None),
        entry("get_collaborators", Readers, Customer, None),
        entry("set_collaborators", Writers, Customer, json!({ "collaborators": [] })),
        entry("get_ownership_history", Readers, Customer, None),
        entry("list_my_notifications", Known, Nothing, None),
        entry("read_my_notifications", Known, Nothing, json!({ "ids": [] })),
        // Their objects are the caller's own; any id will do to ask without a token.
        entry("read_my_notification", Known, User, None),
        entry("unread_my_notification", Known, User, None),
        entry("list_changes", Readers, Nothing, None),
        entry("list_audit", Admins, Nothing, None),
        entry("list_recycle_rules", Readers, Pool, None),
        entry("create_recycle_rule", Admins, Pool, json!({ "kind": "no_touch", "days": 3650 })),
        entry("simulate_recycle_rules", Admins, Pool, json!({ "rules": [] })),
        entry("get_recycle_rule", Readers, RecycleRule, None),
        entry("update_recycle_rule", Admins, RecycleRule, json!({})),
        entry("delete_recycle_rule", Admins, RecycleRule, None),
        entry("get_my_recycling", Readers, Nothing, None),
        entry("list_jobs", Readers, Nothing, None),
        entry("get_job", Readers, Job, None),
        entry("cancel_job", Readers, Job, None),
    ]
}

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
