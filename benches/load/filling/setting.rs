//! The workspace that is filled: its people, tiers and stages.

use std::collections::HashMap;

use diesel::prelude::*;
use fishpond::auth::Scope;
use fishpond::auth::privileges::Role;
use fishpond::crm::custom_fields::{self, CustomField};
use fishpond::crm::org_units::{self, CreateOrgUnit, OrgUnitFields, OrgUnitType};
use fishpond::crm::pipelines::{self, Pipeline, Stage, StageKind};
use fishpond::crm::pools::store::default_pool;
use fishpond::crm::tiers::{CreateTier, TierFields, store as tiers};
use fishpond::crm::users::store::{NewUser, create as create_user};
use fishpond::crm::users::{NewPerson, UserFields, UserKind};
use fishpond::crm::workspaces::Locale;
use fishpond::db::id::{OrgUnitId, PipelineId, PoolId, TierId, UserId, WorkspaceId};
use fishpond::db::schema::{customers, users, workspaces};
use fishpond::db::{Actor, DbConnection, Failure, Tx, clock, transact};
use fishpond::http::problem::Problem;
use serde_json::{Value, json};

pub const REPS: usize = 200;
/// Units below one, each with as many reps; the first has a manager.
const UNITS: usize = 10;
pub const MANAGER: &str = "manager@load.example";
/// Of all who are made here.
pub const PASSWORD: &str = "only-for-load-tests";
const TIERS: [(&str, &str, i32); 4] =
    [("bronze", "铜牌客户", 10), ("silver", "银牌客户", 20), ("gold", "金牌客户", 30), ("platinum", "白金客户", 40)];

/// Options of the custom field `level`, and how many of a hundred customers have them.
pub const LEVELS: [(&str, i64); 5] = [("e", 45), ("d", 25), ("c", 24), ("b", 5), ("a", 1)];

pub struct Setting {
    pub workspace_id: WorkspaceId,
    pub admin: UserId,
    pub reps: Vec<UserId>,
    /// Where the reps belong.
    pub units: HashMap<UserId, OrgUnitId>,
    pub pool: PoolId,
    pub tiers: Vec<TierId>,
    pub pipeline: PipelineId,
    pub open: Vec<Stage>,
    pub closed: Vec<Stage>,
    /// Customers' custom fields `level` (select) and `score` (integer).
    pub fields: Vec<CustomField>,
}

/// The last one has hardly any customers.
pub fn rep_email(number: usize) -> String {
    format!("rep{number}@load.example")
}

impl Setting {
    /// Makes what is missing in the oldest workspace; nothing when there are customers in it.
    pub fn prepare(conn: &mut DbConnection) -> Result<Option<Self>, Failure> {
        let workspace_id: WorkspaceId = workspaces::table.order(workspaces::id.asc()).select(workspaces::id).first(conn)?;
        let taken = customers::table.filter(customers::workspace_id.eq(workspace_id)).select(customers::version).first::<i64>(conn);
        if taken.optional()?.is_some() {
            return Ok(None);
        }
        let admins = users::table.filter(users::workspace_id.eq(workspace_id).and(users::role.eq(Role::Admin.as_ref())));
        let admin: UserId = admins.order(users::id.asc()).select(users::id).first(conn)?;
        let pool = default_pool(conn, workspace_id)?;
        let Pipeline { id: pipeline, stages, .. } =
            pipelines::store::list(conn, workspace_id)?.into_iter().next().ok_or_else(Problem::not_found)?;
        let (open, closed) = stages.into_iter().partition(|stage| stage.kind == StageKind::Open);
        let actor = Actor { user_id: Some(admin), ..Actor::system(workspace_id) };
        let scope = Scope::of(workspace_id, admin, Role::Admin, false, clock::now());
        let (members, tiers, fields) =
            transact(conn, &actor, &|tx| Ok((make_people(tx, &scope)?, make_tiers(tx, &scope)?, make_fields(tx)?)))?;
        let (reps, units) = (members.iter().map(|(rep, _)| *rep).collect(), members.into_iter().collect());
        Ok(Some(Self { workspace_id, admin, reps, units, pool, tiers, pipeline, open, closed, fields }))
    }
}

/// The manager, and the reps with their units.
fn make_people(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<(UserId, OrgUnitId)>, Failure> {
    let mut unit = |name: String, parent_id| {
        let fields = OrgUnitFields { name, kind: OrgUnitType::Branch, external_refs: Vec::new() };
        org_units::store::create(tx, scope, &CreateOrgUnit { parent_id, fields }).map(|unit| unit.id)
    };
    let top = unit("Sales".to_owned(), None)?;
    let units = (1..=UNITS).map(|number| unit(format!("Branch {number}"), Some(top))).collect::<Result<Vec<_>, _>>()?;
    // The password is one, so one hash will do.
    let (email, name, password) = (MANAGER.to_owned(), "Manager".to_owned(), PASSWORD.to_owned());
    let manager = NewPerson { email, name, role: Role::Manager, locale: Locale::Zh, password, must_change_password: false };
    let hash = manager.hash_password()?;
    let mut person = |email: String, name: String, role: Role, unit: OrgUnitId| {
        let fields = UserFields { name, role, is_active: true, locale: Locale::Zh, org_unit_id: Some(unit) };
        let (email, password_hash) = (Some(email), Some(hash.clone()));
        let new = NewUser { kind: UserKind::Person, email, fields, password_hash, must_change_password: false };
        create_user(tx, &new).map(|user| (user.id, unit))
    };
    let mut around = units.iter().copied().cycle();
    let mut next = || around.next().unwrap_or(top);
    person(manager.email, manager.name, manager.role, next())?;
    (1..=REPS).map(|number| person(rep_email(number), format!("Rep {number}"), Role::Rep, next())).collect()
}

fn make_fields(tx: &mut Tx<'_>) -> Result<Vec<CustomField>, Failure> {
    let label = |label: &str| json!({ "zh": label, "en": label });
    let options: Vec<Value> = LEVELS.iter().map(|(code, _)| json!({ "code": code, "label": label(code) })).collect();
    let level = json!({ "resource": "customers", "key": "level", "type": "select", "label": label("level"), "options": options });
    let score = json!({ "resource": "customers", "key": "score", "type": "integer", "label": label("score") });
    let make = |field| {
        let field = serde_json::from_value(field).map_err(|_| Problem::not_found())?;
        custom_fields::store::create(tx, &field)
    };
    [level, score].into_iter().map(make).collect()
}

fn make_tiers(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<TierId>, Failure> {
    let tier = |(code, name, rank): (&str, &str, i32)| CreateTier {
        code: code.to_owned(),
        fields: TierFields {
            name: name.to_owned(),
            rank,
            color: None,
            is_default: false,
            benefits: None,
            credit_limit: None,
            payment_terms_days: None,
            cadence_days: Some(30),
            recycle_days: None,
            discount_percent: None,
            is_active: true,
            external_refs: Vec::new(),
            custom: Default::default(),
        },
    };
    TIERS.into_iter().map(|plan| tiers::create(tx, scope, &tier(plan)).map(|tier| tier.id)).collect()
}
