-- Times are milliseconds since the epoch, UTC. Ids of contacts, acts and subjects are bytes, hashes too.
-- One file for every engine: TEXT, BIGINT, INTEGER and BYTEA, no triggers, no foreign keys.

CREATE TABLE workspaces (
    workspace_id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    api_version TEXT NOT NULL,
    timezone TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id)
);

CREATE TABLE admins (
    workspace_id TEXT NOT NULL,
    admin_id TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (workspace_id, admin_id)
);

CREATE TABLE tokens (
    workspace_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (workspace_id, token_id)
);

CREATE INDEX tokens_digest ON tokens (digest);

CREATE TABLE subscription_types (
    workspace_id TEXT NOT NULL,
    type_id TEXT NOT NULL,
    state TEXT NOT NULL,
    consent_type TEXT NOT NULL,
    channels TEXT NOT NULL,
    default_locale TEXT NOT NULL,
    wording INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, type_id)
);

CREATE TABLE translations (
    workspace_id TEXT NOT NULL,
    type_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    locale TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (workspace_id, type_id, place)
);

-- Every wording a type ever had: what a ledger entry's notice points at.
CREATE TABLE notices (
    workspace_id TEXT NOT NULL,
    type_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    locale TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (workspace_id, type_id, version, locale)
);

-- A deleted tag leaves its number behind, which no other gets.
CREATE TABLE tags (
    workspace_id TEXT NOT NULL,
    tag_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, tag_id)
);

CREATE TABLE data_attributes (
    workspace_id TEXT NOT NULL,
    attribute_id BIGINT NOT NULL,
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    data_type TEXT NOT NULL,
    description TEXT NOT NULL,
    options TEXT NOT NULL,
    messenger_writable INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    admin_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, attribute_id)
);

CREATE TABLE contacts (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_act BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    head_seq BIGINT NOT NULL,
    head_hash BYTEA,
    standing TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    role TEXT NOT NULL,
    external_id TEXT,
    email TEXT,
    phone TEXT,
    name TEXT,
    profile TEXT NOT NULL,
    -- Ids, packed, so that a contact is one read; the rows of their own are below.
    tags TEXT NOT NULL,
    companies TEXT NOT NULL,
    notes TEXT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id)
);

CREATE INDEX contacts_page ON contacts (workspace_id, state, created_at, contact_id);

-- Leads are few, and their identifiers are not claimed: users are found by their claims.
-- `state` and `role` tell SQLite, which keeps no statistics, that they find fewer than a workspace's key.
CREATE INDEX contacts_leads ON contacts (workspace_id, state, role, created_at, contact_id)
WHERE role = 'lead' AND state = 'live';

CREATE INDEX contacts_lead_email ON contacts (workspace_id, state, role, lower(email))
WHERE role = 'lead' AND state = 'live';

CREATE INDEX contacts_lead_external_id ON contacts (workspace_id, state, role, external_id)
WHERE role = 'lead' AND state = 'live';

CREATE TABLE contact_tags (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    tag_id TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    applied_by TEXT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, tag_id)
);

CREATE INDEX contact_tags_tag ON contact_tags (workspace_id, tag_id, contact_id);

CREATE TABLE contact_companies (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    company_id BYTEA NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, company_id)
);

CREATE INDEX contact_companies_company ON contact_companies (workspace_id, company_id, contact_id);

-- A deleted company's row stays until no contact belongs to it; `joined` is raised by each that comes to belong to it.
CREATE TABLE companies (
    workspace_id TEXT NOT NULL,
    company_id BYTEA NOT NULL,
    external_id TEXT NOT NULL,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_request_at BIGINT NOT NULL,
    name TEXT,
    tags TEXT NOT NULL,
    profile TEXT NOT NULL,
    joined BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, company_id)
);

CREATE INDEX companies_page ON companies (workspace_id, state, last_request_at, company_id);

CREATE INDEX companies_name ON companies (workspace_id, name);

-- The walk over all companies that a workspace has open.
CREATE TABLE scrolls (
    workspace_id TEXT NOT NULL,
    scroll TEXT NOT NULL,
    place BYTEA NOT NULL,
    used_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (workspace_id)
);

CREATE TABLE notes (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    note_id BIGINT NOT NULL,
    author_id TEXT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, note_id)
);

-- Whose a note is: the way to one whose id alone is known.
CREATE TABLE note_ids (
    workspace_id TEXT NOT NULL,
    note_id BIGINT NOT NULL,
    contact_id BYTEA NOT NULL,
    PRIMARY KEY (workspace_id, note_id)
);

-- The first id that no process has taken for its notes.
CREATE TABLE note_numbers (
    workspace_id TEXT NOT NULL,
    next_id BIGINT NOT NULL,
    PRIMARY KEY (workspace_id)
);

-- What contacts did: times in seconds, as they are told. The same told again is found by its key.
CREATE TABLE data_events (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    happened_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    event_id BYTEA NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, happened_at, name)
);

CREATE TABLE data_event_summaries (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    total BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, name)
);

-- Which contacts were merged into a contact.
CREATE TABLE merges (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    source_id BYTEA NOT NULL,
    source_role TEXT NOT NULL,
    merged_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id, source_id)
);

-- Claims: they make an identifier unique without a unique index on contacts.
CREATE TABLE contact_keys (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, value)
);

-- An entry's fields as columns; its canonical form is rebuilt to hash it. position and leaf_index are a cache.
CREATE TABLE ledger (
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    id BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    event TEXT NOT NULL,
    type_id TEXT,
    channel TEXT,
    state TEXT NOT NULL,
    basis TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    method TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_ref TEXT NOT NULL,
    request_id TEXT NOT NULL,
    notice_version INTEGER,
    notice_locale TEXT,
    notice_sha256 BYTEA,
    hash BYTEA NOT NULL,
    position BIGINT,
    leaf_index BIGINT,
    PRIMARY KEY (workspace_id, contact_id, seq)
);

-- What awaits its number in the feed. Act ids rise with time, so new rows append.
CREATE TABLE events (
    act BYTEA NOT NULL,
    workspace_id TEXT NOT NULL,
    contact_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    seq BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (act, workspace_id, contact_id)
);

-- Answers given under a caller's key, so that the same request again gets the same answer.
CREATE TABLE idempotency (
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, key)
);

CREATE INDEX idempotency_at ON idempotency (workspace_id, at);
