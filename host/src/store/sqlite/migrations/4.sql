-- Webhooks of providers: what is registered there, and what came in.

CREATE TABLE registrations (
    instance_id  INTEGER PRIMARY KEY REFERENCES instances ON DELETE CASCADE,
    element      TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    resources    TEXT NOT NULL,
    -- The adapter's own words, sealed.
    data         BLOB NOT NULL,
    expires      INTEGER,
    -- Where calls to the element's address have the value that tells this instance from others.
    finder_path  TEXT,
    finder_value TEXT,
    created      INTEGER NOT NULL,
    -- When it was made or prolonged.
    renewed      INTEGER NOT NULL,
    -- When it has to be prolonged; while it is leased, the lease's end. Null: never.
    due          INTEGER,
    epoch        INTEGER NOT NULL DEFAULT 0,
    lease_ends   INTEGER,
    failures     INTEGER NOT NULL DEFAULT 0,
    error        TEXT,
    failed       INTEGER,
    CHECK ((finder_path IS NULL) = (finder_value IS NULL))
) STRICT;

CREATE INDEX registrations_due ON registrations (due) WHERE due IS NOT NULL;
CREATE INDEX registrations_finder ON registrations (element, finder_path, finder_value)
    WHERE finder_path IS NOT NULL;

-- One row an instance that was ever called, so that claims look at no message.
CREATE TABLE inboxes (
    instance_id INTEGER PRIMARY KEY REFERENCES instances ON DELETE CASCADE,
    -- The least `next_attempt` of its messages; while it is leased, the lease's end.
    due         INTEGER,
    epoch       INTEGER NOT NULL DEFAULT 0,
    lease_ends  INTEGER,
    -- Messages that wait, and their bytes.
    waiting     INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    last        INTEGER
) STRICT;

CREATE INDEX inboxes_due ON inboxes (due) WHERE due IS NOT NULL;

CREATE TABLE inbox_messages (
    -- AUTOINCREMENT: the order of ids is the order of arrival.
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id  INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    digest       BLOB NOT NULL,
    -- The call, sealed; null once it is processed.
    message      BLOB,
    size         INTEGER NOT NULL,
    verified     INTEGER NOT NULL,
    -- 0 waiting, 1 done, 2 failed.
    state        INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- Whether the provider was asked for what the call only announced: the same call may then announce something new.
    asked        INTEGER NOT NULL DEFAULT 0,
    next_attempt INTEGER,
    error        TEXT,
    received     INTEGER NOT NULL,
    finished     INTEGER,
    CHECK ((next_attempt IS NOT NULL) = (state = 0))
) STRICT;

CREATE INDEX inbox_messages_digest ON inbox_messages (instance_id, digest);
CREATE INDEX inbox_messages_waiting ON inbox_messages (instance_id, next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX inbox_messages_failed ON inbox_messages (instance_id, id) WHERE state = 2;
CREATE INDEX inbox_messages_finished ON inbox_messages (finished) WHERE finished IS NOT NULL;

CREATE TABLE received_fingerprints (
    instance_id INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    resource    TEXT NOT NULL,
    identity    BLOB NOT NULL,
    updated     INTEGER,
    content     BLOB NOT NULL,
    -- When it was told last; what is old is forgotten.
    seen        INTEGER NOT NULL,
    PRIMARY KEY (instance_id, resource, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX received_fingerprints_seen ON received_fingerprints (seen);
