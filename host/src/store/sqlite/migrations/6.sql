-- Common objects: their definitions, and the transformations of elements' resources into them.

CREATE TABLE common_objects (
    -- 0 an organization, 1 an account, 2 an instance.
    level       INTEGER NOT NULL CHECK (level IN (0, 1, 2)),
    owner       INTEGER NOT NULL,
    -- What belongs to an instance goes with it.
    instance_id INTEGER GENERATED ALWAYS AS (CASE level WHEN 2 THEN owner END) STORED
                REFERENCES instances ON DELETE CASCADE,
    -- The element of a transformation; empty for a definition.
    element     TEXT NOT NULL,
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,
    changed     INTEGER NOT NULL,
    PRIMARY KEY (level, owner, element, name)
) STRICT;

CREATE INDEX common_objects_instance ON common_objects (instance_id) WHERE instance_id IS NOT NULL;
