-- Exports of resources in bulk: jobs, and the pages that they have stored.

CREATE TABLE bulk_jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL,
    instance_id INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    object      TEXT NOT NULL,
    query       TEXT NOT NULL,
    callback    TEXT,
    status      INTEGER NOT NULL DEFAULT 0,
    -- Why it failed, or what it waits for.
    reason      TEXT,
    -- Where the next page starts; null before the first.
    cursor      TEXT,
    pages       INTEGER NOT NULL DEFAULT 0,
    -- Records that an offset left out.
    skipped     INTEGER NOT NULL DEFAULT 0,
    records     INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    -- The records' members in the order of their first coming.
    columns     TEXT NOT NULL DEFAULT '[]',
    failures    INTEGER NOT NULL DEFAULT 0,
    next_run    INTEGER NOT NULL,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    lease_ends  INTEGER,
    created     INTEGER NOT NULL,
    started     INTEGER,
    finished    INTEGER,
    CHECK ((finished IS NULL) = (status IN (0, 1)))
) STRICT;

CREATE INDEX bulk_jobs_instance ON bulk_jobs (instance_id, id);
CREATE INDEX bulk_jobs_unfinished ON bulk_jobs (instance_id, id) WHERE finished IS NULL;
CREATE INDEX bulk_jobs_finished ON bulk_jobs (finished) WHERE finished IS NOT NULL;

CREATE TABLE bulk_pages (
    job_id  INTEGER NOT NULL REFERENCES bulk_jobs ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    -- A record a line.
    body    BLOB NOT NULL,
    PRIMARY KEY (job_id, ordinal)
) STRICT;

CREATE TABLE bulk_errors (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id           INTEGER NOT NULL REFERENCES bulk_jobs ON DELETE CASCADE,
    at               INTEGER NOT NULL,
    message          TEXT NOT NULL,
    provider_message TEXT
) STRICT;

CREATE INDEX bulk_errors_job ON bulk_errors (job_id, id);

-- The instance whose key signs what no instance's event is: the callback of its export.
ALTER TABLE subscriptions ADD COLUMN signer INTEGER;

CREATE INDEX subscriptions_signer ON subscriptions (signer) WHERE signer IS NOT NULL;
