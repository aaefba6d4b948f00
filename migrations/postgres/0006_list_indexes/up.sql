-- Each list has a default order, by id, and each field that it is filtered by is one of these: it has an index that ends in id and
-- gives the order too; or rows with any of its values are so many that a walk along the primary key soon has a page of them
-- (touch_records.direction); or it is a range, which only its own index narrows. An index on what is mostly null leaves nulls out.
DROP INDEX customers_parent;
DROP INDEX customers_service_rep;
DROP INDEX customers_email;
DROP INDEX contacts_email;
DROP INDEX contacts_title;
DROP INDEX opportunities_contact;
DROP INDEX touch_records_opportunity;
CREATE INDEX customers_parent ON customers (workspace_id, parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX customers_service_rep ON customers (workspace_id, service_rep_id, id) WHERE service_rep_id IS NOT NULL;
CREATE INDEX customers_email ON customers (workspace_id, email_key, id) WHERE email_key IS NOT NULL;
CREATE INDEX contacts_email ON contacts (workspace_id, email_key, id) WHERE email_key IS NOT NULL;
CREATE INDEX contacts_title ON contacts (workspace_id, title_fold, id) WHERE title_fold IS NOT NULL;
CREATE INDEX opportunities_contact ON opportunities (workspace_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX touch_records_opportunity ON touch_records (workspace_id, opportunity_id, id) WHERE opportunity_id IS NOT NULL;

CREATE INDEX customers_status ON customers (workspace_id, status, id);
CREATE INDEX customers_kind ON customers (workspace_id, kind, id);
CREATE INDEX customers_intent_level ON customers (workspace_id, intent_level, id);
CREATE INDEX customers_source ON customers (workspace_id, source, id) WHERE source IS NOT NULL;
CREATE INDEX customers_source_detail ON customers (workspace_id, source_detail, id) WHERE source_detail IS NOT NULL;
CREATE INDEX customers_region ON customers (workspace_id, region, id) WHERE region IS NOT NULL;
CREATE INDEX customers_ownership_type ON customers (workspace_id, ownership_type, id) WHERE ownership_type IS NOT NULL;
CREATE INDEX customers_trade_type ON customers (workspace_id, trade_type, id) WHERE trade_type IS NOT NULL;
CREATE INDEX customers_location_type ON customers (workspace_id, location_type, id) WHERE location_type IS NOT NULL;
-- Every rep sees what is in the pool.
CREATE INDEX customers_pooled ON customers (workspace_id, id) WHERE pool_id IS NOT NULL;
CREATE INDEX contacts_preferred_channel ON contacts (workspace_id, preferred_channel, id) WHERE preferred_channel IS NOT NULL;
CREATE INDEX opportunities_source ON opportunities (workspace_id, source, id) WHERE source IS NOT NULL;
CREATE INDEX opportunities_close_reason ON opportunities (workspace_id, close_reason_code, id) WHERE close_reason_code IS NOT NULL;
CREATE INDEX opportunities_forecast_category ON opportunities (workspace_id, forecast_category, id) WHERE forecast_category IS NOT NULL;
CREATE INDEX opportunities_probability ON opportunities (workspace_id, probability, id) WHERE probability IS NOT NULL;
CREATE INDEX opportunities_created_by ON opportunities (workspace_id, created_by_id, id);
CREATE INDEX touch_records_outcome ON touch_records (workspace_id, outcome, id) WHERE outcome IS NOT NULL;
