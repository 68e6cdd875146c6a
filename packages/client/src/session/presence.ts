/** The stream without mail that a session keeps open: when its process is gone the connection ends, and the broker notices. */
import { endpoints } from "@agentmesh/protocol";
import { backoffMs, pause } from "../backoff.ts";
import type { Connection } from "../connection.ts";
import { MeshApiError } from "../errors.ts";
import { OPENS_WITHIN_MS, readSse, STREAM_AGAIN_MS } from "../sse.ts";

/** The session whose stream it is. */
export interface PresentSession {
  readonly id: string;
  /** Renews the session, and opens another where the broker knows it no more. */
  heartbeat(): Promise<unknown>;
}

/** Keeps it open until the signal, whatever happens to it: heartbeats say the same, later. Never throws. */
export async function stayPresent(connection: Connection, session: PresentSession, ended: AbortSignal): Promise<void> {
  let heldBack = 0;
  for (let failures = 0; !ended.aborted; ) {
    const outcome = await readOne(connection, session.id, ended);
    if (outcome === "over" || ended.aborted) return;
    failures = outcome === "opened" ? 1 : failures + 1;
    const known =
      outcome === "unknown" || outcome === "held" ? await session.heartbeat().catch(() => undefined) : undefined;
    // Twice while other calls are answered: then it is no network that was away.
    heldBack = outcome === "held" && known ? heldBack + 1 : 0;
    // A broker of an earlier version has none either; it may be a newer one by then.
    const isNone = outcome === "none" || heldBack > 1;
    if (isNone) heldBack = 0;
    await pause(isNone ? STREAM_AGAIN_MS : backoffMs(failures, 50, 5_000), ended);
  }
}

/**
 * What came of one: it was open; nobody answered; it did not open in time; the broker does not know the session; it has no such
 * streams; or it is to be opened no more.
 */
type Outcome = "opened" | "away" | "held" | "unknown" | "none" | "over";

async function readOne(connection: Connection, session: string, ended: AbortSignal): Promise<Outcome> {
  const held = new AbortController();
  const watch = setTimeout(() => held.abort(), OPENS_WITHIN_MS);
  const both = AbortSignal.any([ended, held.signal]);
  const items = readSse(connection, endpoints.sessionStream, { session }, undefined, both);
  let opened = false;
  try {
    for (;;) {
      const { done, value } = await items.next();
      if (done) return value.reconnect || held.signal.aborted ? endOf(opened, held.signal) : "over";
      clearTimeout(watch);
      opened = true;
    }
  } catch (error) {
    if (!(error instanceof MeshApiError)) return endOf(opened, held.signal);
    if (error.code === "session_not_found" || error.code === "unauthenticated") return "unknown";
    return error.retryable ? "away" : "none";
  } finally {
    clearTimeout(watch);
    await items.return({ reconnect: false });
  }
}

function endOf(opened: boolean, held: AbortSignal): Outcome {
  if (opened) return "opened";
  return held.aborted ? "held" : "away";
}
