-- The normal form of a contact's addresses (`domain/address.py`, version 1), in which they are compared; NULL where there
-- is none.
ALTER TABLE contacts ADD COLUMN normal_email TEXT;

ALTER TABLE contacts ADD COLUMN normal_phone TEXT;

-- 1: a user whose email an older user claims, from when the two were not yet known to be the same.
ALTER TABLE contacts ADD COLUMN shares_email INTEGER NOT NULL DEFAULT 0;

DROP INDEX contacts_lead_email;

CREATE INDEX contacts_lead_email ON contacts (workspace_id, state, role, normal_email)
WHERE role = 'lead' AND state = 'live';

CREATE INDEX contacts_shared_email ON contacts (workspace_id, normal_email)
WHERE shares_email = 1;
