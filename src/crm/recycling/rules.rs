//! When a customer goes back to its pool: days only, no clock and no database.
//!
//! The protection of a rule with `extend_days`: `soft = claimed + days`; what extends it on day t makes it `max(soft, t + extend)`;
//! and the earliest of a pool's rules counts, so `max_hold` is the bound of them all.

use chrono::NaiveDate;

use super::dto::{ExtendOn, RecycleKind, RecycleRuleFields, TierDays};
use crate::crm::calendar::later;
use crate::db::id::TierId;
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

/// After a change of a rule nobody becomes due by it for this many days.
pub const GRACE_DAYS: i32 = 3;

/// What the rules need to know of a customer, in days of its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub claimed: NaiveDate,
    pub tier_id: Option<TierId>,
    /// The last counting touch since the claim.
    pub last_touch: Option<NaiveDate>,
    /// The last time since the claim that an opportunity came to a later stage.
    pub last_advance: Option<NaiveDate>,
    pub has_open_opportunity: bool,
    pub has_won: bool,
    /// Whether an open or won opportunity was made since the claim.
    pub has_new_opportunity: bool,
    pub last_deal: Option<NaiveDate>,
    /// The day on which its lock ends.
    pub locked_until: Option<NaiveDate>,
}

/// The last day on which the customer is its owner's by this rule; `None` when the rule does not apply.
pub fn due(rule: &RecycleRuleFields, case: &Case) -> Option<NaiveDate> {
    let RecycleRuleFields { kind, days, tier_days, extend_on, extend_days, exclude, is_active } = rule;
    let is_left_alone = (exclude.won && case.has_won)
        || (exclude.open_opportunity && case.has_open_opportunity)
        || case.tier_id.is_some_and(|tier| exclude.tier_ids.contains(&tier));
    if !is_active || is_left_alone {
        return None;
    }
    let of_tier = tier_days.iter().find(|of_tier| Some(of_tier.tier_id) == case.tier_id);
    let days = of_tier.map_or(*days, |of_tier| of_tier.days);
    let anchor = match kind {
        RecycleKind::NoTouch | RecycleKind::MaxHold => case.claimed,
        RecycleKind::NoOpportunity if case.has_new_opportunity => return None,
        RecycleKind::NoDeal if case.last_deal.is_some_and(|deal| deal >= case.claimed) => return None,
        RecycleKind::NoOpportunity | RecycleKind::NoDeal => case.claimed,
        RecycleKind::AfterLastDeal => case.last_deal?,
    };
    let soft = later(anchor, days);
    let extended = match (kind, extend_days) {
        (RecycleKind::MaxHold, _) => soft,
        (_, Some(extend)) => {
            let touch = case.last_touch.filter(|_| extend_on.contains(&ExtendOn::CountingTouch));
            let advance = case.last_advance.filter(|_| extend_on.contains(&ExtendOn::StageAdvance));
            let actions = [touch, advance, case.locked_until];
            actions.into_iter().flatten().map(|action| later(action, *extend)).fold(soft, NaiveDate::max)
        }
        (RecycleKind::NoTouch, None) => {
            [case.last_touch, case.locked_until].into_iter().flatten().map(|anchor| later(anchor, days)).fold(soft, NaiveDate::max)
        }
        (_, None) => soft,
    };
    // Whatever the rule: not while it is locked.
    Some(case.locked_until.map_or(extended, |end| extended.max(end)))
}

/// The rule with the days of tiers that it says nothing of itself; they count for `no_touch` only.
pub fn with_tiers(rule: &mut RecycleRuleFields, tiers: &[TierDays]) {
    if rule.kind == RecycleKind::NoTouch {
        rule.tier_days.extend(tiers);
    }
}

/// What is wrong with a rule itself.
pub fn check(rule: &RecycleRuleFields) -> Vec<FieldError> {
    let is_endless = rule.kind == RecycleKind::MaxHold && rule.extend_days.is_some();
    is_endless.then(|| FieldError::new("/extend_days", Code::NotApplicable)).into_iter().collect()
}

/// The rule that is due first, and when; each not before its own grace has passed.
pub fn earliest<'r, T>(rules: impl Iterator<Item = (&'r RecycleRuleFields, Option<NaiveDate>, T)>, case: &Case) -> Option<(NaiveDate, T)> {
    let dues = rules.filter_map(|(rule, grace, tag)| due(rule, case).map(|due| (grace.map_or(due, |grace| due.max(grace)), tag)));
    dues.min_by_key(|(due, _)| *due)
}

/// Whether a touch says something: words, or that somebody was there for a while.
pub fn says_something(summary: &str, duration_seconds: Option<i64>) -> bool {
    summary.trim().chars().count() >= 5 || duration_seconds.is_some_and(|seconds| seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::super::dto::RecycleExclude;
    use super::*;

    fn day(text: &str) -> NaiveDate {
        format!("2026-{text}").parse().expect("a day")
    }

    fn rule(kind: RecycleKind, days: i32, extend_days: Option<i32>) -> RecycleRuleFields {
        RecycleRuleFields {
            kind,
            days,
            tier_days: Vec::new(),
            extend_on: vec![ExtendOn::CountingTouch],
            extend_days,
            exclude: RecycleExclude::default(),
            is_active: true,
        }
    }

    fn case(claimed: &str) -> Case {
        Case {
            claimed: day(claimed),
            tier_id: None,
            last_touch: None,
            last_advance: None,
            has_open_opportunity: false,
            has_won: false,
            has_new_opportunity: false,
            last_deal: None,
            locked_until: None,
        }
    }

    #[test]
    fn the_worked_example_of_protection() {
        let rules = [rule(RecycleKind::NoTouch, 10, Some(3)), rule(RecycleKind::MaxHold, 20, None)];
        let due = |touch: Option<&str>| {
            let case = Case { last_touch: touch.map(day), ..case("03-25") };
            earliest(rules.iter().map(|rule| (rule, None, ())), &case).map(|(due, ())| due)
        };
        assert_eq!(due(None), Some(day("04-04")));
        assert_eq!(due(Some("03-28")), Some(day("04-04")));
        assert_eq!(due(Some("04-02")), Some(day("04-05")));
        assert_eq!(due(Some("04-05")), Some(day("04-08")));
        for touch in ["04-11", "04-12", "04-14", "05-30"] {
            assert_eq!(due(Some(touch)), Some(day("04-14")), "never later");
        }
    }

    #[test]
    fn without_an_extension_a_touch_begins_anew() {
        let rule = rule(RecycleKind::NoTouch, 10, None);
        let touched = Case { last_touch: Some(day("04-01")), ..case("03-25") };
        assert_eq!((due(&rule, &case("03-25")), due(&rule, &touched)), (Some(day("04-04")), Some(day("04-11"))));
    }

    #[test]
    fn what_ends_a_rule_ends_it() {
        let busy = Case { has_new_opportunity: true, has_open_opportunity: true, ..case("03-25") };
        let sold = Case { has_won: true, has_new_opportunity: true, last_deal: Some(day("04-02")), ..case("03-25") };
        let before = Case { last_deal: Some(day("03-01")), has_won: true, ..case("03-25") };
        let no_opportunity = rule(RecycleKind::NoOpportunity, 10, None);
        let no_deal = rule(RecycleKind::NoDeal, 10, None);
        let after_deal = rule(RecycleKind::AfterLastDeal, 10, None);
        assert_eq!((due(&no_opportunity, &busy), due(&no_opportunity, &before)), (None, Some(day("04-04"))));
        assert_eq!((due(&no_deal, &sold), due(&no_deal, &before)), (None, Some(day("04-04"))));
        assert_eq!((due(&after_deal, &sold), due(&after_deal, &busy)), (Some(day("04-12")), None));
    }

    #[test]
    fn exclusions_tiers_and_locks() {
        let tier = TierId::new();
        let gold = Case { tier_id: Some(tier), ..case("03-25") };
        let mut slow = rule(RecycleKind::NoTouch, 10, Some(3));
        slow.tier_days.push(TierDays { tier_id: tier, days: 30 });
        assert_eq!(due(&slow, &gold), Some(day("04-24")));
        // A tier's own days count where the rule says nothing of it.
        let own = TierDays { tier_id: tier, days: 7 };
        with_tiers(&mut slow, &[own]);
        assert_eq!(due(&slow, &gold), Some(day("04-24")));
        let (mut plain, mut longest) = (rule(RecycleKind::NoTouch, 10, Some(3)), rule(RecycleKind::MaxHold, 10, None));
        with_tiers(&mut plain, &[own]);
        with_tiers(&mut longest, &[own]);
        assert_eq!((due(&plain, &gold), due(&longest, &gold)), (Some(day("04-01")), Some(day("04-04"))));
        slow.exclude.tier_ids = vec![tier];
        assert_eq!((due(&slow, &gold), due(&slow, &case("03-25"))), (None, Some(day("04-04"))));
        slow.exclude.won = true;
        assert_eq!(due(&slow, &Case { has_won: true, ..case("03-25") }), None);
        // The end of a lock starts protection anew; not even `max_hold` takes what is locked.
        let locked = Case { locked_until: Some(day("04-20")), ..case("03-25") };
        assert_eq!(due(&slow, &locked), Some(day("04-23")));
        assert_eq!(due(&rule(RecycleKind::MaxHold, 5, None), &locked), Some(day("04-20")));
        assert_eq!(due(&RecycleRuleFields { is_active: false, ..rule(RecycleKind::MaxHold, 5, None) }, &locked), None);
    }

    #[test]
    fn a_changed_rule_gives_grace() {
        let changed = rule(RecycleKind::NoTouch, 1, None);
        let all = [(&changed, Some(day("05-04")), ())];
        assert_eq!(earliest(all.into_iter(), &case("03-25")), Some((day("05-04"), ())));
    }

    #[test]
    fn a_touch_must_say_something() {
        assert!(says_something("聊了新方案", None) && says_something("ok", Some(60)));
        assert!(!says_something("ok", None) && !says_something("  ok  ", Some(0)) && !says_something("    ", None));
    }
}
