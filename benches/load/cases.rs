//! The lists that are asked for, and who asks.

use diesel::prelude::*;
use fishpond::auth::Scope;
use fishpond::auth::privileges::Role;
use fishpond::crm::pools::store::default_pool;
use fishpond::db::id::{ContactId, CustomerId, StageId, TierId, UserId, WorkspaceId};
use fishpond::db::schema::{contact_links, customers, stages, tiers, users, workspaces};
use fishpond::db::types::Instant;
use fishpond::db::{DbConnection, Failure, clock};
use serde_json::{Value, json};

use crate::filling::setting::MANAGER;
use crate::filling::{REPS, rep_email};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Who {
    Admin,
    Rep,
    /// A rep with hardly any customers.
    SmallRep,
    /// A manager of a tenth.
    Manager,
}

pub const EVERYBODY: [Who; 4] = [Who::Admin, Who::Rep, Who::SmallRep, Who::Manager];

impl Who {
    pub fn email(self) -> String {
        match self {
            Self::Admin => "admin@load.example".to_owned(),
            Self::Rep => rep_email(7),
            Self::SmallRep => rep_email(REPS),
            Self::Manager => MANAGER.to_owned(),
        }
    }

    pub fn scope(self, conn: &mut DbConnection) -> QueryResult<Scope> {
        let (workspace_id, id) = (workspace(conn)?, user(conn, self)?);
        let role = match self {
            Self::Admin => Role::Admin,
            Self::Rep | Self::SmallRep => Role::Rep,
            Self::Manager => Role::Manager,
        };
        Ok(Scope::of(workspace_id, id, role, self != Self::Admin, clock::now()))
    }
}

pub struct Case {
    pub who: Who,
    pub resource: &'static str,
    /// A query string.
    pub query: String,
    /// The body of a search, which the case is then.
    pub search: Option<Value>,
    /// Not the first page but the next one.
    pub is_second_page: bool,
}

impl Case {
    pub fn name(&self) -> String {
        let what = self.search.as_ref().map_or_else(|| self.query.clone(), |search| format!("search {search}"));
        // Ids say nothing to who reads.
        let words: Vec<String> = what.split_inclusive(['=', '&', ',', '"']).map(shorter).collect();
        let page = if self.is_second_page { " (page 2)" } else { "" };
        format!("{} {} {}{page}", self.who.as_ref(), self.resource, words.concat())
    }
}

fn shorter(word: &str) -> String {
    match word.split_once('_') {
        Some((prefix, id)) if id.len() >= 26 && id.chars().take(26).all(|c| c.is_ascii_alphanumeric()) => format!("{prefix}_…"),
        _ => word.to_owned(),
    }
}

fn workspace(conn: &mut DbConnection) -> QueryResult<WorkspaceId> {
    workspaces::table.order(workspaces::id.asc()).select(workspaces::id).first(conn)
}

fn user(conn: &mut DbConnection, who: Who) -> QueryResult<UserId> {
    users::table.filter(users::email_key.eq(who.email())).select(users::id).first(conn)
}

/// All of them, with ids of this database.
pub fn all(conn: &mut DbConnection) -> Result<Vec<Case>, Failure> {
    let workspace_id = workspace(conn)?;
    let small: UserId = user(conn, Who::SmallRep)?;
    let big: UserId = user(conn, Who::Rep)?;
    let pool = default_pool(conn, workspace_id)?;
    let tier: TierId = tiers::table.order(tiers::rank.desc()).select(tiers::id).first(conn)?;
    let stage: StageId = stages::table.filter(stages::kind.eq("won")).select(stages::id).first(conn)?;
    let (contact, customer): (ContactId, CustomerId) = contact_links::table
        .order(contact_links::contact_id.asc())
        .select((contact_links::contact_id, contact_links::customer_id))
        .first(conn)?;
    let newest: Instant = customers::table.order(customers::id.desc()).select(customers::created_at).first(conn)?;
    let days = |days: i64| newest.plus(chrono::Duration::days(-days));
    let mut cases = Vec::new();
    let mut add = |who: &[Who], resource: &'static str, queries: Vec<String>| {
        for (query, who) in queries.into_iter().flat_map(|query| who.iter().map(move |who| (query.clone(), *who))) {
            for is_second_page in [false, true] {
                if !is_second_page || query.is_empty() || query.starts_with("sort=") || query == "q=科技" {
                    cases.push(Case { who, resource, query: query.clone(), search: None, is_second_page });
                }
            }
        }
    };
    let texts = |queries: &[&str]| queries.iter().map(|query| (*query).to_owned()).collect::<Vec<_>>();
    add(
        &EVERYBODY,
        "customers",
        texts(&["", "sort=name", "sort=-last_touch_at", "q=科技", "q=鱻龘", "status=blocked", "lifecycle_stage=lead"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&["sort=-name", "sort=last_touch_at", "sort=next_touch_at", "sort=-next_touch_at", "sort=created_at"]),
    );
    add(&[Who::Admin], "customers", texts(&["sort=-created_at", "sort=updated_at", "sort=-updated_at", "sort=-updated_at,name"]));
    add(
        &[Who::Admin],
        "customers",
        texts(&["lifecycle_stage=churned", "lifecycle_stage[in]=loyal,churned", "kind=person", "intent_level=high"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&["source=exhibition", "source=no_such", "region=northwest_china", "ownership_type=foreign", "industries=mining"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&["email=info@c77.example", "phone=13900000000", "external_ref=erp:00000042", "country=DE", "city=深圳市"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&["employee_count[gte]=9800", "touch_count[gte]=8", "name[starts_with]=深圳", "name[starts_with]=深圳华达科技"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&["q=有限", "q=公司", "q=8613", "q=139", "q=solar 公司", "q=solar", "q=科技&status=blocked", "q=13"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&[
            "q=科技&sort=name",
            "q=科技&sort=-created_at",
            "q=鱻龘&sort=name",
            "q=solar 公司&sort=name",
            "q=科技&lifecycle_stage=churned",
        ]),
    );
    add(
        &EVERYBODY,
        "customers",
        texts(&["custom.level=e", "custom.level=a", "custom.level=a&sort=name", "custom.score=77", "custom.score[gte]=9900"]),
    );
    add(
        &[Who::Admin],
        "customers",
        texts(&["custom.level[in]=a,b", "custom.level=e&custom.score[lt]=50", "name[starts_with]=深圳&sort=name"]),
    );
    add(&[Who::Rep, Who::SmallRep], "customers", texts(&["q=solar 公司", "q=8613", "q=科技&sort=name"]));
    let dates = [1, 30, 700].map(|ago| format!("created_at[gte]={}", days(ago)));
    add(&EVERYBODY, "customers", dates.to_vec());
    let old = [1, 30, 1000].map(|ago| format!("created_at[lt]={}", days(1095 - ago)));
    let month = format!("created_at[gte]={}&created_at[lt]={}", days(600), days(570));
    add(&EVERYBODY, "customers", vec![month.clone(), format!("{month}&status=blocked"), format!("q=科技&{month}")]);
    add(&[Who::Admin], "customers", old.to_vec());
    add(&[Who::Admin], "customers", vec![format!("last_touch_at[gte]={}", days(2)), format!("last_touch_at[lt]={}", days(1000))]);
    add(&[Who::Admin], "customers", vec![format!("updated_at[gte]={}", days(1)), format!("next_touch_at[gte]={}", days(0))]);
    let ids = vec![
        format!("owner_id={small}"),
        format!("owner_id={big}"),
        format!("owner_id[in]={small},{big}"),
        format!("pool_id={pool}"),
        format!("tier_id={tier}"),
        format!("q=科技&owner_id={small}"),
        format!("q=科技&owner_id={big}"),
        format!("owner_id={big}&sort=name"),
        format!("owner_id={big}&sort=-last_touch_at"),
        format!("owner_id={small}&status=blocked"),
    ];
    add(&[Who::Admin], "customers", ids);
    add(&[Who::Rep, Who::SmallRep, Who::Manager], "customers", vec![format!("tier_id={tier}"), "source=exhibition".to_owned()]);

    add(&EVERYBODY, "contacts", texts(&["", "sort=name", "q=王伟", "q=139"]));
    add(
        &[Who::Admin],
        "contacts",
        texts(&["sort=-name", "sort=created_at", "sort=-created_at", "sort=-updated_at", "q=8613", "title=cto", "preferred_channel=visit"]),
    );
    add(
        &[Who::Admin, Who::Rep],
        "contacts",
        vec![format!("customer_id={customer}"), "phone=13900000000".to_owned(), "name[starts_with]=欧阳".to_owned()],
    );
    add(&[Who::Admin], "contacts", vec![format!("created_at[gte]={}", days(30))]);

    add(&EVERYBODY, "opportunities", texts(&["", "sort=name", "sort=-expected_close_date", "q=科技", "stage_kind=won", "stage_kind=open"]));
    add(
        &[Who::Admin],
        "opportunities",
        texts(&["sort=closed_at", "sort=-closed_at", "sort=-stage_entered_at", "sort=expected_close_date"]),
    );
    add(
        &[Who::Admin],
        "opportunities",
        texts(&["amount_currency=CNY&sort=-amount", "sort=-updated_at", "source=exhibition", "close_reason_code=price"]),
    );
    let ids = vec![format!("stage_id={stage}"), format!("owner_id={small}"), format!("owner_id={big}"), format!("customer_id={customer}")];
    add(&[Who::Admin], "opportunities", ids);
    add(&[Who::Admin], "opportunities", vec![format!("contact_id={contact}"), "expected_close_date[lt]=2020-01-01".to_owned()]);

    add(&EVERYBODY, "touch-records", texts(&["", "sort=-occurred_at", "type=winback_call", "sort=next_touch_at"]));
    add(
        &[Who::Admin],
        "touch-records",
        texts(&["sort=occurred_at", "sort=-next_touch_at", "outcome=appointment", "direction=inbound", "sort=-updated_at"]),
    );
    add(
        &[Who::Admin, Who::Rep],
        "touch-records",
        vec![format!("author_id={small}"), format!("customer_id={customer}"), format!("contact_ids={contact}")],
    );
    add(&EVERYBODY, "touch-records", vec![format!("occurred_at[gte]={}", days(2)), format!("occurred_at[lt]={}", days(1080))]);

    let has = |of: &str, filter: Value| json!({ "filter": { "has": of, "filter": filter } });
    let field = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    let since = days(2).to_string();
    let searches = [
        ("customers", has("opportunities", field("stage_kind", "eq", json!("won")))),
        ("customers", has("touch_records", field("occurred_at", "gte", json!(since)))),
        ("customers", json!({ "filter": { "not": { "has": "touch_records" } } })),
        ("customers", has("contacts", field("name", "eq", json!("欧阳伟")))),
        ("customers", json!({ "filter": field("tier.code", "eq", json!("gold")) })),
        ("customers", json!({ "filter": field("owner.name", "eq", json!("Rep 200")) })),
        ("opportunities", json!({ "filter": field("customer.lifecycle_stage", "eq", json!("churned")) })),
        ("opportunities", json!({ "filter": field("customer.name", "starts_with", json!("深圳华达")) })),
        ("touch-records", json!({ "filter": field("customer.tier_id", "eq", json!(tier)) })),
        ("contacts", has("customers", field("lifecycle_stage", "eq", json!("churned")))),
    ];
    for (resource, search) in searches {
        for who in EVERYBODY {
            cases.push(Case { who, resource, query: String::new(), search: Some(search.clone()), is_second_page: false });
        }
    }
    Ok(cases)
}
