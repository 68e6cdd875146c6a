/** Commands of a mesh of several brokers. */
import fc from "fast-check";
import { newId } from "../../../src/mesh/ids.ts";
import { any, type CommandKind, kind, pickAgent } from "../command-kind.ts";
import { type Content, content, draft } from "../commands-messages.ts";
import type { Question } from "../observer.ts";
import { doubt } from "../questions-agents.ts";
import { send } from "../questions-messages.ts";

/** One of several brokers ends and starts again: whatever is leased stays so, and nobody but its own sessions is doubted. */
function restartOne(n: number, how: "clean" | "kill"): Question {
  return async (o) => {
    const had = await o.world.restartOne(n, how);
    return () => {
      o.say(`restart one broker: ${how}`);
      if (how === "clean") return;
      for (const id of had) {
        const session = o.history.session(id);
        if (session) doubt(o, session, 0, "stream_closed");
      }
    };
  };
}

export const brokerCommands: readonly CommandKind[] = [
  kind(
    "restart one broker",
    3,
    fc.record({ n: any, how: fc.constantFrom("clean" as const, "kill" as const) }),
    (_, choice) => restartOne(choice.n, choice.how),
  ),
  kind(
    "send many at once",
    2,
    fc.tuple(any, fc.array(content, { minLength: 5, maxLength: 8, size: "max" }), fc.boolean()),
    (o, [n, several, isAsk]) => {
      const [from, to] = [pickAgent(o, n), pickAgent(o, n + 1)];
      if (!from || !to) return undefined;
      // An ask is done by its own statements, in the transaction of the others.
      const ask = isAsk ? { answerWithinMs: 60_000 } : {};
      const refused = (what: Content) => send(draft(newId("agt"), to.id, what, ask));
      // Of each broker some are accepted, and one is refused between them.
      return [several.map((what, i) => (i === 2 || i === 3 ? refused(what) : send(draft(from.id, to.id, what))))];
    },
  ),
];
