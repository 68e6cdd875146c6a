/** Another machine: a state folder of its own that joins by one line, works without another setting, and is put out. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { connect, openStateFolder, sharedIdentity } from "@agentmesh/client/node";
import { startMcpSession, startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, cliEach, cliWithStdin } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

const SECRET = /am[mik]?_[\w-]{20,}/;

/** The line, alone on stdout. */
async function invited(...options: string[]): Promise<string> {
  const { code, stdout } = await cli(broker.home, ["invite", ...options]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^agentmesh join amj1\.[\w-]+\n$/);
  return stdout;
}

async function joined(home: string, host: string, ...options: string[]): Promise<void> {
  const ended = await cliWithStdin(home, ["join", "-", "--host", host], await invited(...options));
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain("a call and a stream got through");
  expect(ended.stdout + ended.stderr).not.toMatch(SECRET);
}

test("a machine joins by one line, and its command line and adapter are in the mesh without another setting", async () => {
  using home = tempDir();
  await joined(home.path, "laptop");
  if (process.platform !== "win32") expect(statSync(join(home.path, "joined.json")).mode & 0o777).toBe(0o600);

  await using session = await startMcpSession({ home: home.path, cwd: home.path, env: { AGENTMESH_NAME: "far" } });
  expect(await session.joined()).toBe("far");
  const { agent: near } = await broker.agent("near");
  expect(await cli(home.path, ["send", "near", "hello from afar"])).toMatchObject({ code: 0 });
  const { entries } = await broker.admin.listInbox({ agent: near.id });
  expect(entries.map(({ message }) => message.body)).toEqual(["hello from afar"]);
  expect((await cli(broker.home, ["inbox", "near"])).stdout).toMatch(/ cli \(remote\) .*hello from afar/);
  expect((await cli(broker.home, ["history"])).stdout).toContain("cli (remote) → near");
  const taken = await cli(home.path, ["agent", "add", "near"]);
  expect(taken).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("Another agent is named near. Choose another"),
  });
  expect(taken.stderr).not.toContain("ifTaken");
  const { machines } = await broker.admin.listMachines();
  expect(machines).toMatchObject([{ host: "laptop", agents: 2, online: 1 }]);
  expect(await broker.admin.getAgent({ agent: "far" })).toMatchObject({ host: "laptop", machine: machines[0]?.id });

  const refused = await cli(home.path, ["machines"]);
  expect(refused).toMatchObject({ code: 5, stdout: "" });
  expect(refused.stderr.replace(/\s+/g, " ")).toContain("on the machine where the broker runs");
});

test("who sits where the broker runs, and who sits at a machine that joined, each act under a name of their own", async () => {
  await using mesh = await startTestBroker();
  using home = tempDir();
  const line = (await cli(mesh.home, ["invite"])).stdout;
  // It joins before anybody has acted where the broker runs: cli is the laptop's.
  expect(await cliWithStdin(home.path, ["join", "-", "--host", "laptop"], line)).toMatchObject({ code: 0 });
  await mesh.agent("near");
  for (const [at, text] of [
    [mesh.home, "from the desk"],
    [home.path, "from the laptop"],
    [mesh.home, "from the desk again"],
  ] as const) {
    const { code, stderr } = await cli(at, ["send", "near", text]);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toMatch(/renamed|took the name/);
  }
  const { entries } = await mesh.admin.listInbox({ agent: "near" });
  const [desk = "", laptop, again] = entries.map(({ message }) => message.from.name);
  expect([laptop, again]).toEqual(["cli", desk]);
  expect(desk).toMatch(/^cli-/);
  expect((await cli(mesh.home, ["whoami"])).stdout).toContain(desk);
  expect((await cli(mesh.home, ["inbox"])).code).toBe(0);
});

test("what is seen of the whole mesh where the broker runs is seen of its own agents on a machine that joined", async () => {
  await using mesh = await startTestBroker();
  using home = tempDir();
  const line = (await cli(mesh.home, ["invite"])).stdout;
  expect((await cliWithStdin(home.path, ["join", "-", "--host", "laptop"], line)).code).toBe(0);
  expect((await cli(home.path, ["agent", "add", "amy"])).code).toBe(0);
  const near = await mesh.agent("near");
  await near.client.publish({ topic: "build.done", body: "it is" });
  await near.client.subscribe({ topic: "build.>" });
  await mesh.agent("far");
  await near.client.ask({ to: "amy", body: "is it ready?", timeoutMs: 1 });
  await near.client.ask({ to: "far", body: "of nobody else's business", timeoutMs: 1 });
  expect(await cli(home.path, ["ask", "amy", "how far are you?", "--timeout", "1s"])).toMatchObject({ code: 7 });

  const [owed, needs, topics, status, ...refused] = await cliEach(home.path, [
    ["owed"],
    ["needs"],
    ["topics"],
    ["status"],
    ["log"],
    ["log", "-f"],
    ["history"],
    ["search", "ready"],
  ]);
  expect(owed).toMatchObject({ code: 0 });
  expect(owed?.stdout.match(/^amy /gm)).toHaveLength(2);
  expect(owed?.stdout).not.toContain("business");
  expect(needs).toMatchObject({ code: 0 });
  expect(topics).toMatchObject({ code: 0, stdout: expect.stringMatching(/^TOPIC.*\nbuild.done/) });
  expect(topics?.stderr).toContain("where the broker runs");
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining("joined as laptop") });
  const commands = ["log --agent", "log -f --agent", "history --agent", "search ready --agent"];
  for (const [n, { code, stdout, stderr }] of refused.entries()) {
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.replace(/\s+/g, " ")).toMatch(
      new RegExp(
        `looks at one of its agents at a time: agentmesh ${commands[n]} (amy; its others are cli|cli; its others are amy)\\. `,
      ),
    );
  }
  const own = await cli(home.path, ["log", "--agent", "amy"]);
  expect(own).toMatchObject({ code: 0, stdout: expect.stringContaining("is it ready?") });
});

test("a machine that is put out has its streams ended within a second, and comes back by a new invite alone", async () => {
  using home = tempDir();
  const line = await invited();
  expect((await cliWithStdin(home.path, ["join", "-", "--host", "lost"], line)).code).toBe(0);
  const before = readFileSync(join(home.path, "joined.json"), "utf8");
  const folder = openStateFolder(home.path);
  const { token } = sharedIdentity(folder, "test", "listener");
  const machine: { token: string } = JSON.parse(before);
  await connect({ folder, token: machine.token }).register({ name: "listener", token });
  const ended = (async () => {
    for await (const delivery of connect({ folder, token, retryForMs: 0 }).inbox()) await delivery.ack();
  })().catch((error: unknown) => error);
  await until(async () => (await broker.admin.status()).streams === 1, "the stream");

  const revoked = await cli(broker.home, ["revoke", "lost", "--yes", "--json"]);
  expect(revoked).toMatchObject({ code: 0 });
  await until(async () => (await broker.admin.status()).streams === 0, "the end of the stream");
  expect(await ended).toBeUndefined();
  const out = await cli(home.path, ["agents"]);
  expect(out.code).not.toBe(0);
  expect(out.stderr).not.toMatch(SECRET);

  expect((await cli(home.path, ["leave"])).code).toBe(0);
  const used = await cliWithStdin(home.path, ["join", "-"], line);
  expect(used).toMatchObject({ code: 5, stdout: "" });
  expect(used.stderr).toContain("The invite was used");
  await joined(home.path, "lost");
  expect(readFileSync(join(home.path, "joined.json"), "utf8")).not.toBe(before);
});

test("a machine decides on what is held or dead for its own agents, traces it, and finds nothing of others", async () => {
  using home = tempDir();
  await joined(home.path, "judge");
  const folder = openStateFolder(home.path);
  const machine: { token: string } = JSON.parse(readFileSync(join(home.path, "joined.json"), "utf8"));
  const { token } = sharedIdentity(folder, "test", "own");
  await connect({ folder, token: machine.token }).register({ name: "own", token });
  const [own, other, sender] = [broker.client(token), await broker.agent("others"), await broker.agent("writer")];
  const sent = async (to: string) =>
    (await sender.client.send({ to, body: `for ${to}` })).deliveries[0]?.deliveryId ?? "";
  const dead = async (client: typeof own, to: string) => {
    const delivery = await sent(to);
    const [leased] = (await client.lease()).deliveries;
    await client.reject({ delivery, receipt: leased?.receipt ?? "", reason: "not mine" });
    return delivery;
  };
  const [ownDead, othersDead] = [await dead(own, "own"), await dead(other.client, "others")];
  for (const client of [own, other.client]) await client.setPolicy({ agent: "me", otherwise: "hold" });
  const [ownHeld, refused, othersHeld] = [await sent("own"), await sent("own"), await sent("others")];

  const [deadList, heldList] = await cliEach(home.path, [["dead"], ["held"]]);
  for (const [list, mine, theirs] of [
    [deadList, [ownDead], othersDead],
    [heldList, [ownHeld, refused], othersHeld],
  ] as const) {
    for (const id of mine) expect(list?.stdout).toContain(id);
    expect(list?.stdout).not.toContain(theirs);
  }
  const short = (id: string) => id.slice(0, 24);
  for (const args of [
    ["redrive", short(ownDead)],
    ["admit", ownHeld],
    ["refuse", refused],
    ["trace", short(ownDead)],
  ])
    expect(await cli(home.path, args), args[0]).toMatchObject({ code: 0 });
  const states = (await own.listInbox({ state: "all" })).entries.map(({ id, state }) => `${id} ${state}`);
  expect(states).toEqual([`${ownDead} queued`, `${ownHeld} queued`, `${refused} refused`]);
  for (const args of [
    ["redrive", othersDead],
    ["dismiss", othersDead],
    ["admit", othersHeld],
    ["refuse", short(othersHeld)],
  ])
    expect(await cli(home.path, args), args[0]).toMatchObject({ code: 4, stdout: "" });
  expect((await cli(home.path, ["trace", othersHeld])).stderr).toContain("is known to this caller");
});

test("an invite that is taken back lets nobody in, and the audit log says so in words", async () => {
  using home = tempDir();
  const line = await invited();
  const { invites } = await broker.admin.listInvites();
  const taken = await cli(broker.home, ["invite", "--take-back", invites[0]?.id ?? ""]);
  expect(taken).toMatchObject({ code: 0, stdout: "It is taken back: nobody joins by it.\n" });
  expect(await cliWithStdin(home.path, ["join", "-"], line)).toMatchObject({ code: 5, stdout: "" });
  const { stdout } = await cli(broker.home, ["audit"]);
  expect(stdout).toContain(`: invite taken back ${invites[0]?.id}\n`);
});

test("a line that is cut off is none, and no secret stands in the audit log", async () => {
  using home = tempDir();
  const line = (await invited("--for", "10s")).trim();
  const cut = await cliWithStdin(home.path, ["join", "-"], line.slice(0, -20));
  expect(cut).toMatchObject({ code: 2, stdout: "" });
  expect(cut.stderr).toContain("not all of it");
  const { stdout, code } = await cli(broker.home, ["audit", "--json"]);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(SECRET);
  expect(JSON.parse(stdout)).toMatchObject({
    entries: expect.arrayContaining([expect.objectContaining({ act: "invite_made" })]),
  });
});
