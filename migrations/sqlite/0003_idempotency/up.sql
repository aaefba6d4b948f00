-- What requests with an Idempotency-Key were answered, for 7 days.
CREATE TABLE idempotency_keys (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    -- SHA-256 of the caller, the method, the path and the key.
    key_hash BLOB NOT NULL,
    -- SHA-256 of the key, the query and the body.
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    etag TEXT,
    body BLOB NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (workspace_id, key_hash)
);
-- What is too old is found by this.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
