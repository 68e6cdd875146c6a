/** What brokers of a mesh share, broken: each break is seen by what two of them do together. */
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { openWebhookReceiver, packagedPostgres, until } from "testkit";
import { describe, expect, test } from "vitest";
import { ConfigSchema } from "../../src/config/schema.ts";
import { readPost } from "../../src/hooks/read-post.ts";
import { OwnCounts } from "../../src/mesh/acceptance/counts.ts";
import { MeshError } from "../../src/mesh/errors.ts";
import { createMesh, type Mesh } from "../../src/mesh/mesh.ts";
import type { SharedMesh } from "../../src/mesh/store/shared.ts";
import type { Store } from "../../src/mesh/store.ts";
import { Seal } from "../../src/mesh/webhook/seal.ts";
import { sight } from "../../src/processes.ts";
import { namedMessage } from "../../src/sinks/dialects.ts";
import { Egress } from "../../src/sinks/egress.ts";
import { HttpWebhookSinks } from "../../src/sinks/webhook.ts";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { usePostgres } from "./postgres-engine.ts";

const version = packagedPostgres();
const clock = { now: () => Date.now() };
const PAIR = 4;

type Promised = "one budget" | "one count of a text" | "no ring of waiting" | "one posts";

/** A mesh over a store, as a broker has it. */
function meshOver(store: Store): Mesh {
  const policy = { ...ConfigSchema.parse({ pairPerMinute: PAIR, repeatsPerMinute: 2 }), messageTtlMs: DEFAULT_TTL_MS };
  const egress = new Egress({ loopback: true, allow: [], ownPorts: () => [] });
  return createMesh({
    ...{ store, policy, clock, readPost, sight },
    disk: { look: () => ({ freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false }) },
    seal: new Seal(`amk_${"k".repeat(43)}`),
    sinks: new HttpWebhookSinks({
      ...{ egress, timeoutMs: 5_000, maxBodyBytes: 100_000, clock },
      legacyMessage: namedMessage,
    }),
    page: { isOpen: false, place: { read: () => undefined, write: () => {} }, known: () => "" },
    onWebhook: () => {},
    onFault: () => {},
  });
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "accepted",
    (error: unknown) => {
      if (error instanceof MeshError) return error.code;
      throw error;
    },
  );
}

/** Two brokers over one database, and which promises they break. */
async function brokenBy(url: string, spoil: (store: Store, shared: SharedMesh) => Partial<Store>): Promise<Promised[]> {
  const stores = await Promise.all(
    [1, 2].map(async () => {
      const store = postgresStore(await openPostgres({ url, connections: 5 }), { notice: () => {} });
      if (!store.shared) throw new Error("nothing is shared");
      return { ...store, ...spoil(store, store.shared) };
    }),
  );
  const [first, second] = stores.map(meshOver);
  if (!first || !second) throw new Error("there are not two");
  const broken: Promised[] = [];
  const made = async (name: string) => {
    const { agent } = await first.agents.register({ kind: "key" }, { name, ifTaken: "refuse" });
    const found = await first.agents.find(agent.id);
    if (!found) throw new Error(`${name} is not there`);
    return { kind: "agent", agent: found } as const;
  };
  const [ann, ben, cat] = [await made("ann"), await made("ben"), await made("cat")];
  const send = (mesh: Mesh, from: typeof ann, to: string, body: string) =>
    codeOf(mesh.messages.send(from, { to, body, urgency: "normal", ttlMs: 60_000 }));
  const both = (n: number) => (n % 2 === 0 ? first : second);

  const same: string[] = [];
  for (let n = 0; n < 3; n++) same.push(await send(both(n), ann, "cat", "the same"));
  if (same[2] !== "duplicate_storm") broken.push("one count of a text");
  const sent = await Promise.all(Array.from({ length: 10 }, (_, n) => send(both(n), ann, "ben", `to ben ${n}`)));
  if (sent.filter((code) => code === "accepted").length > PAIR) broken.push("one budget");

  const ending = new AbortController();
  const terms = { urgency: "normal" as const, ttlMs: 60_000, waitMs: 20_000, answerWithinMs: 60_000 };
  const waits = first.asks.ask(cat, { to: "ben", body: "what?", ...terms }, ending.signal).catch(() => {});
  await until(async () => (await first.asks.list(cat, { limit: 9 })).waiting.length === 1, "the question to be sent");
  const back = second.asks.ask(ben, { to: "cat", body: "no, you", ...terms, waitMs: 1 }, ending.signal);
  if ((await codeOf(back)) !== "would_deadlock") broken.push("no ring of waiting");
  ending.abort();
  await waits;

  await using receiver = await openWebhookReceiver();
  const held: (() => void)[] = [];
  receiver.answer((_, response) => held.push(() => response.writeHead(204).end()));
  const dan = await made("dan");
  await first.webhooks.set(dan, "me", { url: receiver.url, dialect: "agentmesh", maxInFlight: 1, urgency: "fyi" });
  await until(
    () => [...second.webhooks.agents].length === 1 && [...first.webhooks.agents].length === 1,
    "both to know it",
  );
  for (let n = 0; n < 3; n++) await send(both(n), [ann, ben, cat][n] ?? ann, "dan", `to dan ${n}`);
  let most = 0;
  for (let answered = 0; answered < 3; ) {
    await until(() => held.length > 0, "a post");
    // Whoever else posts has had its look by then.
    await until(async () => (await first.stats()).deliveries.leased > 0, "a lease");
    for (let looks = 0; looks < 20; looks++) await first.stats();
    most = Math.max(most, held.length);
    for (const answer of held.splice(0)) {
      answer();
      answered += 1;
    }
  }
  if (most > 1) broken.push("one posts");

  await Promise.all([first, second].map((mesh) => mesh.close()));
  await Promise.all(stores.map((store) => store.close()));
  return broken;
}

const mutants: readonly [name: string, Promised, (store: Store, shared: SharedMesh) => Partial<Store>][] = [
  [
    "each counts for itself",
    "one budget",
    (_, shared) => {
      const own = new OwnCounts(clock);
      return { shared: { ...shared, spend: async (text, budgets) => own.spend(text, budgets) } };
    },
  ],
  [
    "a text is counted by nobody",
    "one count of a text",
    (_, shared) => ({ shared: { ...shared, spend: (_text, budgets) => shared.spend(undefined, budgets) } }),
  ],
  [
    "who waits is not told",
    "no ring of waiting",
    (_, shared) => ({ shared: { ...shared, beginWaiting: async () => "nobody knows" } }),
  ],
  ["everybody is on duty", "one posts", () => ({ isOnDuty: () => true })],
];

describe.skipIf(version.whyNot !== undefined)(
  `what brokers share on ${version.name} (${version.whyNot ?? "here"})`,
  () => {
    const { newDatabase } = usePostgres(version);

    test("holds for the mesh", async () => {
      expect(await brokenBy(await newDatabase(), () => ({}))).toEqual([]);
    });

    test.each(mutants)("is seen to be broken where %s", async (_, promise, spoil) => {
      expect(await brokenBy(await newDatabase(), spoil)).toContain(promise);
    });
  },
);
