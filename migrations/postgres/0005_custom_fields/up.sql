-- Fields that a workspace adds to its resources.
CREATE TABLE custom_fields (
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    resource TEXT COLLATE "C" NOT NULL CONSTRAINT "custom_fields.resource" CHECK (resource IN ('customers', 'contacts', 'opportunities', 'tiers', 'touch_records')),
    key TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    label JSONB NOT NULL,
    is_required BOOLEAN NOT NULL,
    is_unique BOOLEAN NOT NULL,
    options JSONB NOT NULL,
    default_value JSONB,
    min JSONB,
    max JSONB,
    pattern TEXT,
    retired_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX "custom_fields.resource,key" ON custom_fields (workspace_id, resource, key);

-- What is answered.
ALTER TABLE customer_profiles ADD COLUMN custom JSONB NOT NULL DEFAULT '{}';
ALTER TABLE contacts ADD COLUMN custom JSONB NOT NULL DEFAULT '{}';
ALTER TABLE opportunities ADD COLUMN custom JSONB NOT NULL DEFAULT '{}';
ALTER TABLE tiers ADD COLUMN custom JSONB NOT NULL DEFAULT '{}';
ALTER TABLE touch_records ADD COLUMN custom JSONB NOT NULL DEFAULT '{}';

-- What is filtered by, of objects that are not deleted: a row for each value, with several for a field of several choices.
CREATE TABLE custom_values (
    workspace_id UUID NOT NULL,
    object_id UUID NOT NULL,
    field_id UUID NOT NULL,
    position INTEGER NOT NULL,
    text_value TEXT COLLATE "C",
    number_value BIGINT,
    -- The value of a unique field.
    unique_value TEXT COLLATE "C",
    PRIMARY KEY (workspace_id, object_id, field_id, position),
    FOREIGN KEY (workspace_id, field_id) REFERENCES custom_fields (workspace_id, id)
);
CREATE INDEX custom_values_text ON custom_values (workspace_id, field_id, text_value, object_id);
CREATE INDEX custom_values_number ON custom_values (workspace_id, field_id, number_value, object_id);
CREATE UNIQUE INDEX "custom_values.field_id,unique_value" ON custom_values (workspace_id, field_id, unique_value) WHERE unique_value IS NOT NULL;
