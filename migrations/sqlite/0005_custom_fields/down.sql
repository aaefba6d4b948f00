DROP TABLE custom_values;
ALTER TABLE touch_records DROP COLUMN custom;
ALTER TABLE tiers DROP COLUMN custom;
ALTER TABLE opportunities DROP COLUMN custom;
ALTER TABLE contacts DROP COLUMN custom;
ALTER TABLE customer_profiles DROP COLUMN custom;
DROP TABLE custom_fields;
