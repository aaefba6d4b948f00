-- 机构: a tree of any depth. Users belong to a unit; a customer to that of its owner.
CREATE TABLE org_units (
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT COLLATE "C" NOT NULL,
    type TEXT NOT NULL CONSTRAINT "org_units.type" CHECK (type IN ('company', 'branch', 'department', 'team')),
    parent_id UUID,
    external_refs JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, parent_id) REFERENCES org_units (workspace_id, id),
    CONSTRAINT "org_units.parent_id" CHECK (parent_id <> id)
);
CREATE INDEX org_units_parent ON org_units (workspace_id, parent_id, id);
CREATE INDEX org_units_name ON org_units (workspace_id, name_fold, id);

ALTER TABLE users ADD COLUMN org_unit_id UUID;
CREATE INDEX users_org_unit ON users (workspace_id, org_unit_id, id);
ALTER TABLE customers ADD COLUMN org_unit_id UUID;
CREATE INDEX customers_org_unit ON customers (workspace_id, org_unit_id, id) WHERE org_unit_id IS NOT NULL;
ALTER TABLE users ADD FOREIGN KEY (workspace_id, org_unit_id) REFERENCES org_units (workspace_id, id);
ALTER TABLE customers ADD FOREIGN KEY (workspace_id, org_unit_id) REFERENCES org_units (workspace_id, id);
ALTER TABLE customers ADD CONSTRAINT "customers.org_unit_id" CHECK (org_unit_id IS NULL OR owner_id IS NOT NULL);

-- Pools (公海): who may claim from them, and how much.
ALTER TABLE pools ADD COLUMN name_fold TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE pools ADD COLUMN is_enabled BOOLEAN NOT NULL DEFAULT TRUE;
-- Everybody in the workspace is a member.
ALTER TABLE pools ADD COLUMN is_open BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE pools ADD COLUMN filter JSONB;
ALTER TABLE pools ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pools ADD COLUMN daily_claim_limit INTEGER NOT NULL DEFAULT 20 CONSTRAINT "pools.daily_claim_limit" CHECK (daily_claim_limit >= 0);
ALTER TABLE pools ADD COLUMN claim_batch_max INTEGER NOT NULL DEFAULT 20 CONSTRAINT "pools.claim_batch_max" CHECK (claim_batch_max BETWEEN 1 AND 200);
ALTER TABLE pools ADD COLUMN reclaim_cooldown_days INTEGER NOT NULL DEFAULT 7 CONSTRAINT "pools.reclaim_cooldown_days" CHECK (reclaim_cooldown_days >= 0);
ALTER TABLE pools ADD COLUMN new_item_quiet_hours INTEGER NOT NULL DEFAULT 0 CONSTRAINT "pools.new_item_quiet_hours" CHECK (new_item_quiet_hours >= 0);
ALTER TABLE pools ADD COLUMN remind_before_days JSONB NOT NULL DEFAULT '[7, 3, 1]';
ALTER TABLE pools ADD COLUMN on_recycle_opportunities TEXT NOT NULL DEFAULT 'block' CONSTRAINT "pools.on_recycle_opportunities" CHECK (on_recycle_opportunities IN ('block', 'keep', 'close_lost'));
ALTER TABLE pools ADD COLUMN on_recycle_planned_touches TEXT NOT NULL DEFAULT 'cancel' CONSTRAINT "pools.on_recycle_planned_touches" CHECK (on_recycle_planned_touches IN ('cancel', 'keep'));
ALTER TABLE pools ADD COLUMN created_by_id UUID;
ALTER TABLE pools ADD COLUMN deleted_at TIMESTAMPTZ;
UPDATE pools SET name_fold = name, is_open = TRUE;

-- Its members and its administrators: users, or whole units.
CREATE TABLE pool_members (
    workspace_id UUID NOT NULL,
    pool_id UUID NOT NULL,
    is_admin BOOLEAN NOT NULL,
    position INTEGER NOT NULL,
    user_id UUID,
    org_unit_id UUID,
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
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    scope TEXT NOT NULL CONSTRAINT "holding_caps.scope" CHECK (scope IN ('user', 'role', 'org_unit', 'workspace')),
    user_id UUID,
    role TEXT CONSTRAINT "holding_caps.role" CHECK (role IN ('admin', 'manager', 'rep', 'viewer')),
    org_unit_id UUID,
    cap INTEGER NOT NULL CONSTRAINT "holding_caps.cap" CHECK (cap >= 0),
    exclude_won BOOLEAN NOT NULL,
    exclude_locked BOOLEAN NOT NULL,
    exclude_tier_ids JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, org_unit_id) REFERENCES org_units (workspace_id, id),
    CONSTRAINT "holding_caps.of" CHECK ((scope = 'user') = (user_id IS NOT NULL) AND (scope = 'role') = (role IS NOT NULL)
        AND (scope = 'org_unit') = (org_unit_id IS NOT NULL))
);

-- When customers go back to the pool that they came from.
CREATE TABLE recycle_rules (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    pool_id UUID NOT NULL,
    kind TEXT NOT NULL CONSTRAINT "recycle_rules.kind" CHECK (kind IN ('no_touch', 'no_opportunity', 'no_deal', 'after_last_deal', 'max_hold')),
    days INTEGER NOT NULL CONSTRAINT "recycle_rules.days" CHECK (days >= 1),
    tier_days JSONB NOT NULL,
    extend_on JSONB NOT NULL,
    extend_days INTEGER CONSTRAINT "recycle_rules.extend_days" CHECK (extend_days >= 1),
    exclude JSONB NOT NULL,
    is_active BOOLEAN NOT NULL,
    -- Nobody becomes due by the rule for three days after this.
    changed_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, pool_id) REFERENCES pools (workspace_id, id)
);
CREATE INDEX recycle_rules_pool ON recycle_rules (workspace_id, pool_id, id);

-- Where a customer is and since when; what holds it there.
CREATE TABLE customer_holdings (
    workspace_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    -- When it got its owner, or came into its pool.
    since TIMESTAMPTZ NOT NULL,
    -- The pool that its owner got it from, and that it goes back to.
    home_pool_id UUID,
    locked_until TIMESTAMPTZ,
    lock_reason TEXT,
    locked_by_id UUID,
    recycle_due_at TIMESTAMPTZ,
    recycle_rule_id UUID,
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
    workspace_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    user_id UUID NOT NULL,
    expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    PRIMARY KEY (workspace_id, customer_id, user_id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX customer_collaborators_user ON customer_collaborators (workspace_id, user_id, customer_id);

-- Of a change of owner: how it came, between whom, and on which day of the workspace.
ALTER TABLE customer_events ADD COLUMN ownership TEXT CONSTRAINT "customer_events.ownership"
    CHECK (ownership IN ('claim', 'assign', 'release', 'recycle', 'transfer', 'handover', 'merge', 'convert'));
ALTER TABLE customer_events ADD COLUMN from_owner_id UUID;
ALTER TABLE customer_events ADD COLUMN to_owner_id UUID;
ALTER TABLE customer_events ADD COLUMN from_pool_id UUID;
ALTER TABLE customer_events ADD COLUMN local_date DATE;
UPDATE customer_events SET ownership = 'transfer' WHERE event ->> 'type' = 'owner_change';
CREATE INDEX customer_events_ownership ON customer_events (workspace_id, customer_id, id) WHERE ownership IS NOT NULL;
CREATE INDEX customer_events_claims ON customer_events (workspace_id, to_owner_id, local_date, from_pool_id) WHERE ownership = 'claim';
CREATE INDEX customer_events_ends ON customer_events (workspace_id, customer_id, from_owner_id, at) WHERE from_owner_id IS NOT NULL;

-- Whether a touch keeps its customer from being recycled, as it was when it was written.
ALTER TABLE touch_records ADD COLUMN resets_recycle BOOLEAN NOT NULL DEFAULT FALSE;
