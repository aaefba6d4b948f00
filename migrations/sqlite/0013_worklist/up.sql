-- How often a customer is to be touched, and when an opportunity has waited too long.
ALTER TABLE workspaces ADD COLUMN cadence_days INTEGER NOT NULL DEFAULT 7 CONSTRAINT "workspaces.cadence_days" CHECK (cadence_days >= 0);
ALTER TABLE stages ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE stages ADD COLUMN stale_after_days INTEGER CONSTRAINT "stages.stale_after_days" CHECK (stale_after_days >= 1);
ALTER TABLE stages ADD COLUMN cadence_days INTEGER CONSTRAINT "stages.cadence_days" CHECK (cadence_days >= 1);
UPDATE stages SET stale_after_days = 30 WHERE kind = 'open';
CREATE INDEX opportunities_open ON opportunities (workspace_id, owner_id, stage_entered_at) WHERE stage_kind = 'open' AND deleted_at IS NULL;

-- Birthdays by month and day, as MMDD.
CREATE INDEX customer_profiles_birthday ON customer_profiles (workspace_id, CAST(substr(birthday, 6, 2) || substr(birthday, 9, 2) AS INTEGER)) WHERE birthday IS NOT NULL;
CREATE INDEX contacts_birthday ON contacts (workspace_id, CAST(substr(birthday, 6, 2) || substr(birthday, 9, 2) AS INTEGER)) WHERE birthday IS NOT NULL AND deleted_at IS NULL;

-- The customer's owner, so that its customers are found in the order in which they go back.
ALTER TABLE customer_holdings ADD COLUMN owner_id BLOB;
UPDATE customer_holdings SET owner_id = (SELECT c.owner_id FROM customers c
    WHERE c.workspace_id = customer_holdings.workspace_id AND c.id = customer_holdings.customer_id);
CREATE INDEX customer_holdings_owner ON customer_holdings (workspace_id, owner_id, recycle_due_at, customer_id)
    WHERE owner_id IS NOT NULL AND recycle_due_at IS NOT NULL;

-- As in a big workspace.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('opportunities', 'opportunities_open', '100000 100000 100 1'),
    ('customer_profiles', 'customer_profiles_birthday', '100000 100000 275'),
    ('contacts', 'contacts_birthday', '200000 200000 550'),
    ('customer_holdings', 'customer_holdings_owner', '300000 300000 300 1 1');
