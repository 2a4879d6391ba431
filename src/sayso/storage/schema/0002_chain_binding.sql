-- What binds a chain to its contact: 16 random bytes in the contact's row, and in the chain's first entry HMAC-SHA-256 of
-- the contact's id under them. NULL in every entry but the first, and in chains that were begun before.
ALTER TABLE contacts ADD COLUMN binding_key BYTEA;

ALTER TABLE ledger ADD COLUMN binding BYTEA;
