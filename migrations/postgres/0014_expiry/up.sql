-- Collaborations whose time is over.
CREATE INDEX customer_collaborators_ends ON customer_collaborators (workspace_id, expires_at, customer_id) WHERE expires_at IS NOT NULL;
-- What is told once is kept until it cannot be told again; old notifications are found by when they were read and made.
ALTER TABLE notifications ADD COLUMN dedup_until TIMESTAMPTZ;
UPDATE notifications SET dedup_until = (data ->> 'recycle_due_at')::timestamptz WHERE dedup_key IS NOT NULL;
CREATE INDEX notifications_read_at ON notifications (read_at) WHERE read_at IS NOT NULL;
CREATE INDEX notifications_created ON notifications (created_at);
