CREATE TABLE pipelines (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    label_zh TEXT NOT NULL,
    label_en TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX "pipelines.code" ON pipelines (workspace_id, code);
CREATE UNIQUE INDEX "pipelines.is_default" ON pipelines (workspace_id) WHERE is_default;

CREATE TABLE stages (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    pipeline_id BLOB NOT NULL,
    code TEXT NOT NULL,
    label_zh TEXT NOT NULL,
    label_en TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT "stages.kind" CHECK (kind IN ('open', 'won', 'lost', 'void')),
    probability INTEGER NOT NULL CONSTRAINT "stages.probability" CHECK (probability BETWEEN 0 AND 100),
    forecast_category TEXT NOT NULL CONSTRAINT "stages.forecast_category" CHECK (forecast_category IN ('pipeline', 'best_case', 'commit', 'closed', 'omitted')),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, pipeline_id) REFERENCES pipelines (workspace_id, id)
);
CREATE UNIQUE INDEX "stages.code" ON stages (workspace_id, pipeline_id, code);
CREATE UNIQUE INDEX "stages.position" ON stages (workspace_id, pipeline_id, position);
-- What an opportunity's stage refers to, so that it cannot be a stage of another pipeline.
CREATE UNIQUE INDEX "stages.pipeline_id,id" ON stages (workspace_id, pipeline_id, id);

CREATE TABLE opportunities (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    customer_id BLOB NOT NULL,
    contact_id BLOB,
    pipeline_id BLOB NOT NULL,
    stage_id BLOB NOT NULL,
    stage_kind TEXT NOT NULL CONSTRAINT "opportunities.stage_kind" CHECK (stage_kind IN ('open', 'won', 'lost', 'void')),
    stage_entered_at TEXT NOT NULL,
    amount BIGINT CONSTRAINT "opportunities.amount" CHECK (amount >= 0),
    amount_currency TEXT,
    probability INTEGER CONSTRAINT "opportunities.probability" CHECK (probability BETWEEN 0 AND 100),
    forecast_category TEXT CONSTRAINT "opportunities.forecast_category" CHECK (forecast_category IN ('pipeline', 'best_case', 'commit', 'closed', 'omitted')),
    expected_close_date DATE,
    closed_at TEXT,
    close_reason_code TEXT,
    owner_id BLOB NOT NULL,
    source TEXT,
    competitor TEXT,
    needs TEXT,
    remarks TEXT,
    external_refs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    is_deleted_with_customer BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, pipeline_id, stage_id) REFERENCES stages (workspace_id, pipeline_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_id) REFERENCES users (workspace_id, id),
    CONSTRAINT "opportunities.amount_currency" CHECK ((amount IS NULL) = (amount_currency IS NULL)),
    CONSTRAINT "opportunities.closed_at" CHECK ((stage_kind = 'open') = (closed_at IS NULL)),
    CONSTRAINT "opportunities.won_amount" CHECK (stage_kind <> 'won' OR (amount IS NOT NULL AND amount > 0)),
    CONSTRAINT "opportunities.lost_reason" CHECK (stage_kind <> 'lost' OR close_reason_code IS NOT NULL)
);
CREATE INDEX opportunities_customer ON opportunities (workspace_id, customer_id, id);
CREATE INDEX opportunities_contact ON opportunities (workspace_id, contact_id, id);
CREATE INDEX opportunities_stage ON opportunities (workspace_id, stage_id, id);
CREATE INDEX opportunities_stage_kind ON opportunities (workspace_id, stage_kind, id);
CREATE INDEX opportunities_owner ON opportunities (workspace_id, owner_id, id);
CREATE INDEX opportunities_name ON opportunities (workspace_id, name_fold, id);
CREATE INDEX opportunities_amount ON opportunities (workspace_id, amount_currency, amount, id);
CREATE INDEX opportunities_expected_close ON opportunities (workspace_id, expected_close_date, id);
CREATE INDEX opportunities_closed ON opportunities (workspace_id, closed_at, id);
CREATE INDEX opportunities_stage_entered ON opportunities (workspace_id, stage_entered_at, id);
CREATE INDEX opportunities_created ON opportunities (workspace_id, created_at, id);
CREATE INDEX opportunities_updated ON opportunities (workspace_id, updated_at, id);
CREATE INDEX opportunities_deleted ON opportunities (workspace_id, id) WHERE deleted_at IS NOT NULL;

-- One row for every stay of an opportunity in a stage, with what it was worth when it came there.
CREATE TABLE stage_moves (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    opportunity_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    from_stage_id BLOB,
    stage_id BLOB NOT NULL,
    entered_at TEXT NOT NULL,
    left_at TEXT,
    by_id BLOB,
    amount BIGINT,
    amount_currency TEXT,
    probability INTEGER NOT NULL,
    reason_code TEXT,
    note TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, from_stage_id) REFERENCES stages (workspace_id, id),
    FOREIGN KEY (workspace_id, stage_id) REFERENCES stages (workspace_id, id)
);
-- An opportunity is in one stage at a time.
CREATE UNIQUE INDEX "stage_moves.opportunity_id" ON stage_moves (workspace_id, opportunity_id) WHERE left_at IS NULL;
CREATE INDEX stage_moves_opportunity ON stage_moves (workspace_id, opportunity_id, entered_at, id);
CREATE INDEX stage_moves_customer ON stage_moves (workspace_id, customer_id, entered_at, id);

CREATE TABLE touch_records (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    customer_id BLOB NOT NULL,
    contact_ids TEXT NOT NULL,
    opportunity_id BLOB,
    type TEXT NOT NULL,
    counts_as_touch BOOLEAN NOT NULL,
    direction TEXT NOT NULL CONSTRAINT "touch_records.direction" CHECK (direction IN ('inbound', 'outbound', 'none')),
    occurred_at TEXT NOT NULL,
    duration_seconds BIGINT CONSTRAINT "touch_records.duration_seconds" CHECK (duration_seconds >= 0),
    summary TEXT NOT NULL,
    summary_fold TEXT NOT NULL,
    content TEXT,
    outcome TEXT,
    location TEXT,
    next_touch_at TEXT,
    author_id BLOB NOT NULL,
    external_refs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    is_deleted_with_customer BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
    FOREIGN KEY (workspace_id, author_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX touch_records_customer ON touch_records (workspace_id, customer_id, occurred_at, id);
-- A customer's last and next touch.
CREATE INDEX touch_records_last ON touch_records (workspace_id, customer_id, occurred_at, id) WHERE counts_as_touch AND deleted_at IS NULL;
CREATE INDEX touch_records_planned ON touch_records (workspace_id, customer_id, occurred_at, id) WHERE next_touch_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX touch_records_opportunity ON touch_records (workspace_id, opportunity_id, id);
CREATE INDEX touch_records_type ON touch_records (workspace_id, type, id);
CREATE INDEX touch_records_author ON touch_records (workspace_id, author_id, id);
CREATE INDEX touch_records_occurred ON touch_records (workspace_id, occurred_at, id);
CREATE INDEX touch_records_next ON touch_records (workspace_id, next_touch_at, id);
CREATE INDEX touch_records_created ON touch_records (workspace_id, created_at, id);
CREATE INDEX touch_records_updated ON touch_records (workspace_id, updated_at, id);
CREATE INDEX touch_records_deleted ON touch_records (workspace_id, id) WHERE deleted_at IS NOT NULL;

-- The contacts of a touch record, for looking up; the row itself keeps their order.
CREATE TABLE touch_record_contacts (
    workspace_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    touch_record_id BLOB NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, touch_record_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, touch_record_id) REFERENCES touch_records (workspace_id, id)
);
CREATE INDEX touch_record_contacts_touch_record ON touch_record_contacts (workspace_id, touch_record_id);

-- What happened to a customer, for its timeline: kept when the change log is not any more.
CREATE TABLE customer_events (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    event TEXT NOT NULL,
    by_id BLOB,
    at TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id)
);
CREATE INDEX customer_events_customer ON customer_events (workspace_id, customer_id, at, id);
