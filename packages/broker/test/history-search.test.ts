/** A long search in the mesh over a real store: complete, and in parts, so that others have their turn. */
import { DEFAULT_TTL_MS, endpoints } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { ConfigSchema } from "../src/config/schema.ts";
import { Intake } from "../src/mesh/acceptance/intake.ts";
import { hashOf } from "../src/mesh/access/token-hash.ts";
import { Agents } from "../src/mesh/agents.ts";
import type { AgentCaller } from "../src/mesh/caller.ts";
import { History } from "../src/mesh/history.ts";
import { newId } from "../src/mesh/ids.ts";
import { Turns } from "../src/mesh/looks/turns.ts";
import { Dialogs } from "../src/mesh/session/dialogs.ts";
import { openDatabase } from "../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { driver } from "./store/drivers.ts";

const MESSAGES = 4_500;

test("a search among thousands of messages of others is complete, and between its parts others have their turn", async () => {
  using folder = tempDir();
  const database = openDatabase({
    driver,
    folder: folder.path,
    synchronous: "normal",
    startEmpty: false,
    notice: () => {},
  });
  const clock = { now: () => Date.now() };
  const store = sqliteStore(database, clock);
  const room = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };
  const intake = new Intake({ look: () => room }, clock);
  const agents = new Agents({
    dialogs: new Dialogs(),
    store,
    policy: { ...ConfigSchema.parse({}), messageTtlMs: DEFAULT_TTL_MS },
    intake,
    turns: new Turns(),
  });
  const history = new History({ store, agents, turns: new Turns() });
  const callers = new Map<string, AgentCaller>();
  for (const name of ["alice", "bob", "eve"]) {
    const { token } = await agents.register({ kind: "key" }, { name, ifTaken: "refuse" });
    const agent = await agents.byTokenHash(hashOf(token ?? ""));
    if (agent) callers.set(name, { kind: "agent", agent });
  }
  const send = (from: string, to: string, body: string) => {
    const id = newId("msg");
    const [sender, recipient] = [callers.get(from), callers.get(to)];
    if (!sender || !recipient) throw new Error("no such caller");
    return store.enqueue(
      {
        id,
        threadId: `thr_${id.slice(4)}`,
        senderId: sender.agent.id,
        recipientId: recipient.agent.id,
        deliveryId: newId("dlv"),
        body,
        bodyBytes: Buffer.byteLength(body),
        inReplyTo: undefined,
        ttlMs: 60_000,
        idempotency: undefined,
        answers: undefined,
      },
      { maxMessages: 10_000, maxBytes: 10_000_000 },
    );
  };
  await send("eve", "bob", "the haystack has a needle");
  await Promise.all(Array.from({ length: MESSAGES }, (_, i) => send("alice", "bob", `haystack ${i}`)));

  const list = (name: string, query: Record<string, string>) => {
    const caller = callers.get(name);
    if (!caller) throw new Error("no such caller");
    return history.list(caller, endpoints.listMessages.query.parse(query), new AbortController().signal);
  };
  let turns = 0;
  let searching = true;
  const take = () => {
    turns++;
    if (searching) setImmediate(take);
  };
  setImmediate(take);
  const found = await list("eve", { query: "haystack" });
  searching = false;
  expect(found.entries.map(({ message }) => message.body)).toEqual(["the haystack has a needle"]);
  expect(found.nextBefore).toBeUndefined();
  expect(turns).toBeGreaterThanOrEqual(2);

  const first = await list("bob", { query: "hay*", limit: "100" });
  expect([first.entries.length, first.entries[0]?.message.body]).toEqual([100, `haystack ${MESSAGES - 1}`]);
  const second = await list("bob", { query: "hay*", limit: "100", before: first.nextBefore ?? "" });
  expect(second.entries[0]?.message.body).toBe(`haystack ${MESSAGES - 101}`);
  await store.close();
});
