-- How often a customer is to be touched, and when an opportunity has waited too long.
ALTER TABLE workspaces ADD COLUMN cadence_days INTEGER NOT NULL DEFAULT 7 CONSTRAINT "workspaces.cadence_days" CHECK (cadence_days >= 0);
ALTER TABLE stages ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE stages ADD COLUMN stale_after_days INTEGER CONSTRAINT "stages.stale_after_days" CHECK (stale_after_days >= 1);
ALTER TABLE stages ADD COLUMN cadence_days INTEGER CONSTRAINT "stages.cadence_days" CHECK (cadence_days >= 1);
UPDATE stages SET stale_after_days = 30 WHERE kind = 'open';
CREATE INDEX opportunities_open ON opportunities (workspace_id, owner_id, stage_entered_at) WHERE stage_kind = 'open' AND deleted_at IS NULL;

-- Birthdays by month and day, as MMDD.
CREATE INDEX customer_profiles_birthday ON customer_profiles (workspace_id, (EXTRACT(MONTH FROM birthday) * 100 + EXTRACT(DAY FROM birthday))) WHERE birthday IS NOT NULL;
CREATE INDEX contacts_birthday ON contacts (workspace_id, (EXTRACT(MONTH FROM birthday) * 100 + EXTRACT(DAY FROM birthday))) WHERE birthday IS NOT NULL AND deleted_at IS NULL;

-- The customer's owner, so that its customers are found in the order in which they go back.
ALTER TABLE customer_holdings ADD COLUMN owner_id UUID;
UPDATE customer_holdings SET owner_id = (SELECT c.owner_id FROM customers c
    WHERE c.workspace_id = customer_holdings.workspace_id AND c.id = customer_holdings.customer_id);
CREATE INDEX customer_holdings_owner ON customer_holdings (workspace_id, owner_id, recycle_due_at, customer_id)
    WHERE owner_id IS NOT NULL AND recycle_due_at IS NOT NULL;
