/** Follows the mesh: one stream of events, taken up where it was lost; what cannot be taken up is looked at anew. */
import type { MeshEvent } from "@agentmesh/protocol";
import { KEEPALIVE_MS } from "@agentmesh/protocol/shown";
import { batch } from "@preact/signals";
import { ask, Refusal } from "../frame/calls.ts";
import { session } from "../frame/session.ts";
import { tick } from "../frame/time.ts";
import { foldAgents, type Look, outOfDate, touchedBy, withNew } from "./fold.ts";
import { lookAgain, lookAtAll, lookNowAndThen } from "./looks.ts";
import { agents, connection, earlier, events } from "./mesh.ts";
import { sseReader } from "./sse.ts";

/** A stream that is silent for longer is lost, whatever the socket says. */
const SILENT_MS = 3 * KEEPALIVE_MS;
const MAX_WAIT_MS = 5_000;
/** How long what happened is gathered before it is shown: many events are one picture. */
const GATHER_MS = 100;

/** Where the stream is taken up; undefined while what was before it has not been looked at. */
let cursor: string | undefined;

/** Follows until the browser is signed out. */
export async function follow(): Promise<void> {
  const clock = setInterval(tick, 1_000);
  const noMoreLooks = lookNowAndThen(10_000);
  let waitMs = 250;
  while (session.value !== undefined) {
    try {
      await listen(() => {
        waitMs = 250;
      });
      lost("the broker closed the connection");
    } catch (error) {
      if (error instanceof Refusal && error.status === 410) cursor = undefined;
      else lost(error instanceof Refusal ? error.message : "no broker answers");
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(MAX_WAIT_MS, waitMs * 1.6);
  }
  clearInterval(clock);
  noMoreLooks();
}

function lost(why: string): void {
  const { heardAt } = connection.value;
  connection.value = { state: "lost", why, ...(heardAt !== undefined && { heardAt }) };
}

/** Reads one stream to its end. @throws Refusal, and whatever a connection ends with */
async function listen(onOpen: () => void): Promise<void> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENT_MS);
  const goesOn = cursor !== undefined;
  const query = cursor === undefined ? "" : `?after=${encodeURIComponent(cursor)}`;
  try {
    const { body } = await ask(`/v1/events${query}`, { signal: silent.signal });
    if (body === null) return;
    const read = sseReader();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let first = true; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENT_MS);
      for (const { event, id, data } of read(decoder.decode(value, { stream: true }))) {
        if (event === "event") gather(JSON.parse(data));
        if (event === "closing") {
          const { code, reconnect }: { code: string; reconnect: boolean } = JSON.parse(data);
          if (code === "cursor_gone" || !reconnect) cursor = undefined;
          continue;
        }
        if (id !== undefined) cursor = id;
      }
      connection.value = { state: "live", heardAt: Date.now() };
      if (!first) continue;
      first = false;
      onOpen();
      // What changed without an event while nobody listened: presence at a broker's start, what was pruned.
      if (goesOn) lookAgain(["agents", "dead", "held", "asks", "topics", "status"]);
      else await begin();
    }
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

/** Looks at everything for the first time, or anew where it cannot be taken up. @throws what a look does: then it was no beginning */
async function begin(): Promise<void> {
  events.value = [];
  try {
    await lookAtAll();
  } catch (error) {
    cursor = undefined;
    throw error;
  }
}

let gathered: MeshEvent[] = [];

function gather(event: MeshEvent): void {
  if (gathered.length === 0) setTimeout(show, GATHER_MS);
  gathered.push(event);
}

function show(): void {
  const came = gathered;
  gathered = [];
  batch(() => {
    const looks = new Set<Look>();
    const ids = new Set<string>();
    let known = agents.value;
    for (const event of came) {
      known = foldAgents(known, event);
      for (const each of outOfDate(event)) looks.add(each);
      for (const id of touchedBy(event)) ids.add(id);
    }
    agents.value = known;
    const kept = withNew(events.value, came);
    events.value = kept.events;
    // Behind what is cut off, what was before would stand beside a hole that nobody sees.
    if (kept.cut) earlier.value = [];
    lookAgain(looks, ids);
  });
}
