/** Schema 4: tasks of agents elsewhere that what was taken is at work as; a webhook that is set anew, or is no more, follows none. */
export const followed = `
CREATE TABLE followed (
  delivery_pk BIGINT PRIMARY KEY REFERENCES delivery ON DELETE CASCADE,
  agent_pk    BIGINT NOT NULL REFERENCES webhook (agent_pk),
  task        TEXT NOT NULL,
  ends_at     BIGINT NOT NULL
);
CREATE INDEX followed_by ON followed (agent_pk);
`;
