/** The one table of the exit codes of agentmesh-broker: what each says, and whether the same start may be worth repeating. */

interface BrokerExit {
  readonly code: number;
  readonly meaning: string;
  /** Stays as it is until a person changes something: adapters do not try such a start again by themselves. */
  readonly lasts?: true;
}

/** Every way a broker ends by itself, in the order of the numbers. */
export const brokerExits = {
  stopped: { code: 0, meaning: "stopped" },
  failed: { code: 1, meaning: "failed" },
  settings: { code: 2, meaning: "bad settings", lasts: true },
  alreadyRunning: { code: 3, meaning: "already running" },
  portTaken: { code: 4, meaning: "port taken", lasts: true },
  newerDatabase: { code: 5, meaning: "database newer than this broker", lasts: true },
  noDriver: { code: 72, meaning: "Node too old, or nothing that opens the database loads", lasts: true },
  damaged: { code: 74, meaning: "database damaged or missing", lasts: true },
  later: {
    code: 75,
    meaning: "refused by the system for the moment, its lock taken away, or the database out of reach",
  },
  database: { code: 76, meaning: "database refused, or unsafe, or of another mesh", lasts: true },
  stateFolder: { code: 77, meaning: "state folder not usable", lasts: true },
  exposed: { code: 78, meaning: "refused to listen beyond this machine", lasts: true },
} as const satisfies Record<string, BrokerExit>;

/** The rows of {@link brokerExits}. */
export const brokerExitRows: readonly BrokerExit[] = Object.values(brokerExits);
