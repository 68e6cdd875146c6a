/** Schema 11: dead letters on the list by the time of their end, those of an agent apart, so that a page of them is read and no more. */
export const dead = `
DROP INDEX delivery_dead;
CREATE INDEX delivery_dead ON delivery (ended_at, id) WHERE state = 'dead' AND dismissed_at IS NULL;
CREATE INDEX delivery_dead_of ON delivery (agent_pk, ended_at, id) WHERE state = 'dead' AND dismissed_at IS NULL;
`;
