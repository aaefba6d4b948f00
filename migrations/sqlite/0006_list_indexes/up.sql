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

-- What the planner is to believe, whatever is in the tables: that they are big, and how many rows have the same of what an index
-- begins with. Without it an index on a flag looks as good as one on an id; and what ANALYZE finds in a small workspace is wrong for
-- a big one.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('customers', 'sqlite_autoindex_customers_1', '1000000 1000000 1'),
    ('customers', 'customers_owner', '1000000 1000000 5000 1'),
    ('customers', 'customers_pool', '1000000 1000000 100000 1'),
    ('customers', 'customers_tier', '1000000 1000000 200000 1'),
    ('customers', 'customers_parent', '10000 10000 5 1'),
    ('customers', 'customers_service_rep', '100000 100000 1000 1'),
    ('customers', 'customers_stage', '1000000 1000000 200000 1'),
    ('customers', 'customers_email', '500000 500000 1 1'),
    ('customers', 'customers_name', '1000000 1000000 1 1'),
    ('customers', 'customers_created', '1000000 1000000 1 1'),
    ('customers', 'customers_updated', '1000000 1000000 1 1'),
    ('customers', 'customers_last_touch', '1000000 1000000 2 1'),
    ('customers', 'customers_next_touch', '1000000 1000000 2 1'),
    ('customers', 'customers_created_by', '1000000 1000000 5000 1'),
    ('customers', 'customers_deleted', '10000 10000 1'),
    ('customers', 'customers_status', '1000000 1000000 200000 1'),
    ('customers', 'customers_kind', '1000000 1000000 200000 1'),
    ('customers', 'customers_intent_level', '1000000 1000000 200000 1'),
    ('customers', 'customers_source', '800000 800000 50000 1'),
    ('customers', 'customers_source_detail', '100000 100000 1000 1'),
    ('customers', 'customers_region', '800000 800000 50000 1'),
    ('customers', 'customers_ownership_type', '800000 800000 50000 1'),
    ('customers', 'customers_trade_type', '800000 800000 50000 1'),
    ('customers', 'customers_location_type', '800000 800000 50000 1'),
    ('customers', 'customers_pooled', '100000 100000 1'),
    ('customer_profiles', 'sqlite_autoindex_customer_profiles_1', '1000000 1000000 1'),
    ('customer_profiles', 'customer_profiles_country', '1000000 1000000 50000 1'),
    ('customer_profiles', 'customer_profiles_city', '1000000 1000000 5000 1'),
    ('contacts', 'sqlite_autoindex_contacts_1', '1000000 1000000 1'),
    ('contacts', 'contacts_email', '500000 500000 1 1'),
    ('contacts', 'contacts_name', '1000000 1000000 10 1'),
    ('contacts', 'contacts_created', '1000000 1000000 1 1'),
    ('contacts', 'contacts_updated', '1000000 1000000 1 1'),
    ('contacts', 'contacts_title', '500000 500000 1000 1'),
    ('contacts', 'contacts_created_by', '1000000 1000000 5000 1'),
    ('contacts', 'contacts_deleted', '10000 10000 1'),
    ('contacts', 'contacts_preferred_channel', '300000 300000 50000 1'),
    ('contact_links', 'sqlite_autoindex_contact_links_1', '1000000 1000000 1 1'),
    ('contact_links', 'contact_links.customer_id', '800000 800000 1'),
    ('contact_links', 'contact_links_customer', '1000000 1000000 2 1'),
    ('opportunities', 'sqlite_autoindex_opportunities_1', '250000 250000 1'),
    ('opportunities', 'opportunities_customer', '250000 250000 2 1'),
    ('opportunities', 'opportunities_contact', '200000 200000 2 1'),
    ('opportunities', 'opportunities_stage', '250000 250000 30000 1'),
    ('opportunities', 'opportunities_stage_kind', '250000 250000 60000 1'),
    ('opportunities', 'opportunities_owner', '250000 250000 1000 1'),
    ('opportunities', 'opportunities_name', '250000 250000 2 1'),
    ('opportunities', 'opportunities_amount', '250000 250000 100000 5 1'),
    ('opportunities', 'opportunities_expected_close', '250000 250000 200 1'),
    ('opportunities', 'opportunities_closed', '250000 250000 2 1'),
    ('opportunities', 'opportunities_stage_entered', '250000 250000 1 1'),
    ('opportunities', 'opportunities_created', '250000 250000 1 1'),
    ('opportunities', 'opportunities_updated', '250000 250000 1 1'),
    ('opportunities', 'opportunities_deleted', '5000 5000 1'),
    ('opportunities', 'opportunities_source', '150000 150000 15000 1'),
    ('opportunities', 'opportunities_close_reason', '60000 60000 6000 1'),
    ('opportunities', 'opportunities_forecast_category', '60000 60000 15000 1'),
    ('opportunities', 'opportunities_probability', '60000 60000 1000 1'),
    ('opportunities', 'opportunities_created_by', '250000 250000 1000 1'),
    ('touch_records', 'sqlite_autoindex_touch_records_1', '1000000 1000000 1'),
    ('touch_records', 'touch_records_customer', '1000000 1000000 5 1 1'),
    ('touch_records', 'touch_records_last', '900000 900000 5 1 1'),
    ('touch_records', 'touch_records_planned', '300000 300000 3 1 1'),
    ('touch_records', 'touch_records_opportunity', '300000 300000 4 1'),
    ('touch_records', 'touch_records_type', '1000000 1000000 100000 1'),
    ('touch_records', 'touch_records_author', '1000000 1000000 5000 1'),
    ('touch_records', 'touch_records_occurred', '1000000 1000000 1 1'),
    ('touch_records', 'touch_records_next', '1000000 1000000 3 1'),
    ('touch_records', 'touch_records_created', '1000000 1000000 1 1'),
    ('touch_records', 'touch_records_updated', '1000000 1000000 1 1'),
    ('touch_records', 'touch_records_deleted', '10000 10000 1'),
    ('touch_records', 'touch_records_outcome', '600000 600000 60000 1'),
    ('touch_record_contacts', 'sqlite_autoindex_touch_record_contacts_1', '500000 500000 3 1'),
    ('touch_record_contacts', 'touch_record_contacts_touch_record', '500000 500000 1'),
    ('lookup_keys', 'sqlite_autoindex_lookup_keys_1', '3000000 3000000 1500000 700000 5 1'),
    ('lookup_keys', 'lookup_keys_object', '3000000 3000000 2'),
    ('external_refs', 'sqlite_autoindex_external_refs_1', '1000000 1000000 500000 250000 1'),
    ('external_refs', 'external_refs_object', '1000000 1000000 1'),
    ('search_docs', 'sqlite_autoindex_search_docs_1', '2000000 2000000 1'),
    ('custom_fields', 'sqlite_autoindex_custom_fields_1', '100 100 1'),
    ('custom_values', 'sqlite_autoindex_custom_values_1', '1000000 1000000 3 1 1'),
    ('custom_values', 'custom_values_text', '1000000 1000000 100000 100 1'),
    ('custom_values', 'custom_values_number', '1000000 1000000 100000 100 1'),
    ('custom_values', 'custom_values.field_id,unique_value', '200000 200000 50000 1'),
    ('search_docs', 'search_docs_name', '2000000 2000000 700000 2 1');
