-- The data events and summaries that this contact left, which was merged away or deleted, still have to be moved to
-- `into_id`, or erased where that is NULL. A row is here only until the last portion of them.
CREATE TABLE data_event_moves (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    into_id BYTEA,
    PRIMARY KEY (workspace_id, contact_id)
);
