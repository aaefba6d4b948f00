DROP INDEX customer_holdings_owner;
ALTER TABLE customer_holdings DROP COLUMN owner_id;
DROP INDEX contacts_birthday;
DROP INDEX customer_profiles_birthday;
DROP INDEX opportunities_open;
ALTER TABLE stages DROP COLUMN cadence_days;
ALTER TABLE stages DROP COLUMN stale_after_days;
ALTER TABLE stages DROP COLUMN version;
ALTER TABLE workspaces DROP COLUMN cadence_days;
