-- What types, tokens and admins were, chained by hash per workspace; only ever appended to.
CREATE TABLE settings_log (
    workspace_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_ref TEXT NOT NULL,
    prev BYTEA,
    hash BYTEA NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);
