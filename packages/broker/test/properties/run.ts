/** One property run: commands in any order, then the faults stop, every inbox is drained, and all must add up. */
import fc from "fast-check";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import type { CommandKind } from "./command-kind.ts";
import { allCommands } from "./commands.ts";
import { registerNamed } from "./commands-agents.ts";
import { isAlive, short } from "./history.ts";
import { Observer } from "./observer.ts";
import { demand } from "./promises.ts";
import { expireSessions, openSession } from "./questions-agents.ts";
import { remindAsks } from "./questions-asks.ts";
import { advance, announceDue, expireLeases, expireMessages } from "./questions-care.ts";
import { admit } from "./questions-decisions.ts";
import { lease } from "./questions-leases.ts";
import { ack } from "./questions-verbs.ts";
import { type EngineMaker, SqliteWorld } from "./sqlite-world.ts";
import { OFFLINE_AFTER_MS, type World } from "./world.ts";

/** What is drawn for a run: its commands, and how many pieces a slice of an act takes. */
type Drawn = [Iterable<fc.AsyncCommand<Observer, World>>, number];

/** What a check came to. */
export interface Checked {
  readonly details: fc.RunDetails<Drawn>;
  /** Questions and checks of all runs. */
  readonly steps: number;
  /** How often each event happened to a delivery; "retained" and notices by their kind are counted, too. */
  readonly events: ReadonlyMap<string, number>;
}

/**
 * Runs an engine through many sequences of commands; `newEngine` is called once for each. Commands named in `often` come
 * more often.
 */
export async function checkEngine(
  newEngine: () => EngineMaker,
  parameters: fc.Parameters<Drawn>,
  often: readonly string[] = [],
  drivers?: readonly Driver[],
): Promise<Checked> {
  const newWorld = async (pieces: number) => new SqliteWorld(newEngine(), drivers, pieces);
  return await checkWorlds(newWorld, fc.constantFrom(1, 1, 2, SLICES.pieces), parameters, often);
}

/** The same with whatever engine, in a world that is made for each sequence, with so many pieces in a slice. */
export async function checkWorlds(
  newWorld: (pieces: number) => Promise<World>,
  pieces: fc.Arbitrary<number>,
  parameters: fc.Parameters<Drawn>,
  often: readonly string[] = [],
  more: readonly CommandKind[] = [],
): Promise<Checked> {
  let steps = 0;
  const events = new Map<string, number>();
  const count = (event: string) => events.set(event, (events.get(event) ?? 0) + 1);
  // Without size "max" a sequence has five commands, and most faults survive.
  const commands = fc.commands(allCommands(often, more), { maxCommands: 100, size: "max" });
  const property = fc.asyncProperty(commands, pieces, async (drawn, inSlice) => {
    await using world = await newWorld(inSlice);
    const observer = await Observer.begin(world);
    try {
      await settle(observer);
      await fc.asyncModelRun(() => ({ model: observer, real: world }), drawn);
      await drain(observer);
      await observer.finish();
    } catch (error) {
      if (error instanceof Error) error.message += `\n${observer.journal.slice(-60).join("\n")}`;
      throw error;
    } finally {
      steps += observer.steps;
      for (const { entry, delivery } of observer.tape.recorded) {
        count(entry.event);
        if (entry.event === "accepted" && entry.reason !== undefined) count(entry.reason);
        if (entry.event === "accepted" && delivery.rank === 2) count(delivery.of.message.kind);
      }
    }
  });
  return { details: await fc.check(property, parameters), steps, events };
}

/** Three agents to begin with; the first with two sessions, the second with one. */
async function settle(o: Observer): Promise<void> {
  for (const n of [0, 1, 2]) await o.step(registerNamed(o, n));
  const [first, second] = o.history.agents;
  for (const agent of [first, first, second]) if (agent) await o.step(openSession(agent.id));
}

/** No more faults: what is held is admitted, every agent leases and acks, and time goes on until all has ended. */
async function drain(o: Observer): Promise<void> {
  const rounds = 8;
  const { history } = o;
  for (let round = 0; round < rounds; round++) {
    const held = history.deliveries.filter(({ state }) => state === "held");
    for (const each of held) await o.step(admit(undefined, each.id));
    for (const { id } of history.present) {
      const terms = { agentId: id, max: 25, maxBytes: 16_384, leaseMs: 10_000, session: undefined };
      if (history.leasable(terms, o.now).length > 0) await o.step(lease(terms));
      const taken = history.kept(id).filter(({ lease: its }) => its?.session === undefined && its);
      const acks = taken.map((each) => ack({ agentId: id, ref: each.id, receipt: each.lease?.receipt }, "handled"));
      if (acks.length > 0) await o.step(...acks);
    }
    const alive = history.deliveries.filter(isAlive);
    const asks = history.asks.filter(({ open }) => open);
    if (alive.length === 0 && asks.length === 0) return;
    const ends = alive.map(({ lease: its, dueAt }) => its?.endsAt ?? dueAt);
    const last = Math.max(...ends, ...asks.map(({ dueAt, withinMs }) => dueAt + withinMs));
    await o.step(advance(Math.max(0, last - o.now)));
    await o.step(expireSessions(OFFLINE_AFTER_MS));
    await o.step(expireMessages(100));
    await o.step(expireLeases(100));
    await o.step(remindAsks(100));
    await o.step(announceDue);
  }
  const left = history.deliveries.find(isAlive);
  demand(false, "L1 progress", () => `${short(left)} is ${left?.state} after ${rounds} rounds of draining`);
}
