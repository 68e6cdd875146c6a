/** Two agents of one place: who writes to the one that is away is told of the one that is there. */
import { cleanEnv, runProgram, startMcpSession, startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let broker: TestBroker;
let writer: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  writer = await broker.agent("writer");
});
afterAll(() => broker[Symbol.asyncDispose]());

interface Where {
  readonly host?: string;
  readonly repo?: string;
  readonly directory?: string;
}

/** An agent; online until the session is left, when `online`. */
async function agent(name: string, where: Where, online = false) {
  const made = await broker.agent(name, where);
  if (online) await made.client.join({ profile: where });
  return made;
}

const warned = async (to: string) => (await writer.client.send({ to, body: `to ${to}` })).deliveries[0]?.warnings ?? [];

describe("a send to an agent that is offline", () => {
  test("names those who are online in its repository, whichever has the number", async () => {
    const where = { host: "h", repo: "/src/api", directory: "/src/api" };
    await agent("api", where);
    await agent("api-2", { ...where, directory: "/src/api/sub" }, true);
    await agent("api-3", where);
    const warnings = await warned("api");
    expect(warnings).toContainEqual({
      code: "namesake_online",
      detail:
        "api is offline; api-2 works in the same repository and is online. If you mean that agent, send it to api-2.",
    });
    expect((await warned("api-3")).map(({ code }) => code)).toContain("namesake_online");
    expect((await warned("api-2")).map(({ code }) => code)).not.toContain("namesake_online");
  });

  test("names several, and an agent without a repository by its directory", async () => {
    const where = { host: "h", directory: "/notes" };
    await agent("notes", where);
    await agent("notes-2", where, true);
    await agent("notes-4", where, true);
    expect((await warned("notes")).find(({ code }) => code === "namesake_online")?.detail).toBe(
      "notes is offline; notes-2, notes-4 work in the same directory and are online. If you mean one of them, send it to notes-2.",
    );
  });

  test("names those of another project or machine with their place, after those of its own", async () => {
    await agent("web", { host: "h", repo: "/src/web" });
    await agent("web-2", { host: "h", repo: "/other/web" }, true);
    await agent("web-3", { host: "elsewhere", repo: "/src/web" }, true);
    await agent("web-4", { host: "h", repo: "/src/web" }, true);
    const detail = (await warned("web")).find(({ code }) => code === "namesake_online")?.detail;
    expect(detail).toBe(
      "web is offline; web-4 works in the same repository and is online; web-2 is online in “/other/web”; web-3 is online in “/src/web” on “elsewhere”. If you mean one of them, send it to web-4.",
    );
    await agent("placeless", {});
    await agent("placeless-2", {}, true);
    expect((await warned("placeless")).find(({ code }) => code === "namesake_online")?.detail).toBe(
      "placeless is offline; placeless-2 is online. If you mean that agent, send it to placeless-2.",
    );
  });

  test("names nobody of another name", async () => {
    await agent("site", { host: "h", repo: "/src/site" });
    await agent("site-docs", { host: "h", repo: "/src/site" }, true);
    await agent("sites", { host: "h", repo: "/src/site" }, true);
    expect((await warned("site")).map(({ code }) => code)).toEqual(["recipient_offline"]);
  });
});

describe("an agent whose name another one has", () => {
  const HOLDER = {
    host: "desk",
    repo: "/src/shop/api",
    directory: "/src/shop/api",
    branch: "main",
    client: "claude-code",
  };
  const situations: [string, object, string][] = [
    ["works on another machine", { ...HOLDER, host: "lap.home.arpa" }, "lap"],
    ["works in another project", { ...HOLDER, repo: "/src/web/api", directory: "/src/web/api" }, "web"],
    [
      "works in a project that differs further up",
      { ...HOLDER, repo: "/old/shop/api", directory: "/old/shop/api" },
      "old",
    ],
    ["works in a folder of the project", { ...HOLDER, directory: "/src/shop/api/docs" }, "docs"],
    ["works in a folder without a repository", { host: "desk", directory: "/tmp/x/api" }, "x"],
    ["works on another branch", { ...HOLDER, branch: "fix/login" }, "fix-login"],
    ["runs in another client", { ...HOLDER, client: "codex" }, "codex"],
    [
      "is known for a folder without a Latin letter",
      { ...HOLDER, repo: "/src/北京/api", directory: "/src/北京/api" },
      "2",
    ],
    ["is known for a folder that is a number", { ...HOLDER, repo: "/src/7/api", directory: "/src/7/api" }, "2"],
    ["is in all the same", HOLDER, "2"],
    ["says nothing of itself", {}, "2"],
  ];

  test.each(situations)("and %s is called by that", async (what, where, word) => {
    const name = `held-${situations.findIndex(([each]) => each === what)}`;
    await broker.admin.register({ name, ...HOLDER });
    const { agent: made } = await broker.admin.register({ name, ifTaken: "number", ...where });
    expect(made).toMatchObject({ name: `${name}-${word}`, askedName: name });
  });

  test("gets a number when all that says more is taken too, and keeps its name for good", async () => {
    const made: string[] = [];
    const token = `am_${"k".repeat(43)}`;
    for (const more of [{}, { host: "lap" }, { host: "lap" }, { host: "lap", token }, { host: "tower", token }]) {
      const { agent: one } = await broker.admin.register({ name: "much", ifTaken: "number", host: "desk", ...more });
      made.push(one.name);
    }
    expect(made).toEqual(["much", "much-lap", "much-2", "much-3", "much-3"]);
  });

  test("is named to whoever writes to the other, which is away; not once a person has renamed it", async () => {
    const repo = "/src/shop/app";
    await agent("app", { host: "desk", repo });
    const { agent: second, token = "" } = await broker.admin.register({
      ...{ name: "app", ifTaken: "number", host: "desk", repo: "/src/bank/app" },
    });
    expect(second.name).toBe("app-bank");
    await broker.client(token).join();
    expect((await warned("app")).find(({ code }) => code === "namesake_online")?.detail).toBe(
      "app is offline; app-bank is online in “/src/bank/app”. If you mean that agent, send it to app-bank.",
    );
    const { stderr } = await runProgram("cli", ["agents"], { env: cleanEnv({ AGENTMESH_HOME: broker.home }) });
    expect(stderr).toContain("app is offline, app-bank is online: write to the one you mean.");
    await broker.admin.renameAgent({ agent: "app-bank", name: "teller" });
    expect((await broker.admin.getAgent({ agent: "teller" })).askedName).toBeUndefined();
    expect((await warned("app")).map(({ code }) => code)).toEqual(["recipient_offline"]);
  });
});

test("the list of a command line and of a tool says who is online under the name of one that is away", async () => {
  await agent("listed", { host: "h", directory: "/one/listed" });
  await agent("listed-2", { host: "h", directory: "/two/listed" }, true);
  await agent("alone", { host: "h" });
  for (const n of ["", "-2", "-3", "-4", "-5", "-6", "-7"]) await agent(`many${n}`, { host: "h" }, n === "-7");
  const { stderr } = await runProgram("cli", ["agents"], { env: cleanEnv({ AGENTMESH_HOME: broker.home }) });
  expect(stderr).toContain("listed is offline, listed-2 is online: write to the one you mean.");
  expect(stderr).toContain("many, many-2, many-3, many-4, many-5 and 1 more are offline, many-7 is online");
  expect(stderr).not.toContain("alone is offline");
  await using session = await startMcpSession({ home: broker.home, url: broker.url, cwd: broker.home });
  await session.joined();
  const { text, data } = await session.tool("list_peers", { include_offline: true });
  expect(data.notes).toContain("listed is offline, listed-2 is online: write to the one you mean.");
  expect(text).toContain("Note: listed is offline, listed-2 is online: write to the one you mean.");
  expect((await session.tool("list_peers")).text).not.toContain("Note:");
});

test("nobody is told of themselves: neither by a send, an ask or a list, nor by the tools", async () => {
  const where = { host: "h", repo: "/src/twins" };
  await agent("twins", where);
  const second = await agent("twins-2", where, true);
  const codes = (warnings: readonly { code: string }[] = []) => warnings.map(({ code }) => code);
  const sent = await second.client.send({ to: "twins", body: "are you me?" });
  expect(codes(sent.deliveries[0]?.warnings)).toEqual(["recipient_offline"]);
  const { delivery } = await second.client.ask({ to: "twins", body: "and now?", timeoutMs: 1 });
  expect(codes(delivery.warnings)).toEqual(["recipient_offline"]);
  await agent("twins-3", where, true);
  const again = await second.client.send({ to: "twins", body: "or that one?" });
  expect(again.deliveries[0]?.warnings.find(({ code }) => code === "namesake_online")?.detail).toContain(
    "twins-3 works in the same repository and is online. If you mean that agent",
  );

  await broker.agent("seat");
  const env = { AGENTMESH_NAME: "seat-2" };
  await using session = await startMcpSession({ home: broker.home, url: broker.url, cwd: broker.home, env });
  await session.joined();
  expect((await session.tool("list_peers", { include_offline: true })).text).not.toContain("seat is offline");
  expect((await session.tool("send_message", { to: "seat", message: "hello" })).text).not.toContain("namesake_online");
});

test("an ask, the command line and the tools say it", async () => {
  const where = { host: "h", repo: "/src/shown" };
  await agent("shown", where);
  await agent("shown-2", where, true);
  const said = "shown-2 works in the same repository and is online";
  const { delivery } = await writer.client.ask({ to: "shown", body: "there?", timeoutMs: 1 });
  expect(delivery.warnings.map(({ code }) => code)).toContain("namesake_online");

  const env = cleanEnv({ AGENTMESH_HOME: broker.home });
  expect((await runProgram("cli", ["send", "shown", "hello"], { env })).stderr).toContain(said);
  expect((await runProgram("cli", ["ask", "shown", "hello?", "--timeout", "1s"], { env })).stderr).toContain(said);

  await using session = await startMcpSession({ home: broker.home, url: broker.url, cwd: broker.home });
  await session.joined();
  const sent = await session.tool("send_message", { to: "shown", message: "hello" });
  expect(sent.text).toContain(`Warning (namesake_online): shown is offline; ${said}`);
  const asked = await session.tool("ask_peer", { to: "shown", message: "hello?", wait_seconds: 1 });
  expect(asked.text).toContain(`Warning (namesake_online): shown is offline; ${said}`);
});
