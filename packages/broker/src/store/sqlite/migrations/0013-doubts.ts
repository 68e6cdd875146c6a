/** Schema 13: what is known of a session beside the age that its presence is reckoned by. */
export const doubts = `
-- Its last heartbeat, which no doubt makes older.
ALTER TABLE session ADD COLUMN beat_at INTEGER NOT NULL DEFAULT 0;
UPDATE session SET beat_at = seen_at;

-- Since when, and why, it may be gone; until it is heard of.
ALTER TABLE session ADD COLUMN doubted_at INTEGER;
ALTER TABLE session ADD COLUMN doubted_why TEXT CHECK (doubted_why IN ('stream_closed', 'broker_started'));

-- When something that was streamed to it was last acked, to the minute.
ALTER TABLE session ADD COLUMN proven_at INTEGER;
`;
