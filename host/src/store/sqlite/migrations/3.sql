-- Notifications, subscriptions and deliveries may belong to no instance; subscriptions have several topics; accounts
-- have settings. Foreign keys are off while this runs: tables that others refer to are made anew under their names.

CREATE TABLE account_settings (
    account_id INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

-- Events --------------------------------------------------------------------------------------------------------

INSERT INTO sequences (name, value) SELECT 'notification', count(*) FROM notifications;

CREATE TABLE new_notifications (
    id           INTEGER PRIMARY KEY,
    -- Rises in the order of commits, which ids do not: who has read up to one has missed none before it.
    position     INTEGER NOT NULL UNIQUE,
    account_id   INTEGER NOT NULL,
    -- Null for a message that a user sent.
    instance_id  INTEGER REFERENCES instances ON DELETE CASCADE,
    event_id     TEXT NOT NULL,
    topic        TEXT NOT NULL,
    resource     TEXT NOT NULL,
    kind         INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    created      INTEGER NOT NULL
) STRICT;

INSERT INTO new_notifications (id, position, account_id, instance_id, event_id, topic, resource, kind, created)
SELECT id, row_number() OVER (ORDER BY id), account_id, instance_id, event_id, topic, resource, kind, created
FROM notifications;

DROP TABLE notifications;
ALTER TABLE new_notifications RENAME TO notifications;

CREATE INDEX notifications_account ON notifications (account_id, id);
CREATE INDEX notifications_account_position ON notifications (account_id, position);
CREATE INDEX notifications_account_created ON notifications (account_id, created, instance_id);
CREATE INDEX notifications_instance ON notifications (instance_id, id) WHERE instance_id IS NOT NULL;
CREATE INDEX notifications_topic ON notifications (account_id, topic, id);
CREATE INDEX notifications_event ON notifications (event_id);
CREATE INDEX notifications_created ON notifications (created, id);

-- Delivery ------------------------------------------------------------------------------------------------------

CREATE TABLE subscription_topics (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    ordinal         INTEGER NOT NULL,
    account_id      INTEGER NOT NULL,
    topic           TEXT NOT NULL,
    PRIMARY KEY (subscription_id, ordinal)
) STRICT, WITHOUT ROWID;

INSERT INTO subscription_topics (subscription_id, ordinal, account_id, topic)
SELECT id, 0, account_id, topic FROM subscriptions;

CREATE INDEX subscription_topics_topic ON subscription_topics (account_id, topic);

CREATE TABLE new_subscriptions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL,
    -- The instance whose configuration has the URL; null when a user made the subscription.
    instance_id INTEGER REFERENCES instances ON DELETE CASCADE,
    url         TEXT NOT NULL,
    active      INTEGER NOT NULL DEFAULT 1,
    reason      TEXT,
    created     INTEGER NOT NULL,
    -- Since when nothing new is delivered to it.
    retired     INTEGER
) STRICT;

INSERT INTO new_subscriptions (id, account_id, instance_id, url, active, reason, created, retired)
SELECT id, account_id, instance_id, url, active, reason, created, retired FROM subscriptions;

-- Ids are never given twice, not even those of rows that are gone.
INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq)
SELECT (SELECT rowid FROM sqlite_sequence WHERE name = 'new_subscriptions'), 'new_subscriptions', seq
FROM sqlite_sequence WHERE name = 'subscriptions';
DROP TABLE subscriptions;
ALTER TABLE new_subscriptions RENAME TO subscriptions;

CREATE INDEX subscriptions_account ON subscriptions (account_id, id);
CREATE INDEX subscriptions_instance ON subscriptions (instance_id, id) WHERE instance_id IS NOT NULL;

CREATE TABLE new_deliveries (
    -- AUTOINCREMENT: the order of ids is the order of delivery.
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id      INTEGER NOT NULL,
    -- The notification's instance.
    instance_id     INTEGER REFERENCES instances ON DELETE CASCADE,
    notification_id INTEGER NOT NULL REFERENCES notifications ON DELETE CASCADE,
    -- No foreign key: it would need an index over all finished deliveries. Who removes a subscription removes them.
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

INSERT INTO new_deliveries
SELECT id, account_id, instance_id, notification_id, subscription_id, status, blockers, epoch, lease_ends, attempts,
       first_failure, next_attempt, last_status, last_error, created, updated
FROM deliveries;

INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq)
SELECT (SELECT rowid FROM sqlite_sequence WHERE name = 'new_deliveries'), 'new_deliveries', seq
FROM sqlite_sequence WHERE name = 'deliveries';
DROP TABLE deliveries;
ALTER TABLE new_deliveries RENAME TO deliveries;

CREATE INDEX deliveries_ready ON deliveries (subscription_id, next_attempt)
    WHERE next_attempt IS NOT NULL AND blockers = 0;
CREATE INDEX deliveries_leased ON deliveries (subscription_id, lease_ends) WHERE lease_ends IS NOT NULL;
CREATE INDEX deliveries_unfinished ON deliveries (subscription_id, status) WHERE status <> 1;
CREATE INDEX deliveries_unfinished_account ON deliveries (account_id, id) WHERE status <> 1;
CREATE INDEX deliveries_account ON deliveries (account_id, id);
CREATE INDEX deliveries_instance ON deliveries (instance_id, id) WHERE instance_id IS NOT NULL;
CREATE INDEX deliveries_notification ON deliveries (notification_id);
