//! Giving opportunities to another owner: by themselves, or along with their customer.

use std::collections::HashMap;

use diesel::prelude::*;

use super::dto::{Opportunity, TransferOpportunities};
use super::fields::Opportunities;
use super::store::{get_for_change, load_all, save};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::transfers::{self, MoveResults};
use crate::db::id::{CustomerId, OpportunityId, UserId};
use crate::db::schema::opportunities;
use crate::db::{Condition, Failure, Tx};
use crate::http::language::Language;
use crate::listing::rows::rows;

/// What the caller may not move stays, and says why.
pub fn transfer(tx: &mut Tx<'_>, scope: &Scope, language: Language, input: &TransferOpportunities) -> Result<MoveResults, Failure> {
    let TransferOpportunities { ids, to_user_id, reason } = input;
    let named = Condition::any_of("opportunities.id", ids.iter().copied());
    let customers = opportunities::table
        .filter(opportunities::workspace_id.eq(tx.actor.workspace_id))
        .filter(named)
        .select((opportunities::id, opportunities::customer_id));
    let customers: HashMap<OpportunityId, CustomerId> = customers.load(tx.conn)?.into_iter().collect();
    // By customer, as a transfer of customers takes them along.
    let place = |id| (customers.get(&id).copied(), id);
    transfers::check(tx, *to_user_id)?;
    transfers::transfer(tx, language, ids, place, |tx, id| {
        let before = get_for_change(tx.conn, scope, id)?;
        give(tx, scope, &before, *to_user_id, Some(reason)).map(|after| after.version)
    })
}

/// The open ones of a customer that has got another owner.
pub fn transfer_open(tx: &mut Tx<'_>, scope: &Scope, customer_id: CustomerId, to_user_id: UserId, reason: &str) -> Result<(), Failure> {
    let open = rows::<Opportunities>(tx.actor.workspace_id, false).then(" AND opportunities.stage_kind = 'open'");
    let open = open.then(" AND opportunities.customer_id = ").bind(customer_id);
    for before in load_all(tx.conn, open)? {
        give(tx, scope, &before, to_user_id, Some(reason))?;
    }
    Ok(())
}

/// Somebody's open ones at these customers.
pub fn open_of(tx: &mut Tx<'_>, owner_id: UserId, customer_ids: &[CustomerId]) -> QueryResult<Vec<Opportunity>> {
    let open = rows::<Opportunities>(tx.actor.workspace_id, false).then(" AND opportunities.stage_kind = 'open'");
    let open = open.then(" AND opportunities.owner_id = ").bind(owner_id);
    load_all(tx.conn, open.and(Condition::any_of("opportunities.customer_id", customer_ids.iter().copied())))
}

pub fn give(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: &Opportunity,
    to_user_id: UserId,
    reason: Option<&str>,
) -> Result<Opportunity, Failure> {
    let after = Opportunity { owner_id: to_user_id, ..before.clone() };
    save(tx, scope, before, after, Operation::Transferred, &[("reason", reason.map(str::to_owned))])
}
