//! What happens to a customer between touches.

use super::cast::{DIAMOND, Deal, GOLD, LOST, Part, SILVER, STAGES, STANDARD, VOID};
use super::chance::Chance;
use crate::crm::customers::LifecycleStage;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// A rep gets it from the pool.
    Assign,
    Contact,
    Opportunity,
    Stage(&'static str),
    /// Into a closed stage, with the reason.
    Close(&'static str, Option<&'static str>),
    Lifecycle(LifecycleStage),
    /// A place in `TIERS`.
    Tier(usize),
    Transfer,
}

/// What is to happen, in order.
pub fn steps(chance: &mut Chance, part: Part) -> Vec<Step> {
    let Part { is_pooled, ends, deal, .. } = part;
    let mut steps = Vec::new();
    if ends != LifecycleStage::Lead {
        steps.push(Step::Lifecycle(LifecycleStage::Prospect));
    }
    if let Some(deal) = deal {
        steps.push(Step::Opportunity);
        steps.extend(way(chance, deal));
    }
    if matches!(ends, LifecycleStage::Customer | LifecycleStage::Loyal | LifecycleStage::Churned) {
        let tier = chance.pick(&[STANDARD, STANDARD, SILVER, SILVER, GOLD]);
        steps.extend([Step::Lifecycle(LifecycleStage::Customer), Step::Tier(tier)]);
    }
    if ends == LifecycleStage::Loyal {
        let tier = chance.pick(&[GOLD, DIAMOND]);
        steps.extend([Step::Lifecycle(ends), Step::Tier(tier), Step::Opportunity]);
        let reached = usize::try_from(chance.between(0, 3)).unwrap_or_default();
        let next = if reached == 3 && chance.one_in(2) { Deal::Won } else { Deal::Open(reached) };
        steps.extend(way(chance, next));
    }
    if ends == LifecycleStage::Churned {
        steps.push(Step::Lifecycle(ends));
    }
    let mut extra = vec![Step::Contact; usize::try_from(chance.between(0, 2)).unwrap_or_default()];
    if !is_pooled && chance.one_in(6) {
        extra.push(Step::Transfer);
    }
    for step in extra {
        let place = chance.between(0, i64::try_from(steps.len()).unwrap_or_default());
        steps.insert(usize::try_from(place).unwrap_or_default(), step);
    }
    steps
}

/// The way of an opportunity from its first stage.
fn way(chance: &mut Chance, deal: Deal) -> Vec<Step> {
    let stages = |count: usize| STAGES.iter().copied().skip(1).take(count).map(Step::Stage);
    let lost = Step::Close("lost", Some(chance.pick(LOST)));
    match deal {
        Deal::Open(place) => stages(place).collect(),
        Deal::Won => stages(3).chain([Step::Close("won", None)]).collect(),
        Deal::Lost => stages(usize::try_from(chance.between(1, 3)).unwrap_or(1)).chain([lost]).collect(),
        Deal::Void => stages(1).chain([Step::Close("void", Some(chance.pick(VOID)))]).collect(),
        Deal::Reopened => stages(2).chain([lost, Step::Stage("negotiation"), Step::Close("won", None)]).collect(),
    }
}
