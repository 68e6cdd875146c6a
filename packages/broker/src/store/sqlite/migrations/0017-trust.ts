/**
 * Schema 17: who is a person's agent, what a program sent with a person's token, and how the sender of a delivery came in. What waits was sent when a mesh was one machine; of
 * what has ended nobody asks any more.
 */
export const trust = `
ALTER TABLE agent ADD COLUMN person INTEGER NOT NULL DEFAULT 0 CHECK (person IN (0, 1));
ALTER TABLE message ADD COLUMN by_program INTEGER NOT NULL DEFAULT 0 CHECK (by_program IN (0, 1));
ALTER TABLE delivery ADD COLUMN trust TEXT;
UPDATE delivery SET trust = (
    SELECT iif(s.trust = 'unverified', 'unverified', 'same-machine')
    FROM message m JOIN agent s ON s.pk = m.sender_pk WHERE m.pk = delivery.message_pk AND m.kind = 'message')
  WHERE state IN ('queued', 'leased', 'held', 'dead');
`;
