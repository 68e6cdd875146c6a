/** What the mesh remembers of sessions beside the store: their processes, a bounded number at a time, and their streams. */
import type { AgentId, ProcessMark, SessionId } from "@agentmesh/protocol";
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { startTestBroker, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { ConfigSchema } from "../src/config/schema.ts";
import type { AgentCaller } from "../src/mesh/caller.ts";
import { createMesh } from "../src/mesh/mesh.ts";
import type { Sink } from "../src/mesh/push/sink.ts";
import { CLOSELY, LOOKED_AT, NamedProcesses, type ProcessSight } from "../src/mesh/session/processes.ts";
import type { Store } from "../src/mesh/store.ts";
import { Seal } from "../src/mesh/webhook/seal.ts";
import { openDatabase } from "../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { driver } from "./store/drivers.ts";
import { fakeClock } from "./store/fake-clock.ts";

const mark = (pid: number, boot = "here"): ProcessMark => ({ pid, start: "1", boot, processes: "pid:[1]" });

/** Sees the processes of this boot, and none that is in `gone`; of those in `followed` another has the id. */
class Seen implements ProcessSight {
  readonly gone = new Set<number>();
  readonly followed = new Set<number>();
  looks: number[] = [];
  quickLooks: number[] = [];
  isHere({ boot }: ProcessMark): boolean {
    return boot === "here";
  }
  isGone({ pid }: ProcessMark): boolean {
    this.looks.push(pid);
    return this.gone.has(pid) || this.followed.has(pid);
  }
  isMissing({ pid }: ProcessMark): boolean {
    this.quickLooks.push(pid);
    return this.gone.has(pid);
  }
}

function many(count: number) {
  const seen = new Seen();
  const processes = new NamedProcesses(seen);
  for (let n = 1; n <= count; n++) processes.note(session(n), mark(n));
  return { seen, processes };
}
const session = (n: number) => ({ id: `ses_${n}`, agentId: `agt_${n % 2}` }) as const;

test("a look is at a bounded number of processes and goes on where the last one stopped, through what comes and goes", () => {
  const { seen, processes } = many(2 * LOOKED_AT + 10);
  processes.lookOn();
  expect(seen.quickLooks).toEqual(Array.from({ length: LOOKED_AT }, (_, i) => i + 1));
  expect(seen.looks).toEqual(Array.from({ length: CLOSELY }, (_, i) => i + 1));
  processes.forget(session(LOOKED_AT + 1).id);
  processes.note(session(5_000), mark(5_000));
  for (let look = 0; look < 2; look++) processes.lookOn();
  expect(seen.quickLooks).toHaveLength(3 * LOOKED_AT);
  expect(seen.quickLooks.slice(LOOKED_AT, LOOKED_AT + 2)).toEqual([LOOKED_AT + 2, LOOKED_AT + 3]);
  expect(new Set(seen.quickLooks).size).toBe(2 * LOOKED_AT + 10);
  expect(seen.looks).toHaveLength(3 * CLOSELY);
  seen.gone.add(7).add(5_000);
  const gone = Array.from({ length: 3 }, () => processes.lookOn()).flat();
  expect(new Set(gone.map(({ id }) => id))).toEqual(new Set(["ses_7", "ses_5000"]));
});

test("a process whose id another one has is seen to be gone, however many there are", () => {
  const { seen, processes } = many(3 * CLOSELY);
  seen.followed.add(2 * CLOSELY + 1);
  expect([processes.lookOn(), processes.lookOn()]).toEqual([[], []]);
  expect(processes.lookOn()).toEqual([session(2 * CLOSELY + 1)]);
  processes.forget(session(2 * CLOSELY + 1).id);
  for (let look = 0; look < 6; look++) expect(processes.lookOn()).toEqual([]);
});

test("few processes are looked at once in a look, and none when there are none", () => {
  const { seen, processes } = many(3);
  for (let look = 0; look < 2; look++) processes.lookOn();
  expect(seen.looks).toEqual([1, 2, 3, 1, 2, 3]);
  for (const n of [1, 2, 3]) processes.forget(session(n).id);
  expect([processes.lookOn(), seen.looks.length]).toEqual([[], 6]);
  processes.note(session(4), mark(4));
  processes.lookOn();
  expect(seen.looks.at(-1)).toBe(4);
});

test("a process of another boot or PID namespace is not kept, also when the session had named one of here", () => {
  const { seen, processes } = many(2);
  processes.note(session(1), mark(1, "another"));
  processes.note(session(3), mark(3, "another"));
  processes.lookOn();
  expect(seen.looks).toEqual([2]);
});

/** A mesh over a store that may fail, with one agent. */
async function begin(folder: string, over: (store: Store) => Partial<Store> = () => ({})) {
  const clock = fakeClock();
  const database = openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });
  const sound = sqliteStore(database, clock);
  const store: Store = { ...sound, ...over(sound) };
  const seen = new Seen();
  const room = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };
  const none = { post: async () => ({ kind: "taken", status: 200 }) as const, close: () => {} };
  const mesh = createMesh({
    ...{ store, clock, sight: seen, seal: new Seal("key"), disk: { look: () => room } },
    policy: { ...ConfigSchema.parse({ home: folder }), messageTtlMs: DEFAULT_TTL_MS },
    sinks: {
      timeoutMs: () => 1_000,
      vet: async () => {},
      open: () => ({ ...none, test: none.post, follow: async () => undefined }),
    },
    readPost: () => undefined,
    page: { isOpen: false, place: { read: () => undefined, write: () => {} }, known: (_, secret) => secret },
    onWebhook: () => {},
    onFault: () => {},
  });
  const profile = { id: "agt_ada", tokenHash: "token", name: "ada", ifTaken: "refuse", profile: {} } as const;
  const { agent } = await store.registerAgent(profile);
  const caller: AgentCaller = { kind: "agent", agent };
  const open = async (process?: ProcessMark) =>
    (await mesh.sessions.open(caller, { client: "test", pushPaths: [], process })).session.id;
  const end = async () => {
    await mesh.close();
    await store.close();
  };
  return { mesh, store, seen, agentId: agent.id, open, end };
}

test("the processes of an agent that left the mesh are looked at no more", async () => {
  using folder = tempDir();
  const { mesh, store, seen, agentId, open, end } = await begin(folder.path);
  await open(mark(1));
  await until(() => seen.looks.length > 0, "the first look");
  const ids = { id: "agt_bob", tokenHash: "bob", name: "bob" } as const;
  const { agent } = await store.registerAgent({ ...ids, ifTaken: "refuse", profile: {} });
  await store.removeAgent(agentId);
  // The listener is told a turn after the answer.
  await new Promise(setImmediate);
  seen.looks = [];
  await mesh.sessions.open({ kind: "agent", agent }, { client: "test", pushPaths: [], process: mark(2) });
  await until(() => seen.looks.length >= 2, "looks at another agent's");
  expect(new Set(seen.looks)).toEqual(new Set([2]));
  await end();
});

test("a session whose stream is replaced by one that the store refuses is doubted", async () => {
  using folder = tempDir();
  let fails = false;
  const { mesh, store, agentId, open, end } = await begin(folder.path, (sound) => ({
    returnStreamed: (...asked) => (fails ? Promise.reject(new Error("locked")) : sound.returnStreamed(...asked)),
  }));
  const id = await open();
  const attach = (session: SessionId, of: AgentId) => {
    const sink: Sink = { hasRoom: true, push: () => {}, close: () => {}, onRoom: () => {} };
    const terms = { agentId: of, session, maxInFlight: 1, leaseMs: 1_000, urgency: "normal" } as const;
    return mesh.streams.attach({ ...terms, maxPushes: undefined, lastPosition: undefined }, () => sink);
  };
  const doubt = async () => (await store.findAgent("ada"))?.doubt?.why;
  fails = true;
  await expect(attach(id, agentId)).rejects.toThrow("locked");
  expect(await doubt(), "it had no stream before").toBeUndefined();
  fails = false;
  await attach(id, agentId);
  fails = true;
  await expect(attach(id, agentId)).rejects.toThrow("locked");
  await until(async () => (await doubt()) === "stream_closed", "the doubt");
  fails = false;
  await end();
});

test("the sessions of an agent are listed, the one heard of last first, for itself and for whoever has the mesh key", async () => {
  await using broker = await startTestBroker();
  const [alice, bob] = [await broker.agent("alice"), await broker.agent("bob")];
  expect(await alice.client.listSessions({ agent: "me" })).toEqual({ sessions: [], total: 0 });
  const open = async (path: string) => (await alice.client.openSession({ pushPaths: [{ path }] })).session.id;
  const [first, second] = [await open("claude-inbox"), await open("codex-queue")];
  await alice.client.heartbeat({ session: first });
  const listed = await broker.admin.listSessions({ agent: "alice" });
  expect(listed.total).toBe(2);
  expect(listed.sessions.map(({ id, presence, pushPaths }) => [id, presence, pushPaths[0]?.path])).toEqual([
    [first, "online", "claude-inbox"],
    [second, "online", "codex-queue"],
  ]);
  await alice.client.endSession({ session: first });
  expect((await alice.client.listSessions({ agent: "me" })).sessions.map(({ id }) => id)).toEqual([second]);
  await expect(bob.client.listSessions({ agent: "alice" })).rejects.toMatchObject({ code: "forbidden" });
  for (let n = 0; n < 30; n++) await open("stream");
  const many = await broker.admin.listSessions({ agent: "alice" });
  expect([many.sessions.length, many.total]).toEqual([25, 31]);
});

test("a dialog is of the session that told it: told by its age, over with a heartbeat without it and with the session", async () => {
  await using broker = await startTestBroker();
  const { client } = await broker.agent("asker");
  const sender = (await broker.agent("sender")).client;
  const shown = async () => (await sender.getAgent({ agent: "asker" })).dialog;
  const [one, other] = [await client.openSession({}), await client.openSession({})].map(({ session }) => session.id);
  if (!one || !other) throw new Error("no session");
  await client.heartbeat({ session: one, dialog: { about: "question", ageMs: 1_000 } });
  await client.heartbeat({ session: other, dialog: { about: "permission", ageMs: 60_000 } });
  const dialog = await shown();
  expect(dialog?.about).toBe("permission");
  expect(Date.now() - Date.parse(dialog?.since ?? "")).toBeGreaterThanOrEqual(60_000);
  const { sessions } = await client.listSessions({ agent: "asker" });
  expect(new Map(sessions.map((each) => [each.id, each.dialog?.about]))).toEqual(
    new Map([
      [one, "question"],
      [other, "permission"],
    ]),
  );
  const { messageId, deliveries } = await sender.send({ to: "asker", body: "are you there?" });
  expect(deliveries[0]?.recipient.dialog?.about).toBe("permission");
  expect((await sender.getMessage({ message: messageId })).deliveries[0]?.outlook?.cause).toMatch(
    /^A session of asker stands at a permission prompt, opened 2\S+; nothing comes before its model/,
  );

  await client.heartbeat({ session: other });
  expect((await shown())?.about).toBe("question");
  await client.endSession({ session: one });
  expect(await shown()).toBeUndefined();
  await client.heartbeat({ session: other, dialog: { about: "question", ageMs: 0 } });
  await expect(sender.heartbeat({ session: other })).rejects.toMatchObject({ code: "session_not_found" });
  expect((await shown())?.about).toBe("question");
});

test("nobody is said to stand at a dialog whose session may be gone", async () => {
  await using broker = await startTestBroker();
  const { client } = await broker.agent("leaver");
  const session = await client.join();
  await session.setDialog({ about: "permission", sinceMs: Date.now() });
  const shown = () => broker.admin.getAgent({ agent: "leaver" });
  expect((await shown()).dialog?.about).toBe("permission");
  const stream = new AbortController();
  const reading = session.inbox({ signal: stream.signal }).next();
  await until(async () => (await broker.admin.status()).streams === 1, "its stream");
  stream.abort();
  await reading;
  await until(async () => (await shown()).presence === "stale", "the session to be doubted");
  expect((await shown()).dialog).toBeUndefined();
  await session.leave();
});
