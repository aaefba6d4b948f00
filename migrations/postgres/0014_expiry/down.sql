DROP INDEX notifications_created;
DROP INDEX notifications_read_at;
ALTER TABLE notifications DROP COLUMN dedup_until;
DROP INDEX customer_collaborators_ends;
