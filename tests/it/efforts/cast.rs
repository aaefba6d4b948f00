//! Customers that are seen in every way, and who sees them.

use serde_json::{Value, json};

use crate::harness::{Actor, App, Dice};

/// Who asks: `rep` and `manager` help with some of what `other` has, who is of another unit; it alone is a member of the closed pool.
pub struct Cast {
    pub admin: Actor,
    pub rep: Actor,
    pub other: Actor,
    pub manager: Actor,
}

impl Cast {
    pub async fn of(app: &App) -> Self {
        let admin = app.admin().await;
        let unit = async |name: &str, parent: Option<&Value>| {
            let unit = json!({ "name": name, "type": "team", "parent_id": parent.map(|parent| &parent["id"]) });
            admin.post("/org-units", unit).await.created()
        };
        let south = unit("South", None).await;
        let (team, north) = (unit("Team", Some(&south)).await, unit("North", None).await);
        let member = async |role: &str, unit: &Value| {
            let actor = app.user(role).await;
            admin.patch(&format!("/users/{}", actor.id), json!({ "org_unit_id": unit["id"] })).await.ok();
            actor
        };
        let (rep, other, manager) = (member("rep", &team).await, member("rep", &north).await, member("manager", &south).await);
        Self { admin, rep, other, manager }
    }
}

/// Whom a customer of this number has besides its owner, and until when.
fn helpers(cast: &Cast, number: usize) -> Vec<Value> {
    let is_others = json!({ "user_id": cast.rep.id, "expires_at": if number.is_multiple_of(3) { Some(ENDS) } else { None } });
    match number % 4 {
        0 => vec![is_others],
        1 => vec![is_others, json!({ "user_id": cast.manager.id, "expires_at": null })],
        2 => vec![json!({ "user_id": cast.manager.id, "expires_at": null })],
        _ => vec![],
    }
}

const ENDS: &str = "2100-01-01T00:00:00Z";
/// What ends then has ended.
pub const NOW: &str = "2100-01-02T00:00:00Z";

/// Gives the ids of the customers that rep, other and manager see.
pub async fn fill(cast: &Cast) -> [Vec<String>; 3] {
    let Cast { admin, rep, other, manager } = cast;
    let field = json!({ "resource": "customers", "key": "level", "type": "integer", "label": { "en": "Level", "zh": "级别" } });
    admin.post("/fields", field).await.created();
    let members = json!([{ "user_id": other.id }]);
    let pool = async |is_open: bool| {
        admin.post("/pools", json!({ "name": "P", "is_open": is_open, "members": members })).await.created()["id"].clone()
    };
    let (open, closed) = (pool(true).await, pool(false).await);
    let mut seen = [vec![], vec![], vec![]];
    let mut dice = Dice(11);
    for number in 0..40 {
        let (owner, pool) =
            *dice.pick(&[(Some(rep), None), (Some(other), None), (Some(other), None), (None, Some(&open)), (None, Some(&closed))]);
        let body = json!({
            "kind": "organization", "name": format!("{} {}", dice.pick(&["a", "beta", "华为 beta"]), number % 9),
            "lifecycle_stage": dice.pick(&["lead", "lead", "prospect", "customer"]), "employee_count": number % 5,
            "owner_id": owner.map(|owner| owner.id.clone()), "pool_id": pool,
            "industries": [dice.pick(&["manufacturing", "retail", "finance"])],
            "address": { "country": dice.pick(&["CN", "DE", "FR"]) }, "custom": { "level": number % 3 }
        });
        let customer = admin.post("/customers", body).await.created()["id"].clone();
        let is_open = pool == Some(&open);
        let mut helpers = helpers(cast, number);
        if let Some(owner) = owner {
            helpers.retain(|helper| helper["user_id"] != json!(owner.id));
            let path = format!("/customers/{}/collaborators", customer.as_str().unwrap());
            admin.put(&path, json!({ "collaborators": helpers })).await.ok();
        } else {
            helpers.clear();
        }
        let is_owner = |actor: &Actor| owner.is_some_and(|owner| owner.id == actor.id);
        let helps = |actor: &Actor| helpers.iter().any(|helper| helper["user_id"] == json!(actor.id) && helper["expires_at"].is_null());
        let sees = [is_owner(rep) || is_open || helps(rep), is_owner(other) || pool.is_some(), is_owner(rep) || is_open || helps(manager)];
        for (seen, _) in seen.iter_mut().zip(sees).filter(|(_, sees)| *sees) {
            seen.push(customer.as_str().unwrap().to_owned());
        }
        if number % 2 == 0 {
            let links = json!([{ "customer_id": customer }]);
            let title = dice.pick(&["cto", "ceo"]);
            admin.post("/contacts", json!({ "name": format!("p {}", number % 7), "title": title, "links": links })).await.created();
            let body = json!({
                "customer_id": customer, "name": format!("o {}", number % 5), "expected_close_date": format!("2026-01-{:02}", 1 + number % 28),
                "amount": { "amount": (number % 6 * 10).to_string(), "currency": dice.pick(&["CNY", "USD"]) }
            });
            admin.post("/opportunities", body).await.created();
        }
        if number % 3 != 0 {
            let body = json!({
                "customer_id": customer, "type": dice.pick(&["call", "note"]), "occurred_at": format!("2025-01-{:02}T00:00:00Z", 1 + number % 28),
                "summary": "s", "direction": dice.pick(&["inbound", "outbound"])
            });
            admin.post("/touch-records", body).await.created();
        }
    }
    rep.post("/contacts", json!({ "name": "p alone" })).await.created();
    seen
}
