-- 机构: a tree of any depth. Users belong to a unit; a customer to that of its owner.
CREATE TABLE org_units (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    type TEXT NOT NULL CONSTRAINT "org_units.type" CHECK (type IN ('company', 'branch', 'department', 'team')),
    parent_id BLOB,
    external_refs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, parent_id) REFERENCES org_units (workspace_id, id),
    CONSTRAINT "org_units.parent_id" CHECK (parent_id <> id)
);
CREATE INDEX org_units_parent ON org_units (workspace_id, parent_id, id);
CREATE INDEX org_units_name ON org_units (workspace_id, name_fold, id);

ALTER TABLE users ADD COLUMN org_unit_id BLOB;
CREATE INDEX users_org_unit ON users (workspace_id, org_unit_id, id);
ALTER TABLE customers ADD COLUMN org_unit_id BLOB;
CREATE INDEX customers_org_unit ON customers (workspace_id, org_unit_id, id) WHERE org_unit_id IS NOT NULL;
-- SQLite cannot add a key of two columns to a table that is there.
CREATE TRIGGER users_org_unit_inserted BEFORE INSERT ON users WHEN NEW.org_unit_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed') WHERE NOT EXISTS
        (SELECT 1 FROM org_units WHERE org_units.workspace_id = NEW.workspace_id AND org_units.id = NEW.org_unit_id);
END;
CREATE TRIGGER users_org_unit_updated BEFORE UPDATE OF org_unit_id ON users WHEN NEW.org_unit_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed') WHERE NOT EXISTS
        (SELECT 1 FROM org_units WHERE org_units.workspace_id = NEW.workspace_id AND org_units.id = NEW.org_unit_id);
END;
CREATE TRIGGER customers_org_unit_inserted BEFORE INSERT ON customers WHEN NEW.org_unit_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed') WHERE NOT EXISTS
        (SELECT 1 FROM org_units WHERE org_units.workspace_id = NEW.workspace_id AND org_units.id = NEW.org_unit_id);
END;
CREATE TRIGGER customers_org_unit_updated BEFORE UPDATE OF org_unit_id ON customers WHEN NEW.org_unit_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed') WHERE NOT EXISTS
        (SELECT 1 FROM org_units WHERE org_units.workspace_id = NEW.workspace_id AND org_units.id = NEW.org_unit_id);
END;

-- Pools (公海): who may claim from them, and how much.
ALTER TABLE pools ADD COLUMN name_fold TEXT NOT NULL DEFAULT '';
ALTER TABLE pools ADD COLUMN is_enabled BOOLEAN NOT NULL DEFAULT TRUE;
-- Everybody in the workspace is a member.
ALTER TABLE pools ADD COLUMN is_open BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE pools ADD COLUMN filter TEXT;
ALTER TABLE pools ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pools ADD COLUMN daily_claim_limit INTEGER NOT NULL DEFAULT 20 CONSTRAINT "pools.daily_claim_limit" CHECK (daily_claim_limit >= 0);
ALTER TABLE pools ADD COLUMN claim_batch_max INTEGER NOT NULL DEFAULT 20 CONSTRAINT "pools.claim_batch_max" CHECK (claim_batch_max BETWEEN 1 AND 200);
ALTER TABLE pools ADD COLUMN reclaim_cooldown_days INTEGER NOT NULL DEFAULT 7 CONSTRAINT "pools.reclaim_cooldown_days" CHECK (reclaim_cooldown_days >= 0);
ALTER TABLE pools ADD COLUMN new_item_quiet_hours INTEGER NOT NULL DEFAULT 0 CONSTRAINT "pools.new_item_quiet_hours" CHECK (new_item_quiet_hours >= 0);
ALTER TABLE pools ADD COLUMN remind_before_days TEXT NOT NULL DEFAULT '[7, 3, 1]';
ALTER TABLE pools ADD COLUMN on_recycle_opportunities TEXT NOT NULL DEFAULT 'block' CONSTRAINT "pools.on_recycle_opportunities" CHECK (on_recycle_opportunities IN ('block', 'keep', 'close_lost'));
ALTER TABLE pools ADD COLUMN on_recycle_planned_touches TEXT NOT NULL DEFAULT 'cancel' CONSTRAINT "pools.on_recycle_planned_touches" CHECK (on_recycle_planned_touches IN ('cancel', 'keep'));
ALTER TABLE pools ADD COLUMN created_by_id BLOB;
ALTER TABLE pools ADD COLUMN deleted_at TEXT;
UPDATE pools SET name_fold = name, is_open = TRUE;

-- Its members and its administrators: users, or whole units.
CREATE TABLE pool_members (
    workspace_id BLOB NOT NULL,
    pool_id BLOB NOT NULL,
    is_admin BOOLEAN NOT NULL,
    position INTEGER NOT NULL,
    user_id BLOB,
    org_unit_id BLOB,
    PRIMARY KEY (workspace_id, pool_id, is_admin, position),
    FOREIGN KEY (workspace_id, pool_id) REFERENCES pools (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, org_unit_id) REFERENCES org_units (workspace_id, id),
    CONSTRAINT "pool_members.user_or_org_unit" CHECK ((user_id IS NULL) <> (org_unit_id IS NULL))
);
CREATE INDEX pool_members_user ON pool_members (workspace_id, user_id, pool_id);
CREATE INDEX pool_members_org_unit ON pool_members (workspace_id, org_unit_id, pool_id);

-- How many customers a user may hold: the narrowest cap counts.
CREATE TABLE holding_caps (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    scope TEXT NOT NULL CONSTRAINT "holding_caps.scope" CHECK (scope IN ('user', 'role', 'org_unit', 'workspace')),
    user_id BLOB,
    role TEXT CONSTRAINT "holding_caps.role" CHECK (role IN ('admin', 'manager', 'rep', 'viewer')),
    org_unit_id BLOB,
    cap INTEGER NOT NULL CONSTRAINT "holding_caps.cap" CHECK (cap >= 0),
    exclude_won BOOLEAN NOT NULL,
    exclude_locked BOOLEAN NOT NULL,
    exclude_tier_ids TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, org_unit_id) REFERENCES org_units (workspace_id, id),
    CONSTRAINT "holding_caps.of" CHECK ((scope = 'user') = (user_id IS NOT NULL) AND (scope = 'role') = (role IS NOT NULL)
        AND (scope = 'org_unit') = (org_unit_id IS NOT NULL))
);

-- When customers go back to the pool that they came from.
CREATE TABLE recycle_rules (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    pool_id BLOB NOT NULL,
    kind TEXT NOT NULL CONSTRAINT "recycle_rules.kind" CHECK (kind IN ('no_touch', 'no_opportunity', 'no_deal', 'after_last_deal', 'max_hold')),
    days INTEGER NOT NULL CONSTRAINT "recycle_rules.days" CHECK (days >= 1),
    tier_days TEXT NOT NULL,
    extend_on TEXT NOT NULL,
    extend_days INTEGER CONSTRAINT "recycle_rules.extend_days" CHECK (extend_days >= 1),
    exclude TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    -- Nobody becomes due by the rule for three days after this.
    changed_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, pool_id) REFERENCES pools (workspace_id, id)
);
CREATE INDEX recycle_rules_pool ON recycle_rules (workspace_id, pool_id, id);

-- Where a customer is and since when; what holds it there.
CREATE TABLE customer_holdings (
    workspace_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    -- When it got its owner, or came into its pool.
    since TEXT NOT NULL,
    -- The pool that its owner got it from, and that it goes back to.
    home_pool_id BLOB,
    locked_until TEXT,
    lock_reason TEXT,
    locked_by_id BLOB,
    recycle_due_at TEXT,
    recycle_rule_id BLOB,
    PRIMARY KEY (workspace_id, customer_id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, home_pool_id) REFERENCES pools (workspace_id, id),
    FOREIGN KEY (workspace_id, locked_by_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, recycle_rule_id) REFERENCES recycle_rules (workspace_id, id),
    CONSTRAINT "customer_holdings.recycle_rule_id" CHECK ((recycle_due_at IS NULL) = (recycle_rule_id IS NULL))
);
CREATE INDEX customer_holdings_due ON customer_holdings (workspace_id, recycle_due_at, customer_id) WHERE recycle_due_at IS NOT NULL;
CREATE INDEX customer_holdings_locked ON customer_holdings (workspace_id, locked_until, customer_id) WHERE locked_until IS NOT NULL;
CREATE INDEX customer_holdings_home ON customer_holdings (workspace_id, home_pool_id, customer_id);
INSERT INTO customer_holdings (workspace_id, customer_id, since, home_pool_id)
    SELECT workspace_id, id, created_at, CASE WHEN owner_id IS NULL THEN NULL ELSE
        (SELECT pools.id FROM pools WHERE pools.workspace_id = customers.workspace_id AND pools.is_default) END FROM customers;

-- Who else works on a customer, and until when.
CREATE TABLE customer_collaborators (
    workspace_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    expires_at TEXT,
    created_at TEXT NOT NULL,
    created_by_id BLOB,
    PRIMARY KEY (workspace_id, customer_id, user_id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX customer_collaborators_user ON customer_collaborators (workspace_id, user_id, customer_id);

-- Of a change of owner: how it came, between whom, and on which day of the workspace.
ALTER TABLE customer_events ADD COLUMN ownership TEXT CONSTRAINT "customer_events.ownership"
    CHECK (ownership IN ('claim', 'assign', 'release', 'recycle', 'transfer', 'handover', 'merge', 'convert'));
ALTER TABLE customer_events ADD COLUMN from_owner_id BLOB;
ALTER TABLE customer_events ADD COLUMN to_owner_id BLOB;
ALTER TABLE customer_events ADD COLUMN from_pool_id BLOB;
ALTER TABLE customer_events ADD COLUMN local_date DATE;
UPDATE customer_events SET ownership = 'transfer' WHERE json_extract(event, '$.type') = 'owner_change';
CREATE INDEX customer_events_ownership ON customer_events (workspace_id, customer_id, id) WHERE ownership IS NOT NULL;
CREATE INDEX customer_events_claims ON customer_events (workspace_id, to_owner_id, local_date, from_pool_id) WHERE ownership = 'claim';
CREATE INDEX customer_events_ends ON customer_events (workspace_id, customer_id, from_owner_id, at) WHERE from_owner_id IS NOT NULL;

-- Whether a touch keeps its customer from being recycled, as it was when it was written.
ALTER TABLE touch_records ADD COLUMN resets_recycle BOOLEAN NOT NULL DEFAULT FALSE;

-- As in a big workspace; without them an index on what is mostly null looks as good as one on an id.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('org_units', 'sqlite_autoindex_org_units_1', '1000 1000 1'),
    ('org_units', 'org_units_parent', '1000 1000 10 1'),
    ('org_units', 'org_units_name', '1000 1000 1 1'),
    ('users', 'users_org_unit', '1000 1000 10 1'),
    ('customers', 'customers_org_unit', '700000 700000 7000 1'),
    ('pool_members', 'sqlite_autoindex_pool_members_1', '1000 1000 50 25 1'),
    ('pool_members', 'pool_members_user', '1000 1000 5 1'),
    ('pool_members', 'pool_members_org_unit', '1000 1000 5 1'),
    ('customer_holdings', 'sqlite_autoindex_customer_holdings_1', '1000000 1000000 1'),
    ('customer_holdings', 'customer_holdings_due', '500000 500000 5000 1'),
    ('customer_holdings', 'customer_holdings_locked', '5000 5000 50 1'),
    ('customer_holdings', 'customer_holdings_home', '1000000 1000000 50000 1'),
    ('customer_collaborators', 'sqlite_autoindex_customer_collaborators_1', '100000 100000 2 1'),
    ('customer_collaborators', 'customer_collaborators_user', '100000 100000 200 1'),
    ('customer_events', 'customer_events_ownership', '2000000 2000000 2 1'),
    ('customer_events', 'customer_events_claims', '1000000 1000000 1000 5 5'),
    ('customer_events', 'customer_events_ends', '1000000 1000000 1 1 1');
