-- What is searched: a row for each object, and its tokens under the same number in the full-text table. Names are folded; an
-- object whose name is null has not been indexed yet.
CREATE TABLE search_docs (
    number INTEGER PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    name TEXT,
    UNIQUE (workspace_id, id)
);
CREATE INDEX search_docs_name ON search_docs (workspace_id, type, name, id);
CREATE INDEX search_docs_missing ON search_docs (workspace_id, type, id) WHERE name IS NULL;

-- Only the index of the tokens; each begins with six characters for its workspace and resource, so the lengths of beginnings that
-- have an index of their own are of one to four characters.
CREATE VIRTUAL TABLE search_tokens USING fts5 (tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '7 8 9 10');

-- In the order of their ids: the newest first is the highest number first.
INSERT INTO search_docs (workspace_id, id, type) SELECT workspace_id, id, 'customer' FROM customers ORDER BY id;
INSERT INTO search_docs (workspace_id, id, type) SELECT workspace_id, id, 'contact' FROM contacts ORDER BY id;
INSERT INTO search_docs (workspace_id, id, type) SELECT workspace_id, id, 'opportunity' FROM opportunities ORDER BY id;
