/** First looks, and looking anew: what is shown, when an event says that it is out of date, and as often as its cost allows. */
import type { LogEntry } from "@agentmesh/protocol";
import { batch, effect, untracked } from "@preact/signals";
import { address } from "../frame/address.ts";
import { look } from "../frame/calls.ts";
import { paletteOpen } from "../frame/keys.ts";
import type { View } from "../frame/paths.ts";
import { ownSignIn } from "../frame/sign-in.ts";
import type { Look } from "./fold.ts";
import { lookAt, lookAtEach, lookAtThese, newcomers } from "./look-at.ts";
import { agents, earlier, isLogKnown } from "./mesh.ts";

/** As many agents are looked at one by one, where that is less than a part of all. */
const ONE_BY_ONE = 8;
const PART = 4;
/** What is noted within so many milliseconds is one look. */
const GATHER_MS = 250;
/** How long is rested between looks at least: where somebody may wait for them, where all is usual, and while nobody sees them. */
const REST_MS = 500;
const USUAL_REST_MS = 3_000;
const HIDDEN_REST_MS = 5_000;

/** What a view shows beside the needs, whose number stands in every title. */
const shownBy: Readonly<Record<View, readonly Look[]>> = {
  needs: [],
  agents: ["agents", "asks"],
  flow: ["asks"],
  conversations: ["topics"],
  message: [],
  log: [],
  health: ["status"],
};

/** Looks at everything, and at what happened before: what waits and who is there first. */
export async function lookAtAll(): Promise<void> {
  await Promise.all([lookAtThese([lookAt.needs]), lookAtThese([lookAt.agents])]);
  await lookAtThese([lookAt.asks, lookAt.status, lookAt.topics]);
  const { entries } = await look<{ entries: LogEntry[] }>("/v1/log", { limit: 500 });
  batch(() => {
    earlier.value = entries;
    isLogKnown.value = true;
  });
}

/** What is out of date: of what no view shows nothing is asked until one does. */
const stale = new Set<Look>();
const touched = new Set<string>();
let restMs = REST_MS;
/** Somebody may wait for what was noted since the last look. */
let presses = false;
/** When the last look ended; undefined while one goes on. */
let lookedAt: number | undefined = Number.NEGATIVE_INFINITY;
/** The look that is planned. */
let planned: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

/** Which of what is out of date is looked at now. */
function wanted(): Look[] {
  if (document.hidden) return stale.has("needs") ? ["needs"] : [];
  const shown = new Set<Look>(["needs", ...shownBy[address.value.view]]);
  if (paletteOpen.value) shown.add("topics");
  if (newcomers.peek()) shown.add("agents");
  return [...shown].filter((each) => stale.has(each));
}

/** Agents whose numbers are looked at now: while they are shown. */
function wantedAgents(): string[] {
  return address.value.view === "agents" && !document.hidden ? [...touched] : [];
}

/** Notes what is to be looked at, and how soon; many notes are one look. */
export function lookAgain(what: Iterable<Look>, ids: Iterable<string> = [], when: "now" | "soon" = "now"): void {
  for (const each of what) stale.add(each);
  for (const id of ids) touched.add(id);
  // Whoever comes back to so many looks at all of them.
  if (touched.size > Math.min(ONE_BY_ONE, Math.max(1, agents.value.size / PART))) {
    touched.clear();
    stale.add("agents");
  }
  presses ||= when === "now";
  if (lookedAt === undefined || wanted().length + wantedAgents().length === 0) return;
  const leastMs = document.hidden ? HIDDEN_REST_MS : presses ? 0 : USUAL_REST_MS;
  const at = Math.max(performance.now() + GATHER_MS, lookedAt + Math.max(restMs, leastMs));
  if (planned && planned.at <= at) return;
  clearTimeout(planned?.timer);
  planned = { at, timer: setTimeout(lookNow, at - performance.now()) };
}

async function lookNow(): Promise<void> {
  planned = undefined;
  lookedAt = undefined;
  const when = presses ? "now" : "soon";
  presses = false;
  const [whole, ids] = [wanted(), wantedAgents()];
  for (const each of whole) stale.delete(each);
  for (const id of ids) touched.delete(id);
  const began = performance.now();
  let least = REST_MS;
  try {
    const each = whole.includes("agents") ? [] : [() => lookAtEach(ids)];
    await lookAtThese([...whole.map((what) => lookAt[what]), ...each], when);
  } catch {
    // What was not seen is looked at again, a second later, until the browser is signed out.
    least = 1_000;
    for (const each of whole) stale.add(each);
    for (const id of ids) touched.add(id);
  } finally {
    // What costs much is looked at more rarely: a twentieth of the time, or every ten seconds.
    restMs = Math.min(10_000, Math.max(least, 20 * (performance.now() - began)));
    lookedAt = performance.now();
    if (ownSignIn.value !== undefined) lookAgain([], [], "soon");
  }
}

/** Notes agents that came, or came back. */
export function lookAtNewcomers(ids: readonly string[]): void {
  if (ids.length > ONE_BY_ONE) lookAtEverybody();
  else if (ids.length > 0) lookAtThese([() => lookAtEach(ids)]).catch(lookAtEverybody);
}

/** Notes that what is known of agents, their names and presence too, is out of date. */
export function lookAtEverybody(): void {
  newcomers.value = true;
  lookAgain(["agents"]);
}

/** Looks now and then at what changes without events, and at what a view shows that was not shown before. */
export function lookNowAndThen(everyMs: number): () => void {
  const every = setInterval(() => lookAgain(["needs", "status", "topics", "agents"]), everyMs);
  const shown = effect(() => {
    void address.value.view;
    void paletteOpen.value;
    // Of what it reads nothing counts: a look that changes what is known would bring the next one at once, and that the next.
    untracked(() => lookAgain([]));
  });
  const seenAgain = () => lookAgain([]);
  document.addEventListener("visibilitychange", seenAgain);
  return () => {
    clearInterval(every);
    shown();
    document.removeEventListener("visibilitychange", seenAgain);
  };
}
