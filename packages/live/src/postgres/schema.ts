/** Notifications of this channel have the topic as their payload. */
export const channel = "live";

/**
 * Creates what the log needs, if it is missing. Run it in a transaction; concurrent runs wait for each
 * other.
 *
 * `live_publish` takes the next position of a topic and keeps its row locked until the transaction
 * ends. Positions therefore commit in their order and have no gaps: a reader that has seen position 7
 * cannot see 9 before 8.
 */
export const liveSchema = `
SELECT pg_advisory_xact_lock(7237126912);

CREATE TABLE IF NOT EXISTS live_topics (
  topic text PRIMARY KEY,
  last bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS live_entries (
  topic text NOT NULL REFERENCES live_topics,
  position bigint NOT NULL,
  id text,
  time timestamptz NOT NULL DEFAULT clock_timestamp(),
  data bytea NOT NULL,
  PRIMARY KEY (topic, position)
);

CREATE UNIQUE INDEX IF NOT EXISTS live_entries_id ON live_entries (topic, id) WHERE id IS NOT NULL;

CREATE OR REPLACE FUNCTION live_publish(to_topic text, entry_data bytea, entry_id text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  taken bigint;
  known bigint;
BEGIN
  INSERT INTO live_topics AS t (topic, last) VALUES (to_topic, 1)
    ON CONFLICT (topic) DO UPDATE SET last = t.last + 1
    RETURNING last INTO taken;
  IF entry_id IS NOT NULL THEN
    SELECT position INTO known FROM live_entries WHERE topic = to_topic AND id = entry_id;
    IF FOUND THEN
      UPDATE live_topics SET last = taken - 1 WHERE topic = to_topic;
      RETURN known;
    END IF;
  END IF;
  INSERT INTO live_entries (topic, position, id, data) VALUES (to_topic, taken, entry_id, entry_data);
  PERFORM pg_notify('${channel}', to_topic);
  RETURN taken;
END
$$;
`;
