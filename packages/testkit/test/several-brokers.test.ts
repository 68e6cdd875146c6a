/** Programs whose settings name several brokers: adapter and command line go on at another one when theirs is gone. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, runProgram, startMcpSession, startTestBroker, type TestBroker, tempDir } from "testkit";
import { describe, expect, test } from "vitest";

/** Two brokers that hold one mesh key, and a folder with that key and no database. */
async function twoBrokers() {
  await using opening = new AsyncDisposableStack();
  const first = opening.use(await startTestBroker());
  const home = (): string => {
    const folder = opening.use(tempDir());
    writeFileSync(join(folder.path, "key"), `${first.key}\n`, { mode: 0o600 });
    return folder.path;
  };
  const second = opening.use(await startTestBroker({ home: home() }));
  const here = home();
  const opened = opening.move();
  return {
    first,
    second,
    here,
    urls: `${first.url},${second.url}`,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const names = async ({ admin }: TestBroker) => (await admin.listAgents()).agents.map(({ name }) => name).sort();

describe("where AGENTMESH_URL names several brokers", () => {
  test("an adapter goes on at the next one with its agent, and starts none", async () => {
    await using mesh = await twoBrokers();
    const { first, second, here, urls } = mesh;
    const { client: peer } = await second.agent("peer");
    await using session = await startMcpSession({
      home: here,
      cwd: here,
      url: urls,
      env: { AGENTMESH_NAME: "steady" },
    });
    expect(await session.joined()).toBe("steady");
    expect(await names(first)).toEqual(["steady"]);
    await first.kill();
    const sent = await session.tool("send_message", { to: "peer", message: "from here" });
    expect(sent.isError, sent.text).toBe(false);
    expect(await names(second)).toEqual(["peer", "steady"]);
    const { deliveries } = await peer.lease({ waitMs: 10_000 });
    expect(deliveries.map(({ message }) => message.body)).toEqual(["from here"]);
    expect(existsSync(join(here, "broker.json")), "no broker was started").toBe(false);
  });

  test("the command line asks whichever answers, names all when none does, and stops or starts none of several", async () => {
    await using mesh = await twoBrokers();
    const { first, second, here, urls } = mesh;
    const env = cleanEnv({ AGENTMESH_HOME: here, AGENTMESH_URL: urls });
    await second.agent("only-here");
    await first.kill();
    const agents = await runProgram("cli", ["agents"], { env });
    expect(agents.stdout).toContain("only-here");
    for (const command of ["up", "down"]) {
      const refused = await runProgram("cli", [command], { env });
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringContaining(
          `AGENTMESH_URL names 2 brokers, and agentmesh ${command} is for one. Say which: agentmesh --url ${first.url} ${command}`,
        ),
      ]);
    }
    expect((await runProgram("cli", ["--url", second.url, "down"], { env })).stdout).toContain("has stopped");
    const none = await runProgram("cli", ["agents"], { env });
    expect(none.code).not.toBe(0);
    expect(none.stderr).toContain(
      `No broker answers at any address that AGENTMESH_URL names: ${first.url} (nobody listens there), ${second.url} (nobody listens there)`,
    );
    expect(existsSync(join(here, "broker.json")), "no broker was started").toBe(false);
  });
});
