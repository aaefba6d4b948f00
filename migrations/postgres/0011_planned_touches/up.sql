-- Touches that are still to be made, by whom and when.
CREATE TABLE planned_touches (
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    customer_id UUID NOT NULL,
    contact_id UUID,
    opportunity_id UUID,
    type TEXT COLLATE "C" NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    summary TEXT NOT NULL,
    summary_fold TEXT COLLATE "C" NOT NULL,
    assignee_id UUID NOT NULL,
    status TEXT COLLATE "C" NOT NULL CONSTRAINT "planned_touches.status" CHECK (status IN ('planned', 'done', 'cancelled')),
    -- What was done.
    touch_record_id UUID,
    cancelled_reason TEXT,
    -- When the touch took place, as its record said then.
    completed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    created_by_id UUID,
    deleted_at TIMESTAMPTZ,
    is_deleted_with_customer BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, customer_id) REFERENCES customers (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id),
    FOREIGN KEY (workspace_id, touch_record_id) REFERENCES touch_records (workspace_id, id),
    FOREIGN KEY (workspace_id, assignee_id) REFERENCES users (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_id) REFERENCES users (workspace_id, id),
    -- The record of one that is done may have been removed for good.
    CONSTRAINT "planned_touches.completed_at" CHECK ((status = 'done') = (completed_at IS NOT NULL)
        AND (status = 'done' OR touch_record_id IS NULL) AND (status = 'cancelled') = (cancelled_reason IS NOT NULL))
);
CREATE INDEX planned_touches_customer ON planned_touches (workspace_id, customer_id, id);
CREATE INDEX planned_touches_contact ON planned_touches (workspace_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX planned_touches_opportunity ON planned_touches (workspace_id, opportunity_id, id) WHERE opportunity_id IS NOT NULL;
CREATE INDEX planned_touches_touch_record ON planned_touches (workspace_id, touch_record_id, id) WHERE touch_record_id IS NOT NULL;
CREATE INDEX planned_touches_type ON planned_touches (workspace_id, type, id);
CREATE INDEX planned_touches_status ON planned_touches (workspace_id, status, id);
CREATE INDEX planned_touches_assignee ON planned_touches (workspace_id, assignee_id, id);
CREATE INDEX planned_touches_created_by ON planned_touches (workspace_id, created_by_id, id);
CREATE INDEX planned_touches_due ON planned_touches (workspace_id, due_at, id);
CREATE INDEX planned_touches_created ON planned_touches (workspace_id, created_at, id);
CREATE INDEX planned_touches_updated ON planned_touches (workspace_id, updated_at, id);
CREATE INDEX planned_touches_deleted ON planned_touches (workspace_id, id) WHERE deleted_at IS NOT NULL;
-- What somebody has to do, what of a customer's comes first, and what somebody was to do by a day.
CREATE INDEX planned_touches_todo ON planned_touches (workspace_id, assignee_id, due_at, id) WHERE status = 'planned' AND deleted_at IS NULL;
CREATE INDEX planned_touches_first ON planned_touches (workspace_id, customer_id, assignee_id, due_at, id) WHERE status = 'planned' AND deleted_at IS NULL;
CREATE INDEX planned_touches_plan ON planned_touches (workspace_id, assignee_id, due_at) WHERE status <> 'cancelled' AND deleted_at IS NULL;
