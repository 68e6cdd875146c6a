/** Follows the mesh by its events; what cannot be taken up is looked at anew. */
import type { LogEntry, MeshEvent } from "@agentmesh/protocol";
import { signedOut } from "../frame/calls.ts";
import { ownSignIn } from "../frame/sign-in.ts";
import { startClock, tick } from "../frame/ticking.ts";
import { Refusal } from "../stream/ask.ts";
import { joinEvents } from "../stream/connect.ts";
import type { Told } from "../stream/told.ts";
import { foldAgents, isUsual, KEPT_EVENTS, MANY_EVENTS, outOfDate, touchedBy, withNew } from "./fold.ts";
import { lookAgain, lookAtAll, lookAtEverybody, lookAtNewcomers, lookNowAndThen } from "./looks.ts";
import { agents, connection, earlier, events } from "./mesh.ts";
import { showTogether } from "./pictures.ts";

/**
 * How long the page rests between two readings of the stream, in milliseconds: many events are one reading and one picture. While
 * nobody sees it, it reads on and draws nothing.
 */
const REST_MS = 500;
const HIDDEN_REST_MS = 1_000;
/** After many events it rests longer, a few hundred times as long as they took: no more than a part of a hundredth of the time. */
const BUSY_REST_MS = 1_000;
const MOST_REST_MS = 3_000;
const RESTS = 400;

/** How often the stream had been opened when this tab was told last. */
let opened = 0;

/** Follows until the browser is signed out. */
export async function follow(): Promise<void> {
  const noMoreTicks = startClock();
  const noMoreLooks = lookNowAndThen(10_000);
  document.addEventListener("visibilitychange", show);
  const stream = joinEvents();
  while (ownSignIn.value !== undefined) {
    const told = await stream.next();
    await rest(await take(told));
  }
  stream.close();
  document.removeEventListener("visibilitychange", show);
  noMoreTicks();
  noMoreLooks();
}

/** Takes in what the tab is told, and answers how long it rests then, in milliseconds. */
async function take({ hearing, isAnew, opened: now, happened }: Told): Promise<number> {
  if (hearing.state === "over") {
    signedOut.told();
    return 0;
  }
  connection.value = { ...hearing, state: hearing.state };
  if (hearing.state === "connecting") return 0;
  if (isAnew) await begin();
  // What changed without an event while nobody listened: presence at a broker's start, what was pruned.
  else if (now !== opened) lookAgain(["agents", "needs", "asks", "topics", "status"]);
  opened = now;
  connection.value = { ...hearing, state: hearing.state };
  const began = performance.now();
  if (hearing.state === "asked")
    readLog(
      happened.map((each) => JSON.parse(each)),
      isAnew,
    );
  else for (const each of happened) gathered.push(JSON.parse(each));
  show();
  if (happened.length < MANY_EVENTS) return REST_MS;
  // What is shown is made right behind this.
  await Promise.resolve();
  return Math.min(MOST_REST_MS, Math.max(BUSY_REST_MS, RESTS * (performance.now() - began)));
}

/** Takes in entries of the log, where it is asked instead of events: all else is looked at with them. */
function readLog(entries: readonly LogEntry[], isAnew: boolean): void {
  if (entries.length === 0) return;
  earlier.value = (isAnew ? entries : [...earlier.value, ...entries]).slice(-KEPT_EVENTS);
  if (!isAnew) lookAgain(["agents", "needs", "asks", "topics", "status"]);
}

/** Lets what happens gather in the connection; over at once when somebody looks again. */
function rest(seenMs: number): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", over);
      resolve();
    };
    const timer = setTimeout(over, document.hidden ? HIDDEN_REST_MS : seenMs);
    document.addEventListener("visibilitychange", over);
  });
}

/** Looks at everything, until it was seen. */
async function begin(): Promise<void> {
  gathered = [];
  events.value = [];
  while (ownSignIn.value !== undefined) {
    try {
      return await lookAtAll();
    } catch (error) {
      const why = error instanceof Refusal ? error.message : "no broker answers";
      connection.value = { ...connection.value, state: "lost", why };
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

let gathered: MeshEvent[] = [];

/** Whether somebody may wait for what an event has looked at: all but the usual steps of mail that is no person's. */
function isPressing(event: MeshEvent): boolean {
  return !isUsual(event) || ("deliveryId" in event && isPersons(event.to.id, event.from.id));
}

function isPersons(...ids: readonly string[]): boolean {
  return ids.some((id) => agents.peek().get(id)?.person === true);
}

/** Shows what has gathered; what nobody sees is kept until somebody does. */
function show(): void {
  const looks = new Set(gathered.flatMap(outOfDate));
  if (document.hidden) {
    // More than the page keeps would be let go of in any case; what they said of agents is looked at instead.
    if (gathered.length > KEPT_EVENTS + 1) {
      gathered = gathered.slice(-KEPT_EVENTS - 1);
      lookAtEverybody();
    }
    lookAgain(looks, [], "soon");
    return;
  }
  const came = gathered;
  gathered = [];
  if (came.length === 0) return;
  showTogether(() => {
    tick(came.length >= MANY_EVENTS);
    agents.value = came.reduce(foldAgents, agents.value);
    const kept = withNew(events.value, came);
    events.value = kept.events;
    // Behind what is cut off, what was before would stand beside a hole that nobody sees.
    if (kept.cut && earlier.value.length > 0) earlier.value = [];
  });
  const isNew = ({ type }: MeshEvent) => type === "agent.registered" || type === "agent.back";
  lookAtNewcomers(came.filter(isNew).flatMap(touchedBy));
  lookAgain(looks, came.flatMap(touchedBy), came.some(isPressing) ? "now" : "soon");
}
