-- Times are milliseconds since 1970, digests are blobs, enumerations are the numbers in `columns.rs`.

CREATE TABLE sequences (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sequences (name, value) VALUES ('instance', 0);

-- Tenants -------------------------------------------------------------------------------------------------------

CREATE TABLE organizations (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    secret  BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id              INTEGER PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations ON DELETE CASCADE,
    created         INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id         INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    email      TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    secret     BLOB NOT NULL UNIQUE,
    created    INTEGER NOT NULL
) STRICT;

-- Instances -----------------------------------------------------------------------------------------------------

CREATE TABLE instances (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES accounts,
    user_id       INTEGER NOT NULL REFERENCES users,
    element       TEXT NOT NULL,
    name          TEXT NOT NULL,
    tags          TEXT NOT NULL,
    -- Name and tags in lower case: what a search looks at.
    search        TEXT NOT NULL,
    configuration TEXT NOT NULL,
    derived       TEXT NOT NULL,
    token         BLOB NOT NULL UNIQUE,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0,
    state         INTEGER NOT NULL DEFAULT 0,
    state_reason  TEXT,
    state_since   INTEGER NOT NULL,
    -- Where the epochs of the next schedule start, so that a lease on a removed one never fits it.
    epoch_floor   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX instances_account ON instances (account_id, id);

CREATE TABLE secrets (
    instance_id INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    name        TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    expires     INTEGER,
    PRIMARY KEY (instance_id, name)
) STRICT, WITHOUT ROWID;

-- Polling -------------------------------------------------------------------------------------------------------

CREATE TABLE schedules (
    instance_id INTEGER PRIMARY KEY REFERENCES instances ON DELETE CASCADE,
    refresh     INTEGER NOT NULL,
    next_run    INTEGER NOT NULL,
    failures    INTEGER NOT NULL DEFAULT 0,
    lease_epoch INTEGER NOT NULL,
    lease_ends  INTEGER,
    -- When it can be claimed: the later of next run and lease end; null while its instance must not be polled.
    due         INTEGER
) STRICT;

CREATE INDEX schedules_due ON schedules (due) WHERE due IS NOT NULL;

CREATE TABLE pollers (
    -- AUTOINCREMENT: a poll in progress must never write to another's poller.
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id        INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    ordinal            INTEGER NOT NULL,
    resource           TEXT NOT NULL,
    configuration      TEXT NOT NULL,
    paused             INTEGER NOT NULL DEFAULT 0,
    start              INTEGER NOT NULL,
    cursor             INTEGER NOT NULL,
    checkpoint         BLOB,
    checkpoint_adapter TEXT,
    failures           INTEGER NOT NULL DEFAULT 0,
    last_success       INTEGER,
    last_failure       INTEGER,
    last_error         TEXT,
    records            INTEGER NOT NULL DEFAULT 0,
    events             INTEGER NOT NULL DEFAULT 0,
    UNIQUE (instance_id, resource),
    CHECK ((checkpoint IS NULL) = (checkpoint_adapter IS NULL))
) STRICT;

CREATE TABLE fingerprints (
    poller_id INTEGER NOT NULL REFERENCES pollers ON DELETE CASCADE,
    identity  BLOB NOT NULL,
    updated   INTEGER,
    content   BLOB NOT NULL,
    PRIMARY KEY (poller_id, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX fingerprints_updated ON fingerprints (poller_id, updated) WHERE updated IS NOT NULL;

CREATE TABLE polls (
    id        INTEGER PRIMARY KEY,
    poller_id INTEGER NOT NULL REFERENCES pollers ON DELETE CASCADE,
    started   INTEGER NOT NULL,
    finished  INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    requests  INTEGER NOT NULL,
    records   INTEGER NOT NULL,
    events    INTEGER NOT NULL,
    adapter   TEXT NOT NULL,
    error     TEXT
) STRICT;

CREATE INDEX polls_poller ON polls (poller_id, id);
CREATE INDEX polls_finished ON polls (finished);

-- Events --------------------------------------------------------------------------------------------------------

CREATE TABLE notifications (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL,
    instance_id INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    event_id    TEXT NOT NULL,
    topic       TEXT NOT NULL,
    resource    TEXT NOT NULL,
    kind        INTEGER NOT NULL,
    created     INTEGER NOT NULL
) STRICT;

CREATE INDEX notifications_account ON notifications (account_id, id);
CREATE INDEX notifications_instance ON notifications (instance_id, id);
CREATE INDEX notifications_event ON notifications (event_id);
CREATE INDEX notifications_created ON notifications (created, id);

CREATE TABLE notification_bodies (
    notification_id INTEGER PRIMARY KEY REFERENCES notifications ON DELETE CASCADE,
    body            BLOB NOT NULL
) STRICT;

CREATE TABLE events (
    notification_id INTEGER NOT NULL REFERENCES notifications ON DELETE CASCADE,
    ordinal         INTEGER NOT NULL,
    object_id       TEXT NOT NULL,
    identity        BLOB NOT NULL,
    date            INTEGER,
    PRIMARY KEY (notification_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_object ON events (object_id, notification_id);

-- Delivery ------------------------------------------------------------------------------------------------------

CREATE TABLE subscriptions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL,
    instance_id INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    topic       TEXT NOT NULL,
    url         TEXT NOT NULL,
    active      INTEGER NOT NULL DEFAULT 1,
    reason      TEXT,
    created     INTEGER NOT NULL,
    -- Since when nothing new is delivered to it.
    retired     INTEGER
) STRICT;

CREATE INDEX subscriptions_account ON subscriptions (account_id, id);
CREATE INDEX subscriptions_instance ON subscriptions (instance_id, id);

-- One row a subscription, so that claims look at subscriptions with something due and at no other row.
CREATE TABLE outboxes (
    subscription_id INTEGER PRIMARY KEY REFERENCES subscriptions ON DELETE CASCADE,
    -- The least `next_attempt` of its deliveries that nothing blocks.
    next_due        INTEGER,
    -- Until when the last claim found it full.
    held_until      INTEGER,
    wake            INTEGER GENERATED ALWAYS AS (max(next_due, coalesce(held_until, next_due))) VIRTUAL
) STRICT;

CREATE INDEX outboxes_due ON outboxes (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX outboxes_wake ON outboxes (wake) WHERE wake IS NOT NULL;

CREATE TABLE deliveries (
    -- AUTOINCREMENT: the order of ids is the order of delivery.
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id      INTEGER NOT NULL,
    instance_id     INTEGER NOT NULL REFERENCES instances ON DELETE CASCADE,
    notification_id INTEGER NOT NULL REFERENCES notifications ON DELETE CASCADE,
    -- No foreign key: it would need an index over all finished deliveries. Both go with the instance.
    subscription_id INTEGER NOT NULL,
    status          INTEGER NOT NULL,
    -- How many of its objects have an earlier unfinished delivery to the same subscription.
    blockers        INTEGER NOT NULL,
    epoch           INTEGER NOT NULL DEFAULT 0,
    lease_ends      INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    first_failure   INTEGER,
    -- While it is leased, the lease's end: one comparison tells what can be claimed.
    next_attempt    INTEGER,
    last_status     INTEGER,
    last_error      TEXT,
    created         INTEGER NOT NULL,
    updated         INTEGER NOT NULL,
    CHECK (blockers >= 0),
    CHECK ((next_attempt IS NOT NULL) = (status IN (0, 2)))
) STRICT;

CREATE INDEX deliveries_ready ON deliveries (subscription_id, next_attempt)
    WHERE next_attempt IS NOT NULL AND blockers = 0;
CREATE INDEX deliveries_leased ON deliveries (subscription_id, lease_ends) WHERE lease_ends IS NOT NULL;
CREATE INDEX deliveries_unfinished ON deliveries (subscription_id, status) WHERE status <> 1;
CREATE INDEX deliveries_unfinished_account ON deliveries (account_id, id) WHERE status <> 1;
CREATE INDEX deliveries_account ON deliveries (account_id, id);
CREATE INDEX deliveries_instance ON deliveries (instance_id, id);
CREATE INDEX deliveries_notification ON deliveries (notification_id);

-- Which unfinished deliveries contain which object: the first of a lane may go out, the others wait.
CREATE TABLE delivery_lanes (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    identity        BLOB NOT NULL,
    delivery_id     INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, identity, delivery_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    started     INTEGER NOT NULL,
    finished    INTEGER NOT NULL,
    status      INTEGER,
    error       TEXT
) STRICT;

CREATE INDEX attempts_delivery ON attempts (delivery_id, id);
