-- Everything that ever happened, in order. The triggers hold what the trait promises: append-only.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,  -- from 1, without gaps
    at       INTEGER NOT NULL,     -- microseconds since 1970-01-01 00:00 UTC
    event    TEXT    NOT NULL      -- JSON with its format as "v"
) STRICT;

CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER events_are_kept BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
