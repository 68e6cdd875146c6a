/** Commands name the page's address of what they have shown: on a terminal of the broker's machine, where there is a page. */
import { cleanEnv, startInTerminal, startTestBroker, whyNoTerminals } from "testkit";
import { describe, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

describe.skipIf(whyNoTerminals !== undefined)(`the page's address ${whyNoTerminals ?? ""}`, () => {
  /** What a command shows in a terminal. */
  async function shown(home: string, args: readonly string[], columns = 120, env: Record<string, string> = {}) {
    const running = startInTerminal(args, {
      env: cleanEnv({
        AGENTMESH_HOME: home,
        NO_COLOR: "1",
        TERM: "xterm",
        FORCE_COLOR: undefined,
        SSH_CONNECTION: undefined,
        ...env,
      }),
      columns,
    });
    await running.exit;
    return running.stdout();
  }

  test("of a message stands below it, without a secret; not for programs, over ssh, or where it has no room", async () => {
    await using broker = await startTestBroker();
    const alice = await broker.agent("alice");
    const { messageId } = await alice.client.send({ to: "alice", body: "a note" });
    const address = `At the page: ${broker.url}/ui/message/${messageId}`;
    const trace = ["trace", messageId];
    expect((await shown(broker.home, trace)).split(/\r?\n/)).toContain(address);
    const proxied = await shown(broker.home, trace, 120, { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: "http://127.0.0.1:1" });
    expect(proxied.split(/\r?\n/)).toContain(address);
    const others = [
      await shown(broker.home, trace, 60),
      await shown(broker.home, trace, 120, { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" }),
      await shown(broker.home, [...trace, "--json"]),
      (await cli(broker.home, trace)).stderr,
    ];
    for (const other of others) expect(other).not.toContain("/ui/");
    expect(await shown(broker.home, ["agent", "show", "alice"])).toContain(`${broker.url}/ui/agents/alice`);
  });

  test("is not told by a broker that serves no page", async () => {
    await using broker = await startTestBroker({ args: ["--no-ui"] });
    const { client } = await broker.agent("alice");
    const { messageId } = await client.send({ to: "alice", body: "a note" });
    expect(await shown(broker.home, ["trace", messageId])).not.toContain("At the page");
  });
});
