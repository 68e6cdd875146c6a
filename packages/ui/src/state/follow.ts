/** Follows the mesh: one stream of events, taken up where it was lost; what cannot be taken up is looked at anew. */
import type { MeshEvent } from "@agentmesh/protocol";
import { KEEPALIVE_MS } from "@agentmesh/protocol/shown";
import { batch } from "@preact/signals";
import { ask, Refusal } from "../frame/calls.ts";
import { ownSignIn } from "../frame/sign-in.ts";
import { tick } from "../frame/time.ts";
import { askInstead, HeldBack } from "./asked.ts";
import { foldAgents, KEPT_EVENTS, MANY_EVENTS, outOfDate, touchedBy, withNew } from "./fold.ts";
import { lookAgain, lookAtAll, lookAtEverybody, lookAtNewcomers, lookNowAndThen } from "./looks.ts";
import { agents, connection, earlier, events } from "./mesh.ts";
import { sseReader } from "./sse.ts";

/** A stream that is silent for longer is lost, whatever the socket says. */
const SILENT_MS = 3 * KEEPALIVE_MS;
const MAX_WAIT_MS = 5_000;
/** A stream that does not say within this time that it is open is held back, where calls are answered; then none is tried for a while. */
const OPENS_WITHIN_MS = 10_000;
const STREAM_AGAIN_MS = 600_000;
/**
 * How long the page rests between two readings of the stream, in milliseconds: many events are one reading and one picture. While
 * nobody sees it, it reads on and draws nothing.
 */
const REST_MS = 500;
const HIDDEN_REST_MS = 1_000;
/** After many events it rests longer, a hundred times as long as their picture took: it is no more than a hundredth of the time. */
const BUSY_REST_MS = 1_000;
const MOST_REST_MS = 2_000;
const RESTS = 100;

/** Where the stream is taken up; undefined while what was before it has not been looked at. */
let cursor: string | undefined;

/** Follows until the browser is signed out. */
export async function follow(): Promise<void> {
  const clock = setInterval(() => document.hidden || tick(), 1_000);
  document.addEventListener("visibilitychange", show);
  const noMoreLooks = lookNowAndThen(10_000);
  let waitMs = 250;
  let heldBackUntil = 0;
  while (ownSignIn.value !== undefined) {
    try {
      if (performance.now() < heldBackUntil) {
        await askInstead(heldBackUntil);
        continue;
      }
      await listen(() => {
        waitMs = 250;
      });
      lost("the broker closed the connection");
    } catch (error) {
      if (error instanceof HeldBack && (await isAnswered())) {
        heldBackUntil = performance.now() + STREAM_AGAIN_MS;
        cursor = undefined;
        continue;
      }
      if (error instanceof Refusal && error.status === 410) cursor = undefined;
      else lost(error instanceof Refusal ? error.message : "no broker answers");
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(MAX_WAIT_MS, waitMs * 1.6);
  }
  clearInterval(clock);
  document.removeEventListener("visibilitychange", show);
  noMoreLooks();
}

/** Whether the broker answers at all: else it is no stream that is held back. */
function isAnswered(): Promise<boolean> {
  return ask("/v1/status", { signal: AbortSignal.timeout(OPENS_WITHIN_MS) }).then(
    () => true,
    () => false,
  );
}

function lost(why: string): void {
  const { heardAt } = connection.value;
  connection.value = { state: "lost", why, ...(heardAt !== undefined && { heardAt }) };
}

/** Reads one stream to its end. @throws Refusal, and whatever a connection ends with */
async function listen(onOpen: () => void): Promise<void> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(new HeldBack()), OPENS_WITHIN_MS);
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
      clearTimeout(timer);
      if (done) return;
      const began = performance.now();
      const before = gathered.length;
      for (const { event, id, data } of read(decoder.decode(value, { stream: true }))) {
        if (event === "event") gathered.push(JSON.parse(data));
        if (event === "closing") {
          const { code, reconnect }: { code: string; reconnect: boolean } = JSON.parse(data);
          if (code === "cursor_gone" || !reconnect) cursor = undefined;
          continue;
        }
        if (id !== undefined) cursor = id;
      }
      connection.value = { state: "live", heardAt: Date.now() };
      if (first) {
        first = false;
        onOpen();
        // What changed without an event while nobody listened: presence at a broker's start, what was pruned.
        if (goesOn) lookAgain(["agents", "needs", "asks", "topics", "status"]);
        else await begin();
      }
      const isBusy = gathered.length - before >= MANY_EVENTS;
      show();
      // What is shown is made right behind this.
      await Promise.resolve();
      const readMs = performance.now() - began;
      if (isBusy) noteFrame();
      await rest(isBusy ? RESTS * (readMs + frameMs) : 0);
      // From now on: that nothing was read meanwhile says nothing of the broker.
      timer = setTimeout(() => silent.abort(), SILENT_MS);
    }
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

/** How long the last picture of many events took to be laid out and painted. */
let frameMs = 0;

function noteFrame(): void {
  requestAnimationFrame(() => {
    const began = performance.now();
    setTimeout(() => {
      frameMs = performance.now() - began;
    });
  });
}

/** Lets what happens gather in the connection; over at once when somebody looks again. */
function rest(wantedMs: number): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", over);
      resolve();
    };
    const seenMs = wantedMs === 0 ? REST_MS : Math.min(MOST_REST_MS, Math.max(BUSY_REST_MS, wantedMs));
    const timer = setTimeout(over, document.hidden ? HIDDEN_REST_MS : seenMs);
    document.addEventListener("visibilitychange", over);
  });
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

/** Shows what has gathered; what nobody sees is kept until somebody does. */
function show(): void {
  const looks = new Set(gathered.flatMap(outOfDate));
  if (document.hidden) {
    // More than the page keeps would be let go of in any case; what they said of agents is looked at instead.
    if (gathered.length > KEPT_EVENTS + 1) {
      gathered = gathered.slice(-KEPT_EVENTS - 1);
      lookAtEverybody();
    }
    lookAgain(looks);
    return;
  }
  const came = gathered;
  gathered = [];
  if (came.length === 0) return;
  batch(() => {
    agents.value = came.reduce(foldAgents, agents.value);
    const kept = withNew(events.value, came);
    events.value = kept.events;
    // Behind what is cut off, what was before would stand beside a hole that nobody sees.
    if (kept.cut) earlier.value = [];
  });
  const isNew = ({ type }: MeshEvent) => type === "agent.registered" || type === "agent.back";
  lookAtNewcomers(came.filter(isNew).flatMap(touchedBy));
  lookAgain(looks, came.flatMap(touchedBy));
}
