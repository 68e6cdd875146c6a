/** Traces of what thousands got: complete page by page, and nobody else waits for them. */
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { longestHold } from "testkit";
import { expect, test } from "vitest";
import { newId } from "../src/mesh/ids.ts";
import { Messages } from "../src/mesh/messages.ts";
import { Wakes } from "../src/mesh/push/wakes.ts";
import { WaitingAsks } from "../src/mesh/waiting-asks.ts";
import { largeMesh } from "./large-mesh.ts";

const KEY = { kind: "key" } as const;
const QUOTA = { maxMessages: 1_000, maxBytes: 1e9 };

test("twenty traces of a message with thousands of deliveries let others go on, and page by page show all", {
  timeout: 60_000,
}, async () => {
  await using mesh = largeMesh();
  const messages = new Messages({ ...mesh, advanced: new Wakes<"log">(), waiting: new WaitingAsks() });
  const listeners = await mesh.register(Array.from({ length: 3_000 }, (_, n) => `listener-${n}`));
  const [sender = "agt_none"] = await mesh.register(["sender"]);
  await Promise.all(listeners.map((id) => mesh.store.subscribe(id, "build.>", 0, QUOTA)));
  const [id, thread] = [newId("msg"), newId("thr")];
  const text = { body: "x".repeat(10_000), bodyBytes: 10_000, ttlMs: DEFAULT_TTL_MS, idempotency: undefined };
  await mesh.store.publish({ id, threadId: thread, senderId: sender, topic: "build.api", ...text }, QUOTA);

  const shown = new Set<string>();
  let after: string | undefined;
  do {
    const page = await messages.status(KEY, id, { after, limit: 50 });
    expect(page.deliveries.length).toBeLessThanOrEqual(50);
    for (const delivery of page.deliveries) {
      expect(delivery.outlook?.cause).toContain("no live session");
      shown.add(delivery.id);
    }
    after = page.nextAfter;
  } while (after !== undefined);
  expect(shown.size).toBe(3_000);

  const hold = await longestHold(() =>
    Promise.all(Array.from({ length: 20 }, () => messages.status(KEY, id, { limit: 50 }))),
  );
  // With all deliveries in one piece, twenty traces held everybody for 1.8 s.
  expect(hold).toBeLessThan(250);
});
