/** Agents of machines that joined: where they are said to be, what they are called, how their messages come, when they are gone. */
import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { MeshClient } from "@agentmesh/client";
import { ownProcess, type RegisterRequest } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const secret = (prefix: string) => `${prefix}_${randomBytes(32).toString("base64url")}`;

/** A machine of this name that joined, as the client of its credential, and as a maker of agents. */
async function join({ admin, url }: TestBroker, host: string) {
  const [invite, token] = [secret("ami"), secret("amm")];
  await admin.invite({ secret: invite });
  await admin.joinMesh({ secret: invite, token, host });
  const machine = new MeshClient({ url, token });
  const agent = async (name: string, more: Partial<RegisterRequest> = {}) => {
    const own = secret("am");
    const { agent } = await machine.register({ name, token: own, ifTaken: "number", ...more });
    return { agent, client: new MeshClient({ url, token: own }) };
  };
  return { machine, agent };
}

let broker: TestBroker;
let laptop: Awaited<ReturnType<typeof join>>;
beforeAll(async () => {
  broker = await startTestBroker();
  laptop = await join(broker, "laptop");
});
afterAll(() => broker[Symbol.asyncDispose]());

test("the host of an agent is that of the machine it came with, whatever it says", async () => {
  const { agent, client } = await laptop.agent("hosted", { host: "the-broker" });
  expect(agent.host).toBe("laptop");
  expect((await client.openSession({ host: "elsewhere", directory: "/srv/x" })).agent.host).toBe("laptop");
});

test("a name that another machine's agent has is not taken over: the second is called after its machine", async () => {
  const here = await broker.agent("api", { host: "desk" });
  const there = await laptop.agent("api", { host: "desk" });
  expect(there.agent).toMatchObject({ name: "api-laptop", askedName: "api" });
  // What is sent to the name goes to who had it.
  await there.client.send({ to: "api", body: "for whom?" });
  expect((await here.client.listInbox({})).entries.map(({ message }) => message.body)).toEqual(["for whom?"]);
  expect((await there.client.listInbox({})).entries).toEqual([]);
  // A second machine of the same name.
  const twin = await join(broker, "laptop");
  const third = await twin.agent("api", { directory: "/srv/shop" });
  expect([third.agent.name, third.agent.host]).toEqual([expect.stringMatching(/^api-\w+$/), "laptop"]);
  expect(third.agent.name).not.toBe("api-laptop");
});

test("what comes from another machine is delivered and marked, also where it says who it is", async () => {
  const bob = await broker.agent("bob", { repoUrl: "git.acme.test/shop" });
  const senders = [
    await laptop.agent("eve", { repoUrl: "git.acme.test/notes", host: "the-broker" }),
    await laptop.agent("colleague", { repoUrl: "git@git.acme.test:shop.git" }),
    await laptop.agent("their-person", { person: true, client: "cli" }),
  ];
  for (const { client } of senders) await client.send({ to: "bob", body: "hi" });
  const { deliveries } = await bob.client.lease({});
  expect(deliveries.map(({ trust }) => trust)).toEqual(["remote", "same-repo", "remote"]);
  // At home that person is one; and the broker's person is one everywhere.
  const mallory = await laptop.agent("mallory");
  await senders[2]?.client.send({ to: "mallory", body: "hi" });
  const { client: person } = await broker.agent("owner", { person: true });
  await person.send({ to: "mallory", body: "hi" });
  expect((await mallory.client.lease({})).deliveries.map(({ trust }) => trust)).toEqual(["operator", "operator"]);
});

test("a policy about other machines holds what says that it works in the same repository, too", async () => {
  const carol = await broker.agent("carol", { repoUrl: "git.acme.test/shop" });
  await carol.client.setPolicy({ agent: "me", trust: { remote: "hold" } });
  const { client } = await laptop.agent("claims", { repoUrl: "git.acme.test/shop" });
  expect((await client.send({ to: "carol", body: "hi" })).deliveries[0]?.state).toBe("held");
  const local = await broker.agent("local", { repoUrl: "git.acme.test/shop" });
  expect((await local.client.send({ to: "carol", body: "hi" })).deliveries[0]?.state).toBe("queued");
});

test("a mesh may hold or refuse what comes from other machines, and an agent's own rule goes before that", async () => {
  await using strict = await startTestBroker({ args: ["--remote-senders", "hold"] });
  const { client } = await (await join(strict, "laptop")).agent("eve");
  const [bob, open] = [await strict.agent("bob"), await strict.agent("open")];
  await open.client.setPolicy({ agent: "me", trust: { remote: "accept" } });
  const state = async (to: string) => (await client.send({ to, body: "hi" })).deliveries[0]?.state;
  expect([await state("bob"), await state("open")]).toEqual(["held", "queued"]);
  // An answer to what somebody has asked comes all the same; and nobody of this machine is held.
  const { messageId } = await bob.client.send({ to: "eve", body: "which port?" });
  expect((await client.send({ inReplyTo: messageId, body: "7899" })).deliveries[0]?.state).toBe("queued");
  expect((await open.client.send({ to: "bob", body: "hi" })).deliveries[0]?.state).toBe("queued");
  await bob.client.subscribe({ topic: "news" });
  const { accepted } = await client.publish({ topic: "news", body: "hi" });
  expect(accepted.map((each) => each.state)).toEqual(["held"]);
});

test("near means the machine by its credential, not by the name that it has", async () => {
  const desk = await join(broker, "desk");
  const there = await desk.agent("near-there", { directory: "/srv/x", repo: "/srv/x" });
  const mate = await desk.agent("near-mate", { directory: "/srv/x", repo: "/srv/x" });
  const poser = await broker.agent("near-poser", { host: "desk", directory: "/srv/x", repo: "/srv/x" });
  for (const near of ["machine", "directory", "repo"] as const) {
    const names = async ({ client }: typeof there) =>
      (await client.listAgents({ near })).agents.map(({ name }) => name);
    expect(await names(there), near).toEqual(["near-mate", "near-there"]);
    expect(await names(mate), near).toEqual(["near-mate", "near-there"]);
    expect(await names(poser), near).not.toContain("near-there");
  }
});

/** A mark that is good here, as that of a machine that is a copy of this one: of a process that there is none of. */
const read = {
  pid: process.pid,
  hostname,
  readFile: (path: string) => readFileSync(path, "utf8"),
  readLink: readlinkSync,
};
const own = ownProcess(read);

test.skipIf(!own)(
  "whether an agent of another machine is there is known by its heartbeat alone, whatever process it names (where processes have marks)",
  async () => {
    const mark = own && { ...own, pid: 2 ** 22 - 1, start: "1" };
    const presence = async (agent: string) => (await broker.admin.getAgent({ agent })).presence;
    const there = await laptop.agent("there");
    await there.client.openSession({ process: mark });
    const here = await broker.agent("gone-here");
    await here.client.openSession({ process: mark });
    await until(async () => (await presence("gone-here")) === "offline", "the end of a process that is gone");
    expect(await presence("there")).toBe("online");
  },
);
