//! What each object looks like, as the API would answer it.

use chrono::Duration;
use fishpond::crm::contacts::{Channel, Consents, Contact, ContactFields, ContactLink};
use fishpond::crm::custom_fields::Custom;
use fishpond::crm::customers::{Address, Customer, CustomerFields, CustomerKind, CustomerStatus, Holding, IntentLevel, LifecycleStage};
use fishpond::crm::external_refs::ExternalRef;
use fishpond::crm::opportunities::{Opportunity, OpportunityFields, rules};
use fishpond::crm::pipelines::{Stage, StageKind};
use fishpond::crm::pools::masks::Hidden;
use fishpond::crm::touch_records::{Direction, TouchRecord, TouchRecordFields};
use fishpond::db::id::StageId;
use fishpond::db::money::{Amount, Money};
use fishpond::demo::chance::Chance;

use super::setting::LEVELS;
use super::texts;
use super::world::{self, World, chance_of};

const SOURCES: &str = "website|search|exhibition|exhibition|referral|partner|cold_call|cold_call|import|other";
const INDUSTRIES: &str = "manufacturing|manufacturing|manufacturing|information_technology|wholesale|retail|construction|energy|transport|healthcare|education|mining";
const REGIONS: &str =
    "east_china|east_china|south_china|south_china|north_china|central_china|southwest_china|northeast_china|northwest_china";
const OWNERSHIPS: &str = "private|private|private|private|state|joint_stock|joint_venture|foreign|collective";
const TITLES: &str = "采购经理|总经理|技术总监|财务主管|行政|销售总监|Purchasing Manager|CTO";
const SUMMARIES: &str = "确认了报价，下周签约|电话未接通，改天再打|拜访客户，介绍新产品|客户要求降价|发送了方案和报价单|讨论合同条款|回访使用情况，反馈良好|Called about the quote|Sent the offer";
const OUTCOMES: &str = "connected|connected|no_answer|interested|not_interested|follow_up|follow_up|appointment|completed";
const PROJECTS: &str = "ERP 升级项目|设备采购|年度框架合同|软件许可|产线改造|仓储系统|Maintenance contract|Pilot project";

fn maybe<T>(chance: &mut Chance, percent: i64, make: impl FnOnce(&mut Chance) -> T) -> Option<T> {
    (chance.between(1, 100) <= percent).then(|| make(chance))
}

fn part(chance: &mut Chance, percent: i64, of: &'static str) -> Option<String> {
    maybe(chance, percent, |chance| chance.part(of).to_owned())
}

/// What the pool hides of a customer, which lies in it when nobody owns it.
pub fn hidden(customer: &world::Customer) -> Hidden {
    let is_pooled = customer.owner.is_none();
    Hidden { phones: is_pooled, email: is_pooled, address: is_pooled }
}

/// As it is now; `created` says how it began.
pub fn customer(world: &World, index: usize, seedling: &world::Customer) -> Customer {
    let mut chance = chance_of(world.seed, 1, index);
    let chance = &mut chance;
    let is_person = chance.one_in(20);
    let texts::Company { name, place } = texts::company(chance, index);
    let name = if is_person { texts::person(chance, index) } else { name };
    let address = maybe(chance, 70, |_| match place {
        Some((province, city)) => {
            Address { country: Some("CN".into()), province: Some(province.into()), city: Some(format!("{city}市")), ..Address::default() }
        }
        None => Address { country: Some("DE".into()), city: Some("Hamburg".into()), ..Address::default() },
    });
    let (tier, tiers) = (chance.between(0, 9), &world.setting.tiers);
    let fields = CustomerFields {
        name,
        status: match chance.between(1, 1000) {
            1..=4 => CustomerStatus::Blocked,
            5..=60 => CustomerStatus::Inactive,
            _ => CustomerStatus::Active,
        },
        parent_id: None,
        service_rep_id: maybe(chance, 10, |chance| chance.pick(&world.setting.reps.iter().copied().map(Some).collect::<Vec<_>>()))
            .flatten(),
        source: part(chance, 80, SOURCES),
        source_detail: None,
        industries: maybe(chance, 90, |chance| vec![chance.part(INDUSTRIES).to_owned()]).unwrap_or_default(),
        ownership_type: part(chance, 60, OWNERSHIPS),
        trade_type: part(chance, 30, "manufacturer|end_user|agent|wholesaler"),
        location_type: None,
        region: part(chance, 70, REGIONS),
        intent_level: match chance.between(1, 10) {
            1 => IntentLevel::High,
            2 | 3 => IntentLevel::Medium,
            4 => IntentLevel::Low,
            _ => IntentLevel::None,
        },
        email: maybe(chance, 40, |_| format!("info@c{index}.example")),
        employee_count: maybe(chance, 50, |chance| chance.between(1, 100) * chance.between(1, 100)),
        phones: maybe(chance, 80, |chance| vec![texts::phone(chance, index)]).unwrap_or_default(),
        website: maybe(chance, 20, |_| format!("https://www.c{index}.com.cn")),
        address,
        birthday: None,
        gender: None,
        education: None,
        income_band: None,
        family: None,
        needs: None,
        remarks: texts::remarks(chance, index),
        unified_social_credit_code: None,
        external_refs: maybe(chance, 50, |_| vec![reference("erp", index)]).unwrap_or_default(),
        custom: custom(world, index),
    };
    let tier_id = match tier {
        0 => tiers.last(),
        1 | 2 => tiers.get(2),
        3 | 4 => tiers.get(1),
        5..=7 => tiers.first(),
        _ => None,
    };
    Customer {
        id: seedling.id,
        version: seedling.version,
        kind: if is_person { CustomerKind::Person } else { CustomerKind::Organization },
        lifecycle_stage: match chance.between(1, 100) {
            1..=45 => LifecycleStage::Lead,
            46..=70 => LifecycleStage::Prospect,
            71..=94 => LifecycleStage::Customer,
            95..=99 => LifecycleStage::Loyal,
            _ => LifecycleStage::Churned,
        },
        owner_id: seedling.owner,
        pool_id: seedling.owner.is_none().then_some(world.setting.pool),
        org_unit_id: seedling.owner.and_then(|owner| world.setting.units.get(&owner).copied()),
        tier_id: tier_id.copied(),
        fields,
        last_touch_at: seedling.touched.last,
        next_touch_at: seedling.touched.next,
        touch_count: seedling.touched.count,
        holding: Holding {
            claimed_at: seedling.owner.map(|_| seedling.at),
            pooled_at: seedling.owner.is_none().then_some(seedling.at),
            ..Holding::default()
        },
        created_at: seedling.at,
        updated_at: seedling.updated_at,
        created_by_id: seedling.owner.or(Some(world.setting.admin)),
    }
}

fn custom(world: &World, index: usize) -> Custom {
    let mut chance = chance_of(world.seed, 6, index);
    let (mut rest, score) = (chance.between(1, 100), chance.between(0, 9_999));
    let level = LEVELS.iter().find(|(_, share)| {
        let is_it = rest <= *share;
        rest = rest.saturating_sub(*share);
        is_it
    });
    let level = level.map(|(level, _)| ("level".to_owned(), (*level).into()));
    level.into_iter().chain([("score".to_owned(), score.into())]).collect()
}

/// The customer as it was when it was new.
pub fn created(customer: &Customer) -> Customer {
    let new = customer.clone();
    Customer { version: 1, last_touch_at: None, next_touch_at: None, touch_count: 0, updated_at: new.created_at, ..new }
}

fn reference(system: &str, index: usize) -> ExternalRef {
    ExternalRef { system: system.to_owned(), value: format!("{index:08}") }
}

pub fn contact_name(world: &World, index: usize, customer: usize) -> String {
    texts::person(&mut chance_of(world.seed, 2, index), customer)
}

pub fn contact(world: &World, index: usize, seedling: &world::Contact, customer: &world::Customer) -> Contact {
    let mut chance = chance_of(world.seed, 3, index);
    let chance = &mut chance;
    let link = ContactLink {
        customer_id: customer.id,
        role: part(chance, 50, "decision_maker|purchaser|technical|finance"),
        is_primary: customer.contacts.start == index,
        is_decision_maker: chance.one_in(4),
        left_date: None,
    };
    let fields = ContactFields {
        name: contact_name(world, index, seedling.customer),
        title: part(chance, 70, TITLES),
        department: None,
        email: maybe(chance, 50, |_| format!("p{index}@c{}.example", seedling.customer)),
        phones: maybe(chance, 90, |chance| vec![texts::phone(chance, seedling.customer)]).unwrap_or_default(),
        wechat: None,
        social_accounts: Vec::new(),
        gender: None,
        birthday: None,
        preferred_channel: chance.one_in(3).then_some(Channel::Phone),
        consents: Consents::default(),
        remarks: None,
        links: vec![link],
        external_refs: maybe(chance, 20, |_| vec![reference("erp", index)]).unwrap_or_default(),
        custom: Custom::new(),
    };
    let (created_at, created_by_id) = (seedling.at, customer.owner.or(Some(world.setting.admin)));
    Contact { id: seedling.id, version: 1, fields, created_at, updated_at: created_at, created_by_id }
}

/// As it began, and where it was moved later, if it was: one of two is closed.
pub fn opportunity(
    world: &World,
    index: usize,
    seedling: &world::Opportunity,
    customer: &world::Customer,
) -> Option<(Opportunity, Option<Opportunity>)> {
    let mut chance = chance_of(world.seed, 4, index);
    let chance = &mut chance;
    let amount = chance.between(1, 900) * chance.between(1, 900);
    let currency = if chance.one_in(10) { "USD" } else { "CNY" };
    let fields = OpportunityFields {
        name: format!("{} {}", texts::company(&mut chance_of(world.seed, 5, index), seedling.customer).name, chance.part(PROJECTS)),
        contact_id: world.contacts.get(customer.contacts.clone()).and_then(|contacts| contacts.first()).map(|contact| contact.id),
        amount: Some(Money::of(Amount::from_units(amount * 100 * 10_000), currency).tidy()),
        probability: maybe(chance, 10, |chance| i32::try_from(chance.between(0, 100)).unwrap_or_default()),
        forecast_category: None,
        expected_close_date: maybe(chance, 80, |chance| seedling.at.plus(Duration::days(chance.between(10, 200))).get().date_naive()),
        source: part(chance, 50, SOURCES),
        competitor: None,
        needs: None,
        remarks: texts::remarks(chance, seedling.customer),
        external_refs: Vec::new(),
        custom: Custom::new(),
    };
    let first = world.setting.open.first()?;
    let begun = rules::weigh(Opportunity {
        id: seedling.id,
        version: 1,
        customer_id: customer.id,
        pipeline_id: world.setting.pipeline,
        stage_id: first.id,
        stage_kind: first.kind,
        stage_entered_at: seedling.at,
        stage_probability: first.probability,
        owner_id: customer.owner.unwrap_or(world.setting.admin),
        fields,
        weighted_amount: None,
        closed_at: None,
        close_reason_code: None,
        created_at: seedling.at,
        updated_at: seedling.at,
        created_by_id: customer.owner.or(Some(world.setting.admin)),
    });
    let nobody: Option<StageId> = None;
    let stages: &[Stage] = if chance.one_in(2) { &world.setting.closed } else { &world.setting.open };
    let to = chance.pick(&stages.iter().map(|stage| Some(stage.id)).chain([nobody]).collect::<Vec<_>>());
    let to = stages.iter().find(|stage| Some(stage.id) == to && stage.id != first.id);
    let moved = to.map(|stage| {
        let at = seedling.at.plus(Duration::days(chance.between(1, 90))).min(world.end);
        let is_closed = stage.kind != StageKind::Open;
        rules::weigh(Opportunity {
            version: 2,
            stage_id: stage.id,
            stage_kind: stage.kind,
            stage_entered_at: at,
            stage_probability: stage.probability,
            closed_at: is_closed.then_some(at),
            close_reason_code: (stage.kind == StageKind::Lost).then(|| chance.part("price|competitor|budget|timing").to_owned()),
            updated_at: at,
            ..begun.clone()
        })
    });
    Some((begun, moved))
}

pub fn touch(world: &World, index: usize, seedling: &world::Touch, customer: &world::Customer) -> TouchRecord {
    let mut chance = chance_of(world.seed, 6, index);
    let chance = &mut chance;
    let contacts = world.contacts.get(customer.contacts.clone()).unwrap_or_default();
    let opportunities = world.opportunities.get(customer.opportunities.clone()).unwrap_or_default();
    let fields = TouchRecordFields {
        contact_ids: contacts.first().filter(|_| chance.one_in(2)).map(|contact| contact.id).into_iter().collect(),
        opportunity_id: opportunities.first().filter(|_| chance.one_in(2)).map(|opportunity| opportunity.id),
        touch_type: seedling.touch_type.to_owned(),
        direction: chance.pick(&[Direction::Outbound, Direction::Outbound, Direction::Inbound, Direction::None]),
        occurred_at: seedling.at,
        duration_seconds: maybe(chance, 40, |chance| chance.between(10, 3600)),
        summary: chance.part(SUMMARIES).to_owned(),
        content: None,
        outcome: part(chance, 60, OUTCOMES),
        location: None,
        next_touch_at: seedling.next,
        external_refs: Vec::new(),
        custom: Custom::new(),
    };
    let author_id = customer.owner.unwrap_or(world.setting.admin);
    TouchRecord {
        id: seedling.id,
        version: 1,
        customer_id: customer.id,
        fields,
        counts_as_touch: seedling.counts,
        resets_recycle: false,
        author_id,
        created_at: seedling.at,
        updated_at: seedling.at,
        created_by_id: Some(author_id),
    }
}
