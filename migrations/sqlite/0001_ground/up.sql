CREATE TABLE workspaces (
    id BLOB NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    base_currency TEXT NOT NULL,
    locale TEXT NOT NULL CONSTRAINT "workspaces.locale" CHECK (locale IN ('zh', 'en')),
    working_days TEXT NOT NULL,
    holidays TEXT NOT NULL,
    extra_workdays TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE TABLE users (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT "users.kind" CHECK (kind IN ('person', 'service')),
    email TEXT,
    email_key TEXT,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    role TEXT NOT NULL CONSTRAINT "users.role" CHECK (role IN ('admin', 'manager', 'rep', 'viewer')),
    is_active BOOLEAN NOT NULL,
    locale TEXT NOT NULL CONSTRAINT "users.locale" CHECK (locale IN ('zh', 'en')),
    password_hash TEXT,
    must_change_password BOOLEAN NOT NULL,
    last_login_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT "users.person_email" CHECK (kind = 'service' OR email_key IS NOT NULL)
);
CREATE UNIQUE INDEX "users.email_key" ON users (workspace_id, email_key);
-- Login knows the e-mail only.
CREATE INDEX users_login ON users (email_key);

CREATE TABLE sessions (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX sessions_user ON sessions (workspace_id, user_id);

-- Every refresh token ever issued to a session: a used one that comes back ends the session.
CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    used_at TEXT,
    FOREIGN KEY (workspace_id, session_id) REFERENCES sessions (workspace_id, id)
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (workspace_id, session_id);

CREATE TABLE login_throttles (
    email_key TEXT NOT NULL CONSTRAINT "login_throttles.email_key" PRIMARY KEY,
    failures INTEGER NOT NULL,
    blocked_until TEXT,
    updated_at TEXT NOT NULL
);
CREATE INDEX login_throttles_updated ON login_throttles (updated_at);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    private_key BLOB NOT NULL,
    public_key BLOB NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE api_keys (
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    user_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    expires_at TEXT,
    last_used_at TEXT,
    revoked_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE UNIQUE INDEX "api_keys.prefix" ON api_keys (prefix);

CREATE TABLE dictionaries (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (workspace_id, name)
);

CREATE TABLE dictionary_items (
    workspace_id BLOB NOT NULL,
    dictionary TEXT NOT NULL,
    code TEXT NOT NULL,
    label_zh TEXT NOT NULL,
    label_en TEXT NOT NULL,
    position INTEGER NOT NULL,
    is_active BOOLEAN NOT NULL,
    flags TEXT,
    PRIMARY KEY (workspace_id, dictionary, code),
    FOREIGN KEY (workspace_id, dictionary) REFERENCES dictionaries (workspace_id, name)
);

CREATE TABLE pools (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX "pools.is_default" ON pools (workspace_id) WHERE is_default;

CREATE TABLE tiers (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    rank INTEGER NOT NULL,
    color TEXT,
    is_default BOOLEAN NOT NULL,
    benefits TEXT,
    credit_limit_amount BIGINT,
    credit_limit_currency TEXT,
    payment_terms_days INTEGER CONSTRAINT "tiers.payment_terms_days" CHECK (payment_terms_days >= 0),
    cadence_days INTEGER CONSTRAINT "tiers.cadence_days" CHECK (cadence_days >= 0),
    recycle_days INTEGER CONSTRAINT "tiers.recycle_days" CHECK (recycle_days >= 0),
    discount_percent BIGINT CONSTRAINT "tiers.discount_percent" CHECK (discount_percent BETWEEN 0 AND 1000000),
    is_active BOOLEAN NOT NULL,
    external_refs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT "tiers.credit_limit" CHECK ((credit_limit_amount IS NULL) = (credit_limit_currency IS NULL))
);
CREATE UNIQUE INDEX "tiers.code" ON tiers (workspace_id, code) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX "tiers.rank" ON tiers (workspace_id, rank) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX "tiers.is_default" ON tiers (workspace_id) WHERE is_default AND deleted_at IS NULL;

CREATE TABLE customers (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT "customers.kind" CHECK (kind IN ('organization', 'person')),
    lifecycle_stage TEXT NOT NULL CONSTRAINT "customers.lifecycle_stage" CHECK (lifecycle_stage IN ('lead', 'prospect', 'customer', 'loyal', 'churned')),
    status TEXT NOT NULL CONSTRAINT "customers.status" CHECK (status IN ('active', 'inactive', 'blocked')),
    owner_id BLOB,
    pool_id BLOB,
    tier_id BLOB,
    parent_id BLOB,
    service_rep_id BLOB,
    source TEXT,
    source_detail TEXT,
    ownership_type TEXT,
    trade_type TEXT,
    location_type TEXT,
    region TEXT,
    intent_level TEXT NOT NULL CONSTRAINT "customers.intent_level" CHECK (intent_level IN ('none', 'low', 'medium', 'high')),
    email TEXT,
    email_key TEXT,
    employee_count BIGINT CONSTRAINT "customers.employee_count" CHECK (employee_count >= 0),
    last_touch_at TEXT,
    next_touch_at TEXT,
    touch_count BIGINT NOT NULL CONSTRAINT "customers.touch_count" CHECK (touch_count >= 0),
    external_refs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, pool_id) REFERENCES pools (workspace_id, id),
    FOREIGN KEY (workspace_id, tier_id) REFERENCES tiers (workspace_id, id),
    FOREIGN KEY (workspace_id, parent_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, service_rep_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_id) REFERENCES users (workspace_id, id),
    CONSTRAINT "customers.owner_or_pool" CHECK ((owner_id IS NULL) <> (pool_id IS NULL))
);
CREATE INDEX customers_owner ON customers (workspace_id, owner_id, id);
CREATE INDEX customers_pool ON customers (workspace_id, pool_id, id);
CREATE INDEX customers_tier ON customers (workspace_id, tier_id, id);
CREATE INDEX customers_parent ON customers (workspace_id, parent_id, id);
CREATE INDEX customers_service_rep ON customers (workspace_id, service_rep_id, id);
CREATE INDEX customers_stage ON customers (workspace_id, lifecycle_stage, id);
CREATE INDEX customers_email ON customers (workspace_id, email_key, id);
CREATE INDEX customers_name ON customers (workspace_id, name_fold, id);
CREATE INDEX customers_created ON customers (workspace_id, created_at, id);
CREATE INDEX customers_updated ON customers (workspace_id, updated_at, id);
CREATE INDEX customers_last_touch ON customers (workspace_id, last_touch_at, id);
CREATE INDEX customers_next_touch ON customers (workspace_id, next_touch_at, id);
CREATE INDEX customers_created_by ON customers (workspace_id, created_by_id, id);
CREATE INDEX customers_deleted ON customers (workspace_id, id) WHERE deleted_at IS NOT NULL;

-- The rest of a customer: read and written with it, hardly ever filtered.
CREATE TABLE customer_profiles (
    workspace_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    industries TEXT NOT NULL,
    phones TEXT NOT NULL,
    website TEXT,
    country TEXT,
    province TEXT,
    city TEXT,
    district TEXT,
    street TEXT,
    postal_code TEXT,
    birthday DATE,
    gender TEXT,
    education TEXT,
    income_band TEXT,
    family TEXT,
    needs TEXT,
    remarks TEXT,
    unified_social_credit_code TEXT,
    PRIMARY KEY (workspace_id, customer_id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id)
);
CREATE INDEX customer_profiles_country ON customer_profiles (workspace_id, country, customer_id);
CREATE INDEX customer_profiles_city ON customer_profiles (workspace_id, city, customer_id);

CREATE TABLE contacts (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    title TEXT,
    title_fold TEXT,
    department TEXT,
    email TEXT,
    email_key TEXT,
    phones TEXT NOT NULL,
    wechat TEXT,
    social_accounts TEXT NOT NULL,
    gender TEXT,
    birthday DATE,
    preferred_channel TEXT CONSTRAINT "contacts.preferred_channel" CHECK (preferred_channel IN ('phone', 'email', 'sms', 'wechat', 'visit')),
    consents TEXT NOT NULL,
    remarks TEXT,
    external_refs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    created_by_id BLOB,
    deleted_at TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX contacts_email ON contacts (workspace_id, email_key, id);
CREATE INDEX contacts_name ON contacts (workspace_id, name_fold, id);
CREATE INDEX contacts_created ON contacts (workspace_id, created_at, id);
CREATE INDEX contacts_updated ON contacts (workspace_id, updated_at, id);
CREATE INDEX contacts_title ON contacts (workspace_id, title_fold, id);
CREATE INDEX contacts_created_by ON contacts (workspace_id, created_by_id, id);
CREATE INDEX contacts_deleted ON contacts (workspace_id, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE contact_links (
    workspace_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    role TEXT,
    is_primary BOOLEAN NOT NULL,
    is_decision_maker BOOLEAN NOT NULL,
    left_date DATE,
    is_deleted BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, customer_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id)
);
CREATE UNIQUE INDEX "contact_links.customer_id" ON contact_links (workspace_id, customer_id) WHERE is_primary AND NOT is_deleted;
CREATE INDEX contact_links_customer ON contact_links (workspace_id, customer_id, contact_id);

-- References of rows that are not deleted; the row itself keeps its own list.
CREATE TABLE external_refs (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    resource_type TEXT NOT NULL,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    object_id BLOB NOT NULL,
    CONSTRAINT "external_refs.resource_type,system,value" PRIMARY KEY (workspace_id, resource_type, system, value)
);
CREATE INDEX external_refs_object ON external_refs (workspace_id, object_id);

-- Normalised values by which rows that are not deleted are looked up: phone (E.164), industry, domain, credit code.
CREATE TABLE lookup_keys (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    resource_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    object_id BLOB NOT NULL,
    PRIMARY KEY (workspace_id, resource_type, kind, value, object_id)
);
CREATE INDEX lookup_keys_object ON lookup_keys (workspace_id, object_id);

-- The change log: one row per write of an object, in commit order per object.
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id BLOB NOT NULL,
    object_version BIGINT NOT NULL,
    changed TEXT NOT NULL,
    actor_id BLOB,
    request_id TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX changes_feed ON changes (workspace_id, seq);
CREATE INDEX changes_object ON changes (workspace_id, object_id, seq);
