-- What a pool hides of its customers until they are claimed.
ALTER TABLE pools ADD COLUMN masks_phones BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE pools ADD COLUMN masks_email BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE pools ADD COLUMN masks_address BOOLEAN NOT NULL DEFAULT TRUE;
-- What is hidden is not searched: the documents of what lies in a pool are made anew at the start.
UPDATE search_docs SET name = NULL WHERE type = 'customer'
    AND EXISTS (SELECT 1 FROM customers c WHERE c.workspace_id = search_docs.workspace_id AND c.id = search_docs.id AND c.pool_id IS NOT NULL);
UPDATE search_docs SET name = NULL WHERE type = 'contact'
    AND EXISTS (SELECT 1 FROM contact_links l JOIN customers c ON c.workspace_id = l.workspace_id AND c.id = l.customer_id
        WHERE l.workspace_id = search_docs.workspace_id AND l.contact_id = search_docs.id AND c.pool_id IS NOT NULL);
