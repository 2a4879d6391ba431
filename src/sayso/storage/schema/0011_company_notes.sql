-- Notes on companies. Their ids are of the same numbers as those of notes on contacts.
CREATE TABLE company_notes (
    workspace_id TEXT NOT NULL,
    company_id BYTEA NOT NULL,
    note_id BIGINT NOT NULL,
    author_id TEXT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, company_id, note_id)
);

CREATE INDEX company_notes_id ON company_notes ((workspace_id || ''), note_id)
WHERE (workspace_id || '') IS NOT NULL;

-- How many notes a company has, and the ids of the newest, packed like those of contacts.
ALTER TABLE companies ADD COLUMN notes TEXT NOT NULL DEFAULT '';
