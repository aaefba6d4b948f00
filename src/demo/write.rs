//! Carries out what the story tells, through the same stores as the API: each event as whoever does it, at its time.

use std::collections::{BTreeMap, HashMap};

use super::cast::{TIERS, TierPlan};
use super::sea;
use super::story::{Deed, Event, Number, Who};
use crate::auth::Scope;
use crate::auth::privileges::Role;
use crate::crm::contacts::{self, ContactFields, ContactLink, CreateContact};
use crate::crm::customers::ownership::{self, Collaborator, LockCustomer, SetCollaborators, collaborators};
use crate::crm::customers::{self, CreateCustomer, CustomerFields, HowToTransfer, KeepPreviousAs, LifecycleStage, MoveLifecycle, SetTier};
use crate::crm::opportunities::{self, CreateOpportunity, MoveOpportunity, OpportunityFields};
use crate::crm::pipelines;
use crate::crm::planned_touches::{self, CompletePlannedTouch, CreatePlannedTouch, PlannedTouchFields};
use crate::crm::tiers::{self, CreateTier, TierFields};
use crate::crm::touch_records::{self, CreateTouchRecord, TouchRecordFields};
use crate::db::id::{ContactId, CustomerId, OpportunityId, PlannedTouchId, PoolId, StageId, TierId, UserId, WorkspaceId};
use crate::db::money::Money;
use crate::db::percent::Percent;
use crate::db::{Actor, Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::language::Language;
use crate::http::problem::Problem;

/// What the change log has for a request.
const REQUEST: &str = "demo";

/// The workspace and what was there before the first customer.
pub struct Setting {
    pub workspace_id: WorkspaceId,
    pub admin: UserId,
    pub manager: UserId,
    pub reps: Vec<UserId>,
    pub tiers: Vec<TierId>,
    pub stages: HashMap<String, StageId>,
    /// Of the Chinese customers.
    pub pool: PoolId,
}

/// The ids of what has been written. Written again, an event replaces its own.
#[derive(Default)]
pub struct Ledger {
    customers: HashMap<Number, CustomerId>,
    contacts: HashMap<Number, ContactId>,
    opportunities: HashMap<Number, OpportunityId>,
    plans: HashMap<Number, PlannedTouchId>,
}

/// The story speaks of something that it did not make: a defect.
fn missing() -> Failure {
    Problem::new(Code::InternalError).into()
}

fn of<T: Copy>(known: &HashMap<Number, T>, number: Number) -> Result<T, Failure> {
    known.get(&number).copied().ok_or_else(missing)
}

/// The tiers, made by the administrator.
pub fn create_tiers(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<TierId>, Failure> {
    let worst = TIERS.iter().map(|plan| plan.rank).min();
    TIERS.iter().map(|plan| tiers::store::create(tx, scope, &tier(plan, Some(plan.rank) == worst)).map(|tier| tier.id)).collect()
}

fn tier(plan: &TierPlan, is_default: bool) -> CreateTier {
    let TierPlan { code, name, rank, color, benefits, credit, payment_days, cadence_days, recycle_days, discount } = *plan;
    let fields = TierFields {
        name: name.to_owned(),
        rank,
        color: Some(color.to_owned()),
        is_default,
        benefits: Some(benefits.to_owned()),
        credit_limit: Some(Money { amount: credit.to_owned(), currency: "CNY".to_owned() }),
        payment_terms_days: Some(payment_days),
        cadence_days: Some(cadence_days),
        recycle_days: Some(recycle_days),
        discount_percent: Percent::parse(discount),
        is_active: true,
        external_refs: Vec::new(),
        custom: BTreeMap::new(),
    };
    CreateTier { code: code.to_owned(), fields }
}

/// The stages of the default pipeline by their codes.
pub fn stages(tx: &mut Tx<'_>) -> Result<HashMap<String, StageId>, Failure> {
    let pipelines = pipelines::store::list(tx.conn, tx.actor.workspace_id)?;
    let default = pipelines.into_iter().find(|pipeline| pipeline.is_default).ok_or_else(missing)?;
    Ok(default.stages.into_iter().map(|stage| (stage.code, stage.id)).collect())
}

impl Setting {
    fn rep(&self, place: usize) -> Result<UserId, Failure> {
        self.reps.get(place).copied().ok_or_else(missing)
    }

    /// Does what the event tells, at its time, as whoever does it.
    pub fn carry_out(&self, tx: &mut Tx<'_>, ledger: &mut Ledger, event: &Event) -> Result<(), Failure> {
        let (user_id, role) = match event.by {
            Who::Admin => (self.admin, Role::Admin),
            Who::Manager => (self.manager, Role::Manager),
            Who::Rep(place) => (self.rep(place)?, Role::Rep),
        };
        let scope = Scope::of(self.workspace_id, user_id, role, false, event.at);
        let actor = Actor { user_id: Some(user_id), request_id: REQUEST.to_owned(), ..Actor::system(self.workspace_id) };
        let tx = &mut Tx { conn: &mut *tx.conn, actor: &actor, now: event.at };
        match &event.deed {
            Deed::NewCustomer { customer, kind, owner, parent, fields } => {
                let owner_id = owner.map(|rep| self.rep(rep)).transpose()?;
                let parent_id = parent.map(|parent| of(&ledger.customers, parent)).transpose()?;
                let fields = CustomerFields { parent_id, ..(**fields).clone() };
                let is_chinese = fields.address.as_ref().is_some_and(|address| address.country.as_deref() == Some("CN"));
                // Of a manager's, what has neither owner nor pool goes to the default pool.
                let pool_id = (owner_id.is_none() && is_chinese).then_some(self.pool);
                let input = CreateCustomer { kind: *kind, lifecycle_stage: LifecycleStage::Lead, owner_id, pool_id, tier_id: None, fields };
                let made = customers::store::create(tx, &scope, &input)?;
                ledger.customers.insert(*customer, made.id);
            }
            Deed::NewContact { contact, customer, role, is_primary, fields } => {
                let link = ContactLink {
                    customer_id: of(&ledger.customers, *customer)?,
                    role: Some((*role).to_owned()),
                    is_primary: *is_primary,
                    is_decision_maker: *is_primary,
                    left_date: None,
                };
                let fields = ContactFields { links: vec![link], ..(**fields).clone() };
                let made = contacts::store::create(tx, &scope, &CreateContact { fields })?;
                ledger.contacts.insert(*contact, made.id);
            }
            Deed::NewOpportunity { opportunity, customer, contact, fields } => {
                let contact_id = contact.map(|contact| of(&ledger.contacts, contact)).transpose()?;
                let fields = OpportunityFields { contact_id, ..(**fields).clone() };
                let customer_id = of(&ledger.customers, *customer)?;
                let input = CreateOpportunity { customer_id, pipeline_id: None, stage_id: None, owner_id: None, fields };
                let made = opportunities::store::create(tx, &scope, &input)?;
                ledger.opportunities.insert(*opportunity, made.id);
            }
            Deed::MoveOpportunity { opportunity, stage, reason } => {
                let how = MoveOpportunity {
                    to_stage_id: self.stages.get(*stage).copied().ok_or_else(missing)?,
                    reason_code: reason.map(str::to_owned),
                    note: None,
                    closed_at: None,
                };
                opportunities::move_opportunity(tx, &scope, of(&ledger.opportunities, *opportunity)?, &IfMatch::default(), &how)?;
            }
            Deed::Touch { customer, contact, opportunity, plan, fields } => {
                let contact_ids = contact.map(|contact| of(&ledger.contacts, contact)).transpose()?.into_iter().collect();
                let opportunity_id = opportunity.map(|opportunity| of(&ledger.opportunities, opportunity)).transpose()?;
                let fields = TouchRecordFields { contact_ids, opportunity_id, ..(**fields).clone() };
                let customer_id = of(&ledger.customers, *customer)?;
                if let Some(plan) = plan {
                    let done = CompletePlannedTouch { fields };
                    planned_touches::store::complete(tx, &scope, of(&ledger.plans, *plan)?, &IfMatch::default(), &done)?;
                } else {
                    touch_records::store::create(tx, &scope, &CreateTouchRecord { customer_id, fields })?;
                }
            }
            Deed::Plan { plan, customer, contact, opportunity, fields } => {
                let contact_id = contact.map(|contact| of(&ledger.contacts, contact)).transpose()?;
                let opportunity_id = opportunity.map(|opportunity| of(&ledger.opportunities, opportunity)).transpose()?;
                let fields = PlannedTouchFields { contact_id, opportunity_id, ..(**fields).clone() };
                let input = CreatePlannedTouch { customer_id: of(&ledger.customers, *customer)?, assignee_id: None, fields };
                let made = planned_touches::store::create(tx, &scope, &input)?;
                ledger.plans.insert(*plan, made.id);
            }
            Deed::MoveLifecycle { customer, stage, reason } => {
                let to = MoveLifecycle { stage: *stage, reason_code: reason.map(str::to_owned) };
                customers::move_lifecycle(tx, &scope, of(&ledger.customers, *customer)?, &IfMatch::default(), &to)?;
            }
            Deed::SetTier { customer, tier, reason } => {
                let tier_id = Some(self.tiers.get(*tier).copied().ok_or_else(missing)?);
                let to = SetTier { tier_id, reason: (*reason).to_owned() };
                customers::set_tier(tx, &scope, of(&ledger.customers, *customer)?, &IfMatch::default(), &to)?;
            }
            Deed::Transfer { customer, to, reason } => {
                let (ids, to_user_id) = (vec![of(&ledger.customers, *customer)?], self.rep(*to)?);
                let (keep_opportunities, keep_previous_as) = (false, KeepPreviousAs::None);
                let reason = (*reason).to_owned();
                let how = HowToTransfer { to_user_id, reason, keep_opportunities, keep_previous_as };
                let moved = customers::transfer(tx, &scope, Language::default(), &ids, &how)?;
                if moved.summary.failed > 0 {
                    return Err(missing());
                }
            }
            Deed::Share { customer, with, until } => {
                let with = Collaborator { user_id: self.rep(*with)?, expires_at: Some(*until) };
                let all = SetCollaborators { collaborators: vec![with] };
                collaborators::replace(tx, &scope, of(&ledger.customers, *customer)?, &IfMatch::default(), &all)?;
            }
            Deed::Lock { customer, until, reason } => {
                let how = LockCustomer { until: *until, reason: (*reason).to_owned() };
                ownership::lock(tx, &scope, of(&ledger.customers, *customer)?, &IfMatch::default(), &how)?;
            }
            Deed::SetRules { cap } => sea::set_rules(tx, &scope, self.pool, *cap)?,
        }
        Ok(())
    }
}
