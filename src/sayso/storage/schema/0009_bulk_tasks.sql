-- The tasks of bulk jobs: a job is the tasks that have its id. `items` is text, emptied when the task is completed; the
-- first `done` of them were carried out, `failed` of those without success. Times in ms.
CREATE TABLE bulk_tasks (
    workspace_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    action TEXT NOT NULL,
    author_kind TEXT NOT NULL,
    author_ref TEXT NOT NULL,
    author_method TEXT NOT NULL,
    request_id TEXT NOT NULL,
    item_count INTEGER NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    started_at BIGINT,
    completed_at BIGINT,
    items TEXT NOT NULL,
    PRIMARY KEY (workspace_id, job_id, number)
);

-- Finds those that were completed long ago.
CREATE INDEX bulk_tasks_completed ON bulk_tasks ((workspace_id || ''), completed_at)
WHERE (workspace_id || '') IS NOT NULL;

-- The few that are not completed, of all workspaces. By an expression, so that no look-up by key uses it.
CREATE INDEX bulk_tasks_unfinished ON bulk_tasks ((updated_at + 0))
WHERE completed_at IS NULL AND (updated_at + 0) IS NOT NULL;
