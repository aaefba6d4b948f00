-- Work in the background. What comes again by itself (is_scheduled) has one row that is never finished; the workspace of what is
-- done for all of them is the nil id.
CREATE TABLE jobs (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT "jobs.status" CHECK (status IN ('queued', 'running', 'succeeded', 'partially_succeeded', 'failed', 'cancelled')),
    is_scheduled BOOLEAN NOT NULL,
    args TEXT NOT NULL,
    -- Where the next step begins.
    state TEXT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT,
    result TEXT,
    error TEXT,
    errors_url TEXT,
    -- Since the last step that was done.
    attempts INTEGER NOT NULL,
    -- From when on it may be taken. Of one that is leased: when the lease ends.
    run_at TEXT NOT NULL,
    lease_token BLOB,
    is_cancel_requested BOOLEAN NOT NULL,
    request_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    started_at TEXT,
    finished_at TEXT,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_created_by ON jobs (workspace_id, created_by_id, id);
CREATE UNIQUE INDEX "jobs.kind" ON jobs (workspace_id, kind) WHERE is_scheduled;

-- Changes up to and including this one have been cleared away.
CREATE TABLE change_floors (
    workspace_id BLOB NOT NULL PRIMARY KEY REFERENCES workspaces (id),
    seq BIGINT NOT NULL
);

-- What is cleared away is found by these.
CREATE INDEX customers_purged ON customers (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX contacts_purged ON contacts (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX opportunities_purged ON opportunities (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX touch_records_purged ON touch_records (workspace_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX refresh_tokens_used ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('jobs', 'sqlite_autoindex_jobs_1', '10000 10000 1'),
    ('jobs', 'jobs_due', '100 2 1'),
    ('jobs', 'jobs_finished', '10000 1'),
    ('jobs', 'jobs_created_by', '10000 10000 100 1'),
    ('jobs', 'jobs.kind', '100 5 1'),
    ('customers', 'customers_purged', '10000 10000 10 1'),
    ('contacts', 'contacts_purged', '10000 10000 10 1'),
    ('opportunities', 'opportunities_purged', '5000 5000 10 1'),
    ('touch_records', 'touch_records_purged', '10000 10000 10 1');
