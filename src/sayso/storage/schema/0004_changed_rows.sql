-- The version of its workspace that a row's last change made, so that whoever knows an earlier version reads only what
-- has changed since. 0: it has not changed since this column was added. A type's stamp covers its translations.
ALTER TABLE admins ADD COLUMN changed_version BIGINT NOT NULL DEFAULT 0;

ALTER TABLE subscription_types ADD COLUMN changed_version BIGINT NOT NULL DEFAULT 0;

ALTER TABLE tags ADD COLUMN changed_version BIGINT NOT NULL DEFAULT 0;

ALTER TABLE data_attributes ADD COLUMN changed_version BIGINT NOT NULL DEFAULT 0;

CREATE INDEX admins_changed ON admins (workspace_id, changed_version);

CREATE INDEX subscription_types_changed ON subscription_types (workspace_id, changed_version);

CREATE INDEX tags_changed ON tags (workspace_id, changed_version);

CREATE INDEX data_attributes_changed ON data_attributes (workspace_id, changed_version);

-- How many changes stamped their rows. An older program that still runs beside this one raises the version alone.
ALTER TABLE workspaces ADD COLUMN stamped_changes BIGINT NOT NULL DEFAULT 0;
