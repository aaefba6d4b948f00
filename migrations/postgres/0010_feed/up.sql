-- The audit: all changes of a workspace, of one actor, or of one request, newest first.
CREATE INDEX changes_at ON changes (workspace_id, at, seq);
CREATE INDEX changes_actor ON changes (workspace_id, actor_id, at, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX changes_request ON changes (workspace_id, request_id, at, seq);

CREATE TABLE notifications (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    object_type TEXT NOT NULL,
    object_id UUID NOT NULL,
    data JSONB NOT NULL,
    dedup_key TEXT COLLATE "C",
    is_read BOOLEAN NOT NULL,
    read_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    CONSTRAINT "notifications.read_at" CHECK (is_read = (read_at IS NOT NULL))
);
CREATE INDEX notifications_user ON notifications (workspace_id, user_id, id);
CREATE INDEX notifications_read ON notifications (workspace_id, user_id, is_read, id);
CREATE INDEX notifications_type ON notifications (workspace_id, user_id, type, id);
-- Told once to each user; and found by the beginning of the key.
CREATE UNIQUE INDEX "notifications.dedup_key" ON notifications (workspace_id, dedup_key, user_id) WHERE dedup_key IS NOT NULL;
