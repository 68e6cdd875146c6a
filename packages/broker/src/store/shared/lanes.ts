/** Lanes: whose act it is, so that each takes its turn. */

/** How the lane of what an agent sends begins. */
export const SENDS = "sends ";

/** What an agent sends, what it does beside, the owner of the mesh key, the sweeper, the index of words. */
export const laneOf = {
  sends: (agentId: string) => `${SENDS}${agentId}`,
  agent: (agentId: string) => `agent ${agentId}`,
  owner: (agentId: string | undefined) => (agentId === undefined ? "mesh key" : `agent ${agentId}`),
  key: "mesh key",
  joins: "joins",
  machine: (machineId: string) => `machine ${machineId}`,
  /** What ends for a session or an agent whoever asks for it: behind nobody's other acts. */
  session: (sessionId: string) => `session ${sessionId}`,
  removal: (agentId: string) => `removal ${agentId}`,
  care: "care",
  words: "words",
} as const;
