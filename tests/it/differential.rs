//! The same data on both databases, asked the same at random, by searches in JSON and by query strings, with and without `q`: the
//! answers name the same rows in the same order.
//!
//! `DIFFERENTIAL_QUERIES` says how many questions (300), `DIFFERENTIAL_SEED` where they begin.

use serde_json::{Value, json};

use crate::harness::{Dice, on_both_at_once};

use data::{EMAILS, INSTANTS, NAMES, Side, fill};

mod data;

const PARTS: [&str; 16] = ["华", "技术", "é", "E", "ß", "ss", "full", "Ｗ", "😀", "%", "_", "*", "'", "\"", "\\", "z"];

/// What is searched besides names and parts of them; the last ones are refused, or find what looks alike.
const QUERIES: [&str; 20] = [
    "技术 华为",
    "为技",
    "公司 有限",
    "1380",
    "0013 8000",
    "138-0013-8001",
    "+86 138",
    "full wid",
    "ＷＩＤＴＨ",
    "neil o",
    "say hi",
    "slash back",
    "eclair",
    "strasse",
    "example.com",
    "u.v+w@example.com",
    "a b c",
    "%%",
    "\"",
    "\\ '",
];

/// A question, with labels for ids.
#[derive(Debug)]
enum Asked {
    Search(&'static str, Value),
    List(&'static str, Vec<(String, String)>),
}

impl Asked {
    fn random(dice: &mut Dice, resource: &Resource) -> Self {
        let limit = *dice.pick(&[1, 7, 50, 200]);
        let sort = *dice.pick(resource.sorts);
        let q = (!matches!(resource.path, "/touch-records" | "/planned-touches") && dice.below(3) == 0).then(|| match dice.below(3) {
            0 => *dice.pick(&NAMES),
            1 => *dice.pick(&PARTS),
            _ => *dice.pick(&QUERIES),
        });
        let total = dice.below(4) == 0;
        if dice.below(3) == 0 {
            let mut pairs = vec![("limit".to_owned(), limit.to_string())];
            let comparisons: Vec<Value> = (0..dice.below(3)).map(|_| comparison(dice, &resource.fields)).collect();
            pairs.extend(comparisons.iter().filter_map(parameter));
            pairs.sort_unstable();
            pairs.dedup_by(|left, right| left.0 == right.0);
            pairs.extend((!sort.is_empty()).then(|| ("sort".to_owned(), sort.to_owned())));
            pairs.extend(q.map(|q| ("q".to_owned(), q.to_owned())));
            pairs.extend(total.then(|| ("include_total".to_owned(), "true".to_owned())));
            return Self::List(resource.path, pairs);
        }
        let mut question = json!({ "limit": limit, "include_total": total });
        if dice.below(10) > 0 {
            question["filter"] = tree(dice, resource, 1);
        }
        if !sort.is_empty() {
            question["sort"] = json!(sort);
        }
        if let Some(q) = q {
            question["q"] = json!(q);
        }
        Self::Search(resource.path, question)
    }
}

/// A comparison as a query parameter, if there is one for it.
fn parameter(comparison: &Value) -> Option<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (field, op) = (comparison["field"].as_str()?, comparison["op"].as_str()?);
    match (op, &comparison["value"]) {
        _ if field.contains('.') || matches!(op, "ne" | "nin" | "is_null") => None,
        ("eq", value) => Some((field.to_owned(), text(value))),
        (_, Value::Array(values)) if values.is_empty() => None,
        (_, Value::Array(values)) => Some((format!("{field}[{op}]"), values.iter().map(text).collect::<Vec<_>>().join(","))),
        (_, value) => Some((format!("{field}[{op}]"), text(value))),
    }
}

/// A field as a filter may ask for it: name, operators of its kind, values.
fn comparison(dice: &mut Dice, fields: &[(&str, &str)]) -> Value {
    let (name, kind) = *dice.pick(fields);
    let text = |dice: &mut Dice| json!(if dice.below(2) == 0 { dice.pick(&NAMES) } else { dice.pick(&PARTS) });
    let value = |dice: &mut Dice| match kind {
        "text" => text(dice),
        "email" => json!(dice.pick(&EMAILS)),
        "integer" => json!(dice.below(5)),
        "instant" => json!(dice.pick(&INSTANTS)),
        "day" => json!(dice.pick(&["2026-06-29", "2026-06-30", "2026-07-01"])),
        "amount" => json!(dice.pick(&["0", "10.00", "40", "60.5"])),
        "phone" => json!(format!("+861380013800{}", dice.below(4))),
        "ref" => json!(format!("t:{}", dice.below(70))),
        other => json!(dice.pick(&other.split('|').collect::<Vec<_>>())),
    };
    let ranges = ["lt", "lte", "gt", "gte"];
    let choices: Vec<&str> = match kind {
        "text" => vec!["eq", "ne", "in", "nin", "contains", "starts_with", "contains", "is_null"],
        "integer" | "instant" | "day" => ranges.into_iter().chain(["eq", "ne", "in", "nin", "is_null"]).collect(),
        "amount" => ranges.into_iter().chain(["eq", "ne"]).collect(),
        _ => vec!["eq", "ne", "in", "nin", "is_null"],
    };
    let operator = *dice.pick(&choices);
    let value = match operator {
        "in" | "nin" => (0..dice.below(4)).map(|_| value(dice)).collect(),
        "is_null" => json!(dice.below(2) == 0),
        _ => value(dice),
    };
    json!({ "field": name, "op": operator, "value": value })
}

fn tree(dice: &mut Dice, resource: &Resource, depth: usize) -> Value {
    let nodes = |dice: &mut Dice| (0..=dice.below(3)).map(|_| tree(dice, resource, depth + 1)).collect::<Vec<_>>();
    match dice.below(if depth > 2 { 4 } else { 9 }) {
        4 => json!({ "and": nodes(dice) }),
        5 | 6 => json!({ "or": nodes(dice) }),
        7 => json!({ "not": tree(dice, resource, depth + 1) }),
        8 if !resource.many.is_empty() => {
            let (name, fields) = dice.pick(&resource.many);
            json!({ "has": name, "filter": comparison(dice, fields) })
        }
        _ => comparison(dice, &resource.fields),
    }
}

struct Resource {
    path: &'static str,
    fields: Vec<(&'static str, &'static str)>,
    many: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    sorts: &'static [&'static str],
}

fn resources() -> Vec<Resource> {
    let customer = vec![
        ("name", "text"),
        ("kind", "organization|person"),
        ("email", "email"),
        ("employee_count", "integer"),
        ("intent_level", "none|high"),
        ("tier_id", "tier 0|tier 1"),
        ("industries", "manufacturing|finance"),
        ("phone", "phone"),
        ("country", "CN|DE"),
        ("city", "华为|é|É"),
        ("external_ref", "ref"),
        ("last_touch_at", "instant"),
        ("next_touch_at", "instant"),
        ("touch_count", "integer"),
        ("parent_id", "customer 1"),
    ];
    let opportunity = vec![
        ("name", "text"),
        ("customer_id", "customer 0|customer 4"),
        ("stage_kind", "open|won"),
        ("expected_close_date", "day"),
        ("amount_currency", "CNY|JPY|USD"),
        ("amount", "amount"),
    ];
    let contact = vec![("name", "text"), ("title", "text"), ("customer_id", "customer 0|customer 3|customer 6")];
    let touch = vec![
        ("type", "call|note|visit"),
        ("summary", "text"),
        ("occurred_at", "instant"),
        ("next_touch_at", "instant"),
        ("customer_id", "customer 2"),
        ("direction", "none|inbound"),
    ];
    let plan = vec![
        ("type", "call|note|visit"),
        ("summary", "text"),
        ("due_at", "instant"),
        ("completed_at", "instant"),
        ("status", "planned|done"),
        ("customer_id", "customer 2"),
    ];
    let with = |fields: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| [fields, more].concat();
    vec![
        Resource {
            path: "/customers",
            fields: with(&customer, &[("tier.rank", "integer"), ("tier.name", "text"), ("owner.is_active", "true")]),
            many: vec![
                ("contacts", contact.clone()),
                ("opportunities", opportunity.clone()),
                ("touch_records", touch.clone()),
                ("planned_touches", plan.clone()),
            ],
            sorts: &[
                "",
                "name",
                "-name",
                "-next_touch_at,name",
                "last_touch_at",
                "-last_touch_at,-name",
                "next_touch_at,-last_touch_at,name",
            ],
        },
        Resource {
            path: "/contacts",
            fields: contact,
            many: vec![("customers", customer.clone()), ("opportunities", opportunity.clone())],
            sorts: &["", "name", "-name"],
        },
        Resource {
            path: "/opportunities",
            fields: with(&opportunity, &[("customer.name", "text"), ("customer.employee_count", "integer"), ("contact.name", "text")]),
            many: vec![("touch_records", touch.clone())],
            sorts: &["", "name", "-expected_close_date,name", "expected_close_date", "closed_at,-name"],
        },
        Resource {
            path: "/touch-records",
            fields: with(&touch, &[("customer.name", "text"), ("customer.city", "华为|é"), ("opportunity.name", "text")]),
            many: vec![],
            sorts: &["", "occurred_at", "-occurred_at", "-next_touch_at", "next_touch_at,-occurred_at"],
        },
        Resource {
            path: "/planned-touches",
            fields: with(&plan, &[("customer.name", "text"), ("opportunity.name", "text"), ("assignee.is_active", "true")]),
            many: vec![],
            sorts: &["", "due_at", "-due_at", "due_at,-created_at"],
        },
    ]
}

#[test]
fn both_databases_find_the_same_rows_in_the_same_order() {
    let setting = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (queries, seed) = (setting("DIFFERENTIAL_QUERIES", 300), setting("DIFFERENTIAL_SEED", 20_261_122));
    on_both_at_once(|sqlite, postgres| async move {
        let (mut left, mut right) = (Side::of(&sqlite).await, Side::of(&postgres).await);
        fill(&mut left).await;
        fill(&mut right).await;
        println!("{queries} queries from seed {seed}");
        let (resources, mut dice) = (resources(), Dice(seed));
        let (mut found, mut refused) = (0, 0);
        for number in 0..queries {
            let resource = dice.pick(&resources);
            let asked = Asked::random(&mut dice, resource);
            let (ours, theirs) = (left.ask(&asked).await, right.ask(&asked).await);
            assert_eq!(ours, theirs, "query {number} of seed {seed}: {asked:#?}");
            found += ours.len();
            refused += u64::from(ours.first().is_some_and(|first| first.starts_with('4')));
        }
        println!("{found} rows found, {refused} questions refused");
        assert!(refused * 3 < queries, "most questions are to be answered: {refused} were not");
        assert!(found as u64 > queries, "the questions find next to nothing: {found}");
    });
}
