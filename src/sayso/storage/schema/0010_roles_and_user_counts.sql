-- Users have what leads had: an index in the order of lists, so that a list of either does not go through the other.
DROP INDEX contacts_leads;
CREATE INDEX contacts_roles ON contacts ((workspace_id || ''), state, role, created_at, contact_id)
WHERE state = 'live' AND (workspace_id || '') IS NOT NULL;

-- How many live contacts belong to the company. The migration's code counts them.
ALTER TABLE companies ADD COLUMN user_count BIGINT NOT NULL DEFAULT 0;
