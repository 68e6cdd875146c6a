/** What each side is called in tables and charts. */
import type { SideName } from "./side.ts";

/** By side. */
export const SIDE_TITLES: Readonly<Record<SideName, string>> = {
  ours: "agentmesh",
  against: "agentmesh before",
  bare: "HTTP + SSE, no store",
  redis: "Redis Streams",
  jetstream: "NATS JetStream",
  postgres: "agentmesh on Postgres",
  postgres3: "agentmesh on Postgres, 3 brokers",
  pgboss: "pg-boss",
  graphile: "graphile-worker",
};
