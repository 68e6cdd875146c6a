/** One property run: commands in any order, then the faults stop, every inbox is drained, and all must add up. */
import fc from "fast-check";
import { allCommands } from "./commands.ts";
import { registerNamed } from "./commands-agents.ts";
import { isOpen, short } from "./history.ts";
import { Observer } from "./observer.ts";
import { demand } from "./promises.ts";
import { expireSessions, openSession } from "./questions-agents.ts";
import { advance, announceDue, expireLeases, expireMessages } from "./questions-care.ts";
import { lease } from "./questions-leases.ts";
import { ack } from "./questions-verbs.ts";
import { type EngineMaker, OFFLINE_AFTER_MS, World } from "./world.ts";

/** What a check came to. */
export interface Checked {
  readonly details: fc.RunDetails<[Iterable<fc.AsyncCommand<Observer, World>>]>;
  /** Questions and checks of all runs. */
  readonly steps: number;
}

/** Runs an engine through many sequences of commands; `newEngine` is called once for each. */
export async function checkEngine(
  newEngine: () => EngineMaker,
  parameters: fc.Parameters<[Iterable<fc.AsyncCommand<Observer, World>>]>,
): Promise<Checked> {
  let steps = 0;
  // Without size "max" a sequence has five commands, and most faults survive.
  const commands = fc.commands(allCommands(), { maxCommands: 100, size: "max" });
  const property = fc.asyncProperty(commands, async (drawn) => {
    await using world = new World(newEngine());
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
    }
  });
  return { details: await fc.check(property, parameters), steps };
}

/** Three agents to begin with; the first with two sessions, the second with one. */
async function settle(o: Observer): Promise<void> {
  for (const n of [0, 1, 2]) await o.step(registerNamed(o, n));
  const [first, second] = o.history.agents;
  for (const agent of [first, first, second]) if (agent) await o.step(openSession(agent.id));
}

/** No more faults: every agent leases and acks, and time goes on until nothing is open. */
async function drain(o: Observer): Promise<void> {
  const rounds = 5;
  for (let round = 0; round < rounds; round++) {
    for (const { id } of o.history.present) {
      const terms = { agentId: id, max: 25, maxBytes: 16_384, leaseMs: 10_000, session: undefined };
      if (o.history.leasable(terms, o.now).length > 0) await o.step(lease(terms));
      const held = o.history.kept(id).filter(({ lease: taken }) => taken?.session === undefined && taken);
      const acks = held.map((each) => ack({ agentId: id, ref: each.id, receipt: each.lease?.receipt }, "handled"));
      if (acks.length > 0) await o.step(...acks);
    }
    const open = o.history.deliveries.filter(isOpen);
    if (open.length === 0) return;
    const last = Math.max(...open.map(({ lease: held, dueAt }) => held?.endsAt ?? dueAt));
    await o.step(advance(Math.max(0, last - o.now)));
    await o.step(expireSessions(OFFLINE_AFTER_MS));
    await o.step(expireMessages(100));
    await o.step(expireLeases(100));
    await o.step(announceDue);
  }
  const left = o.history.deliveries.find(isOpen);
  demand(
    left === undefined,
    "L1 progress",
    () => `${short(left)} is ${left?.state} after ${rounds} rounds of draining`,
  );
}
