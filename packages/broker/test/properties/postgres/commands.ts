/** Commands of a mesh of several brokers. */
import fc from "fast-check";
import { any, type CommandKind, kind } from "../command-kind.ts";
import type { Question } from "../observer.ts";
import { doubt } from "../questions-agents.ts";

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
];
