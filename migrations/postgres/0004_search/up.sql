-- What is searched: a row for each object, with its tokens. Names are folded; an object whose name is null has not been indexed
-- yet.
CREATE TABLE search_docs (
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    id UUID NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    tokens TSVECTOR,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX search_docs_name ON search_docs (workspace_id, type, name, id);
CREATE INDEX search_docs_missing ON search_docs (workspace_id, type, id) WHERE name IS NULL;
-- A short list (in kB) of what is not yet in the index: it is read by every search, and worked off by whoever finds it full.
CREATE INDEX search_docs_tokens ON search_docs USING gin (tokens) WITH (gin_pending_list_limit = 256);

INSERT INTO search_docs (workspace_id, id, type) SELECT workspace_id, id, 'customer' FROM customers;
INSERT INTO search_docs (workspace_id, id, type) SELECT workspace_id, id, 'contact' FROM contacts;
INSERT INTO search_docs (workspace_id, id, type) SELECT workspace_id, id, 'opportunity' FROM opportunities;
