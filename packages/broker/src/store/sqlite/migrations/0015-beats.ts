/** Schema 15: heartbeats of a time that is still to come are found along an index: they show that the clock was set back. */
export const beats = `
CREATE INDEX session_by_beat ON session (beat_at);
`;
