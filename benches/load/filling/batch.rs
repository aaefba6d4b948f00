//! Objects of one kind as the rows of all tables; `writing` puts them into either database.

use fishpond::changes::{Operation, diff};
use fishpond::crm::contacts::rows::ContactRow;
use fishpond::crm::custom_fields::keys::{Key, keys};
use fishpond::crm::custom_fields::{Custom, CustomField};
use fishpond::crm::customers::rows::{CustomerRow, HoldingRow, ProfileRow};
use fishpond::crm::external_refs::ExternalRef;
use fishpond::crm::lookup_keys::KeyKind;
use fishpond::crm::opportunities::rows::OpportunityRow;
use fishpond::crm::opportunities::stage_moves::StageMoveRow;
use fishpond::crm::search::{SearchDoc, Texts};
use fishpond::crm::touch_records::TouchRecordRow;
use fishpond::crm::{contacts, customers, opportunities as deals, touch_records as touches};
use fishpond::db::condition::AnyId;
use fishpond::db::id::{ChangeId, Id, Kind, StageId, StageMoveId, UserId, WorkspaceId};
use fishpond::db::money::Money;
use fishpond::db::types::{Instant, Json};
use fishpond::http::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use super::objects;
use super::rows::{ChangeRow, KeyRow, LinkRow, RefRow, TouchContactRow, ValueRow};
use super::world::{Touched, World};

/// The kind, ids, names and tokens of search documents.
#[derive(Default)]
pub(super) struct Docs {
    pub(super) kind: &'static str,
    pub(super) ids: Vec<Uuid>,
    pub(super) names: Vec<String>,
    pub(super) tokens: Vec<String>,
}

/// Objects of one kind, as rows.
pub struct Batch {
    pub(super) workspace_id: WorkspaceId,
    pub(super) customers: Vec<CustomerRow>,
    pub(super) profiles: Vec<ProfileRow>,
    pub(super) holdings: Vec<HoldingRow>,
    pub(super) contacts: Vec<ContactRow>,
    pub(super) links: Vec<LinkRow>,
    pub(super) opportunities: Vec<OpportunityRow>,
    pub(super) stays: Vec<StageMoveRow>,
    pub(super) touches: Vec<TouchRecordRow>,
    pub(super) touch_contacts: Vec<TouchContactRow>,
    pub(super) refs: Vec<RefRow>,
    pub(super) keys: Vec<KeyRow>,
    pub(super) values: Vec<ValueRow>,
    pub(super) changes: Vec<ChangeRow>,
    pub(super) docs: Docs,
}

impl Batch {
    #[rustfmt::skip]
    pub fn new(world: &World) -> Self {
        Self {
            workspace_id: world.setting.workspace_id, customers: vec![], profiles: vec![], holdings: vec![], contacts: vec![], links: vec![],
            opportunities: vec![], stays: vec![], touches: vec![], touch_contacts: vec![], refs: vec![], keys: vec![], values: vec![],
            changes: vec![], docs: Docs::default(),
        }
    }

    pub fn push_customer(&mut self, world: &World, index: usize) -> Result<(), Problem> {
        let Some(seedling) = world.customers.get(index) else { return Ok(()) };
        let customer = objects::customer(world, index, seedling);
        let names: Vec<String> = seedling.contacts.clone().rev().map(|contact| objects::contact_name(world, contact, index)).collect();
        self.document(customer.id, &customers::search::texts(&customer.fields, objects::hidden(seedling)), &names);
        self.refs(customer.id, &customer.fields.external_refs);
        self.keys(customer.id, customers::store::keys(&customer.fields));
        self.values(&world.setting.fields, customer.id, &customer.fields.custom);
        let new = objects::created(&customer);
        self.change(Operation::Created, customer.id, 1, None, &new, customer.created_by_id, new.created_at)?;
        let (row, profile, holding) = customers::rows::rows_of(self.workspace_id, &customer);
        self.customers.push(row);
        self.profiles.push(profile);
        self.holdings.push(holding);
        Ok(())
    }

    pub fn push_contact(&mut self, world: &World, index: usize) -> Result<(), Problem> {
        let Some(seedling) = world.contacts.get(index) else { return Ok(()) };
        let Some(customer) = world.customers.get(seedling.customer) else { return Ok(()) };
        let contact = objects::contact(world, index, seedling, customer);
        self.document(contact.id, &contacts::search::texts(&contact.fields, objects::hidden(customer)), &[]);
        self.refs(contact.id, &contact.fields.external_refs);
        self.keys(contact.id, contacts::store::keys(&contact.fields));
        self.change(Operation::Created, contact.id, 1, None, &contact, contact.created_by_id, contact.created_at)?;
        for (link, position) in contact.fields.links.iter().zip(0..) {
            self.links.push(LinkRow {
                workspace_id: self.workspace_id,
                contact_id: contact.id,
                customer_id: link.customer_id,
                position,
                role: link.role.clone(),
                is_primary: link.is_primary,
                is_decision_maker: link.is_decision_maker,
                left_date: link.left_date,
                is_deleted: false,
            });
        }
        self.contacts.push(contacts::rows::row_of(self.workspace_id, &contact));
        Ok(())
    }

    pub fn push_opportunity(&mut self, world: &World, index: usize) -> Result<(), Problem> {
        let Some(seedling) = world.opportunities.get(index) else { return Ok(()) };
        let Some(customer) = world.customers.get(seedling.customer) else { return Ok(()) };
        let Some((begun, moved)) = objects::opportunity(world, index, seedling, customer) else { return Ok(()) };
        self.document(begun.id, &deals::search::texts(&begun.fields), &[]);
        self.change(Operation::Created, begun.id, 1, None, &begun, begun.created_by_id, begun.created_at)?;
        self.stay(&begun, None, moved.as_ref().map(|moved| moved.stage_entered_at));
        if let Some(moved) = &moved {
            self.change(Operation::StageMoved, begun.id, 2, Some(&begun), moved, begun.created_by_id, moved.updated_at)?;
            self.stay(moved, Some(begun.stage_id), None);
        }
        self.opportunities.push(deals::rows::row_of(self.workspace_id, moved.as_ref().unwrap_or(&begun)));
        Ok(())
    }

    pub fn push_touch(&mut self, world: &World, index: usize) -> Result<(), Problem> {
        let Some(seedling) = world.touches.get(index) else { return Ok(()) };
        let Some(customer) = world.customers.get(seedling.customer) else { return Ok(()) };
        let touch = objects::touch(world, index, seedling, customer);
        self.change(Operation::Created, touch.id, 1, None, &touch, touch.created_by_id, touch.created_at)?;
        if seedling.before != seedling.after {
            let said = |touched: Touched| Said { last_touch_at: touched.last, next_touch_at: touched.next, touch_count: touched.count };
            let (before, after) = (said(seedling.before), said(seedling.after));
            self.change(Operation::Updated, customer.id, seedling.version, Some(&before), &after, touch.created_by_id, touch.created_at)?;
        }
        let (workspace_id, touch_record_id) = (self.workspace_id, touch.id);
        let rows = touch.fields.contact_ids.iter().map(|id| TouchContactRow { workspace_id, contact_id: *id, touch_record_id });
        self.touch_contacts.extend(rows);
        self.touches.push(touches::rows::row_of(self.workspace_id, &touch));
        Ok(())
    }

    fn stay(&mut self, opportunity: &deals::Opportunity, from_stage_id: Option<StageId>, left_at: Option<Instant>) {
        let (amount, amount_currency) = Money::columns(opportunity.fields.amount.as_ref());
        let (kind, own, stage) = (opportunity.stage_kind, opportunity.fields.probability, opportunity.stage_probability);
        self.stays.push(StageMoveRow {
            workspace_id: self.workspace_id,
            id: StageMoveId::new(),
            opportunity_id: opportunity.id,
            customer_id: opportunity.customer_id,
            from_stage_id,
            stage_id: opportunity.stage_id,
            entered_at: opportunity.stage_entered_at,
            left_at,
            by_id: opportunity.created_by_id,
            amount,
            amount_currency,
            probability: deals::rules::probability(kind, own, stage),
            reason_code: opportunity.close_reason_code.clone(),
            note: None,
        });
    }

    fn document<K: Kind>(&mut self, id: Id<K>, texts: &Texts, names: &[String]) {
        let SearchDoc { name, tokens, .. } = SearchDoc::of(self.workspace_id, id, texts, names);
        self.docs.kind = K::NAME;
        self.docs.ids.push(id.uuid());
        self.docs.names.push(name);
        self.docs.tokens.push(tokens);
    }

    fn refs<K: Kind>(&mut self, id: Id<K>, refs: &[ExternalRef]) {
        let (workspace_id, object_id) = (self.workspace_id, AnyId::from_uuid(id.uuid()));
        let row = |ExternalRef { system, value }: ExternalRef| RefRow { workspace_id, resource_type: K::NAME, system, value, object_id };
        self.refs.extend(refs.iter().cloned().map(row));
    }

    fn values<K: Kind>(&mut self, fields: &[CustomField], id: Id<K>, custom: &Custom) {
        let (workspace_id, object_id) = (self.workspace_id, AnyId::from_uuid(id.uuid()));
        let found = fields.iter().filter_map(|field| Some((field, custom.get(&field.key)?)));
        let found = found
            .flat_map(|(field, value)| keys(field.kind, value).into_iter().zip(0..).map(move |(key, position)| (field.id, key, position)));
        self.values.extend(found.map(|(field_id, Key { text, number }, position)| ValueRow {
            workspace_id,
            object_id,
            field_id,
            position,
            text_value: text,
            number_value: number,
            unique_value: None,
        }));
    }

    fn keys<K: Kind>(&mut self, id: Id<K>, mut keys: Vec<(KeyKind, String)>) {
        let (workspace_id, object_id) = (self.workspace_id, AnyId::from_uuid(id.uuid()));
        keys.sort_unstable();
        keys.dedup();
        let row = |(kind, value): (KeyKind, String)| KeyRow { workspace_id, resource_type: K::NAME, kind: kind.into(), value, object_id };
        self.keys.extend(keys.into_iter().map(row));
    }

    #[expect(clippy::too_many_arguments, reason = "what a change is made of")]
    fn change<K: Kind, T: Serialize>(
        &mut self,
        operation: Operation,
        id: Id<K>,
        object_version: i64,
        before: Option<&T>,
        after: &T,
        actor_id: Option<UserId>,
        at: Instant,
    ) -> Result<(), Problem> {
        self.changes.push(ChangeRow {
            workspace_id: self.workspace_id,
            id: ChangeId::new(),
            kind: format!("{}.{}", K::NAME, operation.as_ref()),
            object_type: K::NAME,
            object_id: AnyId::from_uuid(id.uuid()),
            object_version,
            changed: Json(diff(before, Some(after))?),
            actor_id,
            request_id: "load",
            at,
        });
        Ok(())
    }
}

/// The members of a customer that touches change.
#[derive(Serialize)]
struct Said {
    last_touch_at: Option<Instant>,
    next_touch_at: Option<Instant>,
    touch_count: i64,
}
