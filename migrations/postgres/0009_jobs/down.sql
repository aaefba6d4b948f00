DROP INDEX refresh_tokens_used;
DROP INDEX sessions_expires;
DROP INDEX touch_records_purged;
DROP INDEX opportunities_purged;
DROP INDEX contacts_purged;
DROP INDEX customers_purged;
DROP TABLE change_floors;
DROP TABLE jobs;
