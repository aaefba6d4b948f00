-- The audit: all changes of a workspace, of one actor, or of one request, newest first.
CREATE INDEX changes_at ON changes (workspace_id, at, seq);
CREATE INDEX changes_actor ON changes (workspace_id, actor_id, at, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX changes_request ON changes (workspace_id, request_id, at, seq);

CREATE TABLE notifications (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    type TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id BLOB NOT NULL,
    data TEXT NOT NULL,
    dedup_key TEXT,
    is_read BOOLEAN NOT NULL,
    read_at TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    CONSTRAINT "notifications.read_at" CHECK (is_read = (read_at IS NOT NULL))
);
CREATE INDEX notifications_user ON notifications (workspace_id, user_id, id);
CREATE INDEX notifications_read ON notifications (workspace_id, user_id, is_read, id);
CREATE INDEX notifications_type ON notifications (workspace_id, user_id, type, id);
-- Told once to each user; and found by the beginning of the key.
CREATE UNIQUE INDEX "notifications.dedup_key" ON notifications (workspace_id, dedup_key, user_id) WHERE dedup_key IS NOT NULL;

-- Of the feed as if there were a hundred workspaces: the rows of one are then not looked for among all others' by their places.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('changes', 'changes_feed', '1000000 10000 1'),
    ('changes', 'changes_object', '1000000 1000000 3 1'),
    ('changes', 'changes_at', '1000000 1000000 2 1'),
    ('changes', 'changes_actor', '900000 900000 5000 2 1'),
    ('changes', 'changes_request', '1000000 1000000 2 2 1'),
    ('notifications', 'sqlite_autoindex_notifications_1', '100000 100000 1'),
    ('notifications', 'notifications_user', '100000 100000 500 1'),
    ('notifications', 'notifications_read', '100000 100000 500 200 1'),
    ('notifications', 'notifications_type', '100000 100000 500 100 1'),
    ('notifications', 'notifications.dedup_key', '50000 50000 1 1');
