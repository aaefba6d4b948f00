//! Opportunities that nobody has moved or spoken of for too long.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::dto::{WorkItem, WorkOpportunity, WorkReason};
use super::store::{Asked, Found};
use crate::crm::calendar::{earlier, later};
use crate::crm::{customers, dictionaries};
use crate::db::id::{CustomerId, OpportunityId};
use crate::db::types::{DbInstant, DbUuid, Instant};
use crate::db::{Condition, DbConnection, Failure};

impl Asked<'_> {
    /// The caller's stale opportunities, whose customers it sees.
    pub(super) fn stale(&self, conn: &mut DbConnection) -> Result<Vec<Found>, Failure> {
        let limits: BTreeSet<i32> = self.stages.iter().filter_map(|stage| stage.stale_after_days).collect();
        // No stage is more impatient: what came to its stage since then is not stale.
        let Some(least) = limits.first().copied() else { return Ok(Vec::new()) };
        let before = |days: i32| self.calendar.start(earlier(self.today, days));
        let facing = dictionaries::store::customer_facing(conn, self.scope.workspace_id)?;
        let touched = Condition::sql("(SELECT t.occurred_at FROM touch_records t WHERE t.workspace_id = o.workspace_id AND t.customer_id");
        let touched = touched.then(" = o.customer_id AND t.deleted_at IS NULL AND t.occurred_at > o.stage_entered_at AND ");
        let touched = touched.append(Condition::any_of("t.type", facing.iter().map(String::as_str)));
        let touched =
            touched.then(" AND (t.opportunity_id = o.id OR t.opportunity_id IS NULL) ORDER BY t.occurred_at DESC, t.id DESC LIMIT 1)");
        let own = Condition::sql("SELECT o.id, o.name, customers.id AS customer_id, customers.name AS customer_name, COALESCE(");
        let own = own.append(touched).then(", o.stage_entered_at) AS anchor, s.stale_after_days AS days FROM opportunities o");
        let own = own.then(" JOIN stages s ON s.workspace_id = o.workspace_id AND s.id = o.stage_id");
        let own = own.then(" JOIN customers ON customers.workspace_id = o.workspace_id AND customers.id = o.customer_id WHERE ");
        let own = own.append(customers::visible(self.scope, false)).then(" AND o.workspace_id = ").bind(self.scope.workspace_id);
        let own = own.then(" AND o.owner_id = ").bind(self.scope.user_id);
        let own =
            own.then(" AND o.stage_kind = 'open' AND o.deleted_at IS NULL AND s.stale_after_days IS NOT NULL AND o.stage_entered_at < ");
        let own = own.bind(before(least));
        let limits = limits.into_iter().map(|days| (days, before(days)));
        let columns = "waiting.id, waiting.name, waiting.customer_id, waiting.customer_name, waiting.anchor, waiting.days";
        type Row = (OpportunityId, String, CustomerId, String, Instant, i32);
        let rows: Vec<Row> = self.late(own, columns, limits).giving::<(DbUuid, Text, DbUuid, Text, DbInstant, Integer)>().load(conn)?;
        let found = rows.into_iter().map(|(id, name, customer_id, customer_name, at, days)| {
            let due_date = later(self.calendar.day(at), days);
            let item = self.item(WorkReason::StaleOpportunity, (customer_id, customer_name), due_date);
            Found { item: WorkItem { opportunity: Some(WorkOpportunity { id, name }), ..item }, at: Self::due_at(at, days) }
        });
        Ok(found.collect())
    }
}
