/** Webhooks at one of several brokers, whose database is away in the moment in which the duty comes to it. */
import type { AgentId } from "@agentmesh/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SharedWebhooks } from "../src/mesh/webhook/at-several.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("are begun anew until that was done once, and whom no other broker streams to is told of", async () => {
  let isOnDuty = false;
  let isAway = false;
  let streamed: readonly AgentId[] = ["agt_ann"];
  const turns: boolean[] = [];
  const freed: AgentId[] = [];
  const faults: unknown[] = [];
  const webhooks = new SharedWebhooks({
    store: { isOnDuty: () => isOnDuty },
    shared: { streamedElsewhere: async () => new Set(streamed) },
    adopt: async (isTurn) => {
      turns.push(isTurn);
      if (isAway) throw new Error("away");
    },
    freed: (agentId) => freed.push(agentId),
    onFault: (error) => faults.push(error),
  });
  await webhooks.start();
  isOnDuty = true;
  isAway = true;
  streamed = [];
  await vi.advanceTimersByTimeAsync(1_000);
  expect([webhooks.posts, freed, faults.length]).toEqual([true, ["agt_ann"], 1]);
  isAway = false;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(turns).toEqual([false, true, true, false]);
  await webhooks.close();
});
