-- Work in the background. What comes again by itself (is_scheduled) has one row that is never finished; the workspace of what is
-- done for all of them is the nil id.
CREATE TABLE jobs (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL CONSTRAINT "jobs.status" CHECK (status IN ('queued', 'running', 'succeeded', 'partially_succeeded', 'failed', 'cancelled')),
    is_scheduled BOOLEAN NOT NULL,
    args JSONB NOT NULL,
    -- Where the next step begins.
    state JSONB NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT,
    result JSONB,
    error JSONB,
    errors_url TEXT,
    -- Since the last step that was done.
    attempts INTEGER NOT NULL,
    -- From when on it may be taken. Of one that is leased: when the lease ends.
    run_at TIMESTAMPTZ NOT NULL,
    lease_token UUID,
    is_cancel_requested BOOLEAN NOT NULL,
    request_id TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_created_by ON jobs (workspace_id, created_by_id, id);
CREATE UNIQUE INDEX "jobs.kind" ON jobs (workspace_id, kind) WHERE is_scheduled;

-- Changes up to and including this one have been cleared away.
CREATE TABLE change_floors (
    workspace_id UUID NOT NULL PRIMARY KEY REFERENCES workspaces (id),
    seq BIGINT NOT NULL
);

-- What is cleared away is found by these.
CREATE INDEX customers_purged ON customers (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX contacts_purged ON contacts (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX opportunities_purged ON opportunities (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX touch_records_purged ON touch_records (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX refresh_tokens_used ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;
