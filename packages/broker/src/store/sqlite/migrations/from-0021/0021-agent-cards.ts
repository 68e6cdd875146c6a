/** Schema 21: agent cards, what agents show of themselves to programs outside the mesh. */
export const agentCards = `
CREATE TABLE agent_card (
  agent_pk    INTEGER PRIMARY KEY REFERENCES agent (pk),
  description TEXT NOT NULL,
  skills      TEXT NOT NULL,
  set_at      INTEGER NOT NULL
) STRICT;
`;
