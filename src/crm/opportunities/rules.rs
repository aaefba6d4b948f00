//! What an opportunity may be and where it may go, without asking the database.

use super::dto::{MoveOpportunity, Opportunity, OpportunityFields};
use crate::crm::pipelines::StageKind;
use crate::crm::references::CodeUse;
use crate::db::money::{Amount, Money};
use crate::db::types::Instant;
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;
use crate::http::validation;

/// Everything that is wrong with the members themselves.
pub fn check(kind: StageKind, fields: &OpportunityFields) -> Vec<FieldError> {
    let mut errors = validation::errors(fields);
    if errors.is_empty() && kind == StageKind::Won && !has_amount(fields) {
        errors.push(FieldError::new("/amount", Code::AmountRequired));
    }
    errors
}

fn has_amount(fields: &OpportunityFields) -> bool {
    amount_of(fields).is_some_and(|(amount, _)| amount.units() > 0)
}

fn amount_of(fields: &OpportunityFields) -> Option<(Amount, &str)> {
    fields.amount.as_ref().and_then(|money| Some((money.amount().ok()?, money.currency.as_str())))
}

/// The dictionary codes that the members use.
pub fn codes(fields: &OpportunityFields) -> Vec<CodeUse> {
    let source = fields.source.iter().map(|code| CodeUse { dictionary: "source", pointer: "/source".to_owned(), code: code.clone() });
    source.collect()
}

/// The stage's probability unless it has its own; what is won is certain, what is lost or void is nothing.
pub fn probability(kind: StageKind, own: Option<i32>, stage: i32) -> i32 {
    match kind {
        StageKind::Open => own.unwrap_or(stage),
        StageKind::Won => 100,
        StageKind::Lost | StageKind::Void => 0,
    }
}

/// Fills in `weighted_amount`: amount × p / 100, rounded half to even.
#[must_use]
pub fn weigh(opportunity: Opportunity) -> Opportunity {
    let percent = probability(opportunity.stage_kind, opportunity.fields.probability, opportunity.stage_probability);
    let weighted_amount = amount_of(&opportunity.fields).map(|(amount, currency)| Money::percent(amount, percent, currency));
    Opportunity { weighted_amount, ..opportunity }
}

/// What forbids a move into a stage of this kind.
pub fn check_move(from: &Opportunity, to: StageKind, how: &MoveOpportunity, now: Instant) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if from.stage_kind != StageKind::Open && to != StageKind::Open {
        errors.push(FieldError::new("/to_stage_id", Code::NotReopened));
    }
    if to == StageKind::Won && !has_amount(&from.fields) {
        errors.push(FieldError::new("/to_stage_id", Code::AmountRequired));
    }
    if to == StageKind::Lost && how.reason_code.is_none() {
        errors.push(FieldError::new("/reason_code", Code::Required));
    }
    match how.closed_at {
        Some(_) if to == StageKind::Open => errors.push(FieldError::new("/closed_at", Code::NotApplicable)),
        Some(at) if at > now => errors.push(FieldError::new("/closed_at", Code::DateInFuture)),
        _ => {}
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::id::{CustomerId, OpportunityId, PipelineId, StageId, UserId};
    use crate::db::types::Instant;

    fn opportunity(kind: StageKind, amount: Option<&str>, own: Option<i32>, stage: i32) -> Opportunity {
        let now: Instant = "2026-03-01T00:00:00Z".parse().expect("an instant");
        let amount = amount.map(|amount| Money { amount: amount.to_owned(), currency: "CNY".to_owned() });
        let fields = OpportunityFields {
            name: "ERP".to_owned(),
            contact_id: None,
            amount,
            probability: own,
            forecast_category: None,
            expected_close_date: None,
            source: None,
            competitor: None,
            needs: None,
            remarks: None,
            external_refs: Vec::new(),
            custom: Default::default(),
        };
        weigh(Opportunity {
            id: OpportunityId::new(),
            version: 1,
            customer_id: CustomerId::new(),
            pipeline_id: PipelineId::new(),
            stage_id: StageId::new(),
            stage_kind: kind,
            stage_entered_at: now,
            stage_probability: stage,
            owner_id: UserId::new(),
            fields,
            weighted_amount: None,
            closed_at: (kind != StageKind::Open).then_some(now),
            close_reason_code: None,
            created_at: now,
            updated_at: now,
            created_by_id: None,
        })
    }

    fn weighted(kind: StageKind, own: Option<i32>, stage: i32) -> Option<String> {
        opportunity(kind, Some("1000.50"), own, stage).weighted_amount.map(|money| money.amount)
    }

    #[test]
    fn the_probability_is_the_stages_unless_overridden() {
        assert_eq!(weighted(StageKind::Open, None, 25).as_deref(), Some("250.12"));
        assert_eq!(weighted(StageKind::Open, Some(60), 25).as_deref(), Some("600.30"));
        assert_eq!(weighted(StageKind::Won, Some(60), 100).as_deref(), Some("1000.50"));
        assert_eq!(weighted(StageKind::Lost, Some(60), 0).as_deref(), Some("0.00"));
        assert_eq!(weighted(StageKind::Void, None, 0).as_deref(), Some("0.00"));
        assert_eq!(opportunity(StageKind::Open, None, None, 10).weighted_amount, None);
    }

    #[test]
    fn all_that_forbids_a_move_is_said_at_once() {
        let now: Instant = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let how = |reason: Option<&str>, closed_at: Option<Instant>| MoveOpportunity {
            to_stage_id: StageId::new(),
            reason_code: reason.map(str::to_owned),
            note: None,
            closed_at,
        };
        let faults = |from: &Opportunity, to, how: &MoveOpportunity| {
            check_move(from, to, how, now).into_iter().map(|error| (error.pointer, error.code)).collect::<Vec<_>>()
        };
        let open = opportunity(StageKind::Open, None, None, 10);
        let soon = now.plus(chrono::Duration::seconds(1));
        assert_eq!(faults(&open, StageKind::Open, &how(None, None)), []);
        assert_eq!(faults(&open, StageKind::Lost, &how(Some("price"), Some(now))), []);
        assert_eq!(
            faults(&open, StageKind::Won, &how(None, Some(soon))),
            [("/to_stage_id".to_owned(), Code::AmountRequired), ("/closed_at".to_owned(), Code::DateInFuture)]
        );
        let won = opportunity(StageKind::Won, Some("1"), None, 100);
        assert_eq!(
            faults(&won, StageKind::Lost, &how(None, None)),
            [("/to_stage_id".to_owned(), Code::NotReopened), ("/reason_code".to_owned(), Code::Required)]
        );
        assert_eq!(faults(&won, StageKind::Open, &how(None, Some(now))), [("/closed_at".to_owned(), Code::NotApplicable)]);
    }
}
