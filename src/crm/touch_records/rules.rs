//! What a touch record may be, without asking the database.

use chrono::Duration;

use super::dto::TouchRecordFields;
use crate::crm::references::CodeUse;
use crate::db::types::Instant;
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

/// By how much a caller's clock may be ahead of ours.
const CLOCKS_DIFFER: Duration = Duration::minutes(5);

/// Everything that is wrong with the members themselves.
pub fn check(fields: &TouchRecordFields, now: Instant) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if fields.occurred_at > now.plus(CLOCKS_DIFFER) {
        errors.push(FieldError::new("/occurred_at", Code::DateInFuture));
    }
    errors
}

/// The dictionary codes that the members use.
pub fn codes(fields: &TouchRecordFields) -> Vec<CodeUse> {
    let used = |dictionary, pointer: &str, code: &str| CodeUse { dictionary, pointer: pointer.to_owned(), code: code.to_owned() };
    let kind = used("touch_type", "/type", &fields.touch_type);
    let outcome = fields.outcome.iter().map(|code| used("touch_outcome", "/outcome", code));
    std::iter::once(kind).chain(outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::touch_records::Direction;

    #[test]
    fn clocks_may_differ_by_five_minutes() {
        let now: Instant = "2026-03-01T08:00:00Z".parse().expect("an instant");
        let touch = |occurred_at| TouchRecordFields {
            contact_ids: Vec::new(),
            opportunity_id: None,
            touch_type: "call".to_owned(),
            direction: Direction::Outbound,
            occurred_at,
            duration_seconds: None,
            summary: "called".to_owned(),
            content: None,
            outcome: None,
            location: None,
            next_touch_at: None,
            external_refs: Vec::new(),
            custom: Default::default(),
        };
        assert!(check(&touch(now.plus(CLOCKS_DIFFER)), now).is_empty());
        let late = check(&touch(now.plus(CLOCKS_DIFFER + Duration::milliseconds(1))), now);
        assert_eq!(late.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::DateInFuture]);
    }
}
