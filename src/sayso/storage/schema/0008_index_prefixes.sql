-- A look-up by key can use the primary key alone, and a list its own index alone: each other index begins with an
-- expression, and has the condition that a statement names it. Otherwise, where PostgreSQL expects one row in a workspace,
-- as in an empty table or among thousands of workspaces, it may take either and go through the whole workspace.
DROP INDEX contacts_page;
CREATE INDEX contacts_page ON contacts ((workspace_id || ''), state, created_at, contact_id)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX contacts_leads;
CREATE INDEX contacts_leads ON contacts ((workspace_id || ''), state, role, created_at, contact_id)
WHERE role = 'lead' AND state = 'live' AND (workspace_id || '') IS NOT NULL;

DROP INDEX contacts_lead_email;
CREATE INDEX contacts_lead_email ON contacts ((workspace_id || ' ' || normal_email))
WHERE role = 'lead' AND state = 'live' AND (workspace_id || ' ' || normal_email) IS NOT NULL;

DROP INDEX contacts_shared_email;
CREATE INDEX contacts_shared_email ON contacts ((workspace_id || ' ' || normal_email))
WHERE shares_email = 1;

DROP INDEX contacts_lead_external_id;
CREATE INDEX contacts_lead_external_id ON contacts ((workspace_id || ' ' || external_id))
WHERE role = 'lead' AND state = 'live' AND (workspace_id || ' ' || external_id) IS NOT NULL;

DROP INDEX contact_tags_tag;
CREATE INDEX contact_tags_tag ON contact_tags ((workspace_id || ''), tag_id, contact_id)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX contact_companies_company;
CREATE INDEX contact_companies_company ON contact_companies ((workspace_id || ''), company_id, contact_id)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX companies_page;
CREATE INDEX companies_page ON companies ((workspace_id || ''), state, last_request_at, company_id)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX companies_name;
CREATE INDEX companies_name ON companies ((workspace_id || ''), name)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX idempotency_at;
CREATE INDEX idempotency_at ON idempotency ((workspace_id || ''), at)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX admins_changed;
CREATE INDEX admins_changed ON admins ((workspace_id || ''), changed_version)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX subscription_types_changed;
CREATE INDEX subscription_types_changed ON subscription_types ((workspace_id || ''), changed_version)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX tags_changed;
CREATE INDEX tags_changed ON tags ((workspace_id || ''), changed_version)
WHERE (workspace_id || '') IS NOT NULL;

DROP INDEX data_attributes_changed;
CREATE INDEX data_attributes_changed ON data_attributes ((workspace_id || ''), changed_version)
WHERE (workspace_id || '') IS NOT NULL;
