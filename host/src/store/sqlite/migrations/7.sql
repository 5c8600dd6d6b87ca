-- Polls that are looked at one by one and replayed.

DROP INDEX polls_poller;
DROP INDEX polls_finished;
ALTER TABLE polls RENAME TO polls_before;

CREATE TABLE polls (
    -- The host's own: it rises with the time of the start.
    id         INTEGER PRIMARY KEY,
    poller_id  INTEGER NOT NULL REFERENCES pollers ON DELETE CASCADE,
    cause      INTEGER NOT NULL,
    result     INTEGER NOT NULL,
    started    INTEGER NOT NULL,
    finished   INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    requests   INTEGER NOT NULL,
    records    INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    cursor     INTEGER,
    adapter    TEXT NOT NULL,
    error      TEXT,
    -- The first of its requests, as JSON.
    asked      TEXT NOT NULL,
    tape_bytes INTEGER,
    tape_whole INTEGER,
    -- The last column: lists do not read as far.
    tape       BLOB,
    CHECK ((tape IS NULL) = (tape_bytes IS NULL) AND (tape IS NULL) = (tape_whole IS NULL))
) STRICT;

INSERT INTO polls
SELECT id, poller_id, 0, CASE WHEN error IS NOT NULL THEN 2 WHEN events > 0 THEN 1 ELSE 0 END,
       started, finished, since, until, requests, records, events, 0, 0, 0,
       NULL, adapter, error, '[]', NULL, NULL, NULL
FROM polls_before;

DROP TABLE polls_before;

-- The newest of each result are kept.
CREATE INDEX polls_poller ON polls (poller_id, result, id);
