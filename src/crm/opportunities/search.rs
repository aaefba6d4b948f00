//! What an opportunity is found by.

use std::collections::BTreeSet;

use super::dto::OpportunityFields;
use super::store::load_all;
use crate::crm::pools::masks::Hidden;
use crate::crm::search::{self, Texts};
use crate::db::id::OpportunityId;
use crate::db::{Condition, Failure, Tx};

pub fn texts(fields: &OpportunityFields) -> Texts {
    let OpportunityFields { name, remarks, .. } = fields;
    Texts { name: name.clone(), email: None, phones: Vec::new(), remarks: remarks.clone(), hidden: Hidden::default() }
}

/// Makes the documents of these opportunities anew.
pub fn index(tx: &mut Tx<'_>, ids: &BTreeSet<OpportunityId>) -> Result<(), Failure> {
    let which = Condition::sql("opportunities.workspace_id = ").bind(tx.actor.workspace_id);
    for opportunity in load_all(tx.conn, which.and(Condition::any_of("opportunities.id", ids.iter().copied())))? {
        search::index(tx, opportunity.id, &texts(&opportunity.fields), &[])?;
    }
    Ok(())
}
