/** Schema 22: what waits for a person is found along an index: persons, held mail, dead letters by reason, webhooks that fail. */
export const needs = `
CREATE INDEX agent_person ON agent (pk) WHERE person = 1 AND removed_at IS NULL AND archived_at IS NULL;
CREATE INDEX delivery_held_since ON delivery (accepted_at) WHERE state = 'held';
CREATE INDEX delivery_dead_why ON delivery (agent_pk, IFNULL(reason, ''), ended_at)
  WHERE state = 'dead' AND dismissed_at IS NULL;
CREATE INDEX webhook_failing ON webhook (agent_pk) WHERE failed_why IS NOT NULL;
`;
