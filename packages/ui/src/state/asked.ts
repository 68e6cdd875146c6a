/** Following where something on the way holds the stream of events back: the log is asked instead, and all else with it. */
import type { LogEntry } from "@agentmesh/protocol";
import { look } from "../frame/calls.ts";
import { ownSignIn } from "../frame/sign-in.ts";
import { KEPT_EVENTS } from "./fold.ts";
import { lookAgain, lookAtAll } from "./looks.ts";
import { connection, earlier, events } from "./mesh.ts";

/** How long one question waits for an answer, in milliseconds: shorter than proxies leave a connection idle. */
const WAIT_MS = 20_000;
const MOST_ENTRIES = 500;

/** The stream was asked for, and did not even say that it is open. */
export class HeldBack extends Error {}

interface Log {
  readonly entries: LogEntry[];
  readonly cursor: string;
}

/** Asks until a time of `performance.now()`, or until the browser is signed out. @throws Refusal, and whatever a connection ends with */
export async function askInstead(until: number): Promise<void> {
  events.value = [];
  await lookAtAll();
  let { entries, cursor } = await look<Log>("/v1/log", { limit: MOST_ENTRIES });
  earlier.value = entries;
  while (ownSignIn.value !== undefined && performance.now() < until) {
    connection.value = { state: "asked", heardAt: Date.now() };
    ({ entries, cursor } = await look<Log>("/v1/log", { after: cursor, limit: MOST_ENTRIES, waitMs: WAIT_MS }));
    if (entries.length === 0) continue;
    earlier.value = [...earlier.value, ...entries].slice(-KEPT_EVENTS);
    lookAgain(["agents", "needs", "asks", "topics", "status"]);
  }
}
