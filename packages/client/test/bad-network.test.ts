/** An inbox behind what spoils networks: connections that are forgotten without a word, and streams that are held back. */
import { MeshClient, StreamHeldBackError } from "@agentmesh/client";
import { freePort, openProxy, type ProxySpoils, startTestBroker, thorough, until } from "testkit";
import { expect, test } from "vitest";

const HERE = { inside: [] };

/** A broker, a proxy before it, an agent that sends straight, and one whose client goes through the proxy. */
async function behindProxy(spoils: ProxySpoils) {
  const opened = new AsyncDisposableStack();
  const port = await freePort();
  const broker = opened.use(await startTestBroker({ args: ["--allowed-hosts", `127.0.0.1:${port}`] }));
  const proxy = opened.use(await openProxy(HERE, `127.0.0.1:${port}`, `127.0.0.1:${broker.port}`, spoils));
  const { client: alice } = await broker.agent("alice");
  const { token } = await broker.agent("bob");
  const bob = new MeshClient({ url: proxy.url, token, timeoutMs: 2_000, retryForMs: 30_000 });
  return { broker, proxy, alice, bob, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("a stream that is forgotten on the way is opened again when a call that was not answered is", async () => {
  await using site = await behindProxy({});
  const { alice, bob, proxy } = site;
  const got: string[] = [];
  const over = new AbortController();
  const reading = (async () => {
    for await (const delivery of bob.inbox({ signal: over.signal })) {
      got.push(delivery.body);
      await delivery.ack();
    }
  })();
  await alice.send({ to: "bob", body: "one" });
  await until(() => got.length === 1, "the first");
  await proxy.vanish();
  await alice.send({ to: "bob", body: "two" });
  await bob.listAgents();
  // Without that it is taken for dead after 45 s of silence.
  await until(() => got.length === 2, "the second", 30_000);
  expect(got).toEqual(["one", "two"]);
  over.abort();
  await reading;
});

test.runIf(thorough)(
  "where streams are held back, mail is asked for instead: in order, within the credit, each once after its ack (ten seconds: in test:thorough)",
  async () => {
    await using site = await behindProxy({ buffer: true });
    const { alice, bob, broker } = site;
    const bodies = Array.from({ length: 12 }, (_, n) => `number ${n}`);
    for (const body of bodies) await alice.send({ to: "bob", body });
    const notices: string[] = [];
    const over = new AbortController();
    const session = await bob.join({ onNotice: (notice) => notices.push(notice) });
    const inbox = session.inbox({ signal: over.signal, maxInFlight: 4 });
    const first = [];
    for (let n = 0; n < 4; n++) first.push((await inbox.next()).value);
    const fifth = inbox.next();
    const states = async () => (await broker.admin.listInbox({ agent: "bob" })).entries.map(({ state }) => state);
    expect((await states()).filter((state) => state === "leased")).toHaveLength(4);
    for (const delivery of first) await delivery?.ack();
    const got = first.map((delivery) => delivery?.body);
    for (let next = await fifth; !next.done; next = await inbox.next()) {
      got.push(next.value.body);
      await next.value.ack();
      if (got.length === bodies.length) await alice.send({ to: "bob", body: "at once" });
      if (next.value.body === "at once") break;
    }
    expect(got).toEqual([...bodies, "at once"]);
    expect(await states()).toEqual([]);
    expect(notices).toEqual([expect.stringContaining("holds its stream back")]);
    over.abort();
    await session.leave();
  },
);

test.runIf(thorough)(
  "where streams are held back, events are refused with what to ask instead, and that gets through (ten seconds: in test:thorough)",
  async () => {
    await using site = await behindProxy({ buffer: true });
    const { alice, bob } = site;
    const events = (async () => {
      for await (const { type } of bob.events()) if (type.startsWith("delivery")) return type;
      return "the end";
    })();
    const { cursor } = await bob.log({ limit: 1 });
    const refused = await events.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StreamHeldBackError);
    expect(refused).toMatchObject({
      passes: false,
      message: expect.stringMatching(/holds its stream .*GET \/v1\/log/),
    });
    const waiting = bob.log({ after: cursor, waitMs: 30_000 });
    const { messageId } = await alice.send({ to: "bob", body: "at once" });
    expect((await waiting).entries).toMatchObject([{ event: "accepted", messageId }]);
  },
);

test.runIf(thorough)(
  "events go on after a network that was away for as long as a proxy is waited for (ten seconds: in test:thorough)",
  async () => {
    await using broker = await startTestBroker();
    const { client: alice } = await broker.agent("alice");
    const { token } = await broker.agent("bob");
    const cut = new AbortController();
    let isAway = false;
    let looks = 0;
    const network: typeof fetch = (input, init) => {
      const signal = AbortSignal.any([cut.signal, ...(init?.signal ? [init.signal] : [])]);
      if (!isAway) return fetch(input, looks === 0 ? { ...init, signal } : init);
      if (String(input).endsWith("/livez")) looks++;
      return new Promise((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      });
    };
    const bob = new MeshClient({ url: broker.url, token, timeoutMs: 2_000, retryForMs: 30_000, fetch: network });
    const over = new AbortController();
    const told: string[] = [];
    const reading = (async () => {
      for await (const { type } of bob.events({ signal: over.signal })) told.push(type);
    })();
    reading.catch(() => undefined);
    await until(() => told.includes("opened"), "the stream");
    isAway = true;
    cut.abort();
    await until(() => looks > 0, "the look whether the broker is there", 30_000);
    isAway = false;
    await until(() => told.includes("reconnected"), "the stream to be back", 30_000);
    await alice.send({ to: "bob", body: "at once" });
    await until(() => told.includes("delivery.accepted"), "what happens then");
    over.abort();
    await reading;
  },
);
