/** `top` and `needs`: what waits for a person, as a person sees it in a real terminal of 80 columns and 24 rows. */
import { execFileSync } from "node:child_process";
import {
  cleanEnv,
  type RunningProgram,
  startInTerminal,
  startTestBroker,
  type TestBroker,
  until,
  whyNoTerminals,
} from "testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

/** What stands on the screen after all that was written: lines at places, cleared at once or each behind its end. */
function screenOf(written: string): string[] {
  const lines: string[] = [];
  const begun = written.lastIndexOf("\u001b[2J");
  for (const [, row, text = ""] of written.slice(Math.max(0, begun)).matchAll(/\u001b\[(\d+);1H(.*?)\u001b\[K/gs)) {
    lines[Number(row) - 1] = text;
  }
  return Array.from(lines, (line) => line ?? "");
}

const ENV = { NO_COLOR: "1", TERM: "xterm", FORCE_COLOR: undefined };

function startTop(
  args: readonly string[] = [],
): RunningProgram & { readonly screen: () => string; readonly type: (keys: string) => void } {
  const running = startInTerminal(["top", ...args], {
    env: cleanEnv({ AGENTMESH_HOME: broker.home, ...ENV }),
    ...{ columns: 80, rows: 24, isTold: true },
  });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  return {
    ...running,
    screen: () => screenOf(running.stdout()).join("\n"),
    type: (keys) => void running.child.stdin?.write(keys),
  };
}

async function refuse(name: string, bodies: readonly string[]): Promise<void> {
  const [sender, agent] = [await broker.agent(`${name}-sender`), await broker.agent(name)];
  for (const body of bodies) await sender.client.send({ to: name, body });
  for (const { id, receipt } of (await agent.client.lease()).deliveries) {
    await agent.client.reject({ delivery: id, receipt, reason: "not mine" });
  }
}

test("needs are listed with the commands that end them, for all or for one agent, and as JSON", async () => {
  expect((await cli(broker.home, ["needs"])).stdout).toBe("Nothing waits for you.\n");
  await refuse("listed", ["a word\u001b[31m to you"]);
  const { stdout } = await cli(broker.home, ["needs"]);
  const [delivery] = (await broker.admin.listDead()).entries;
  expect(stdout).toMatch(/^dead letter +\d+m?s? +listed-sender to listed \(“not mine”\): “a word.* to you”\n/);
  expect(stdout).toContain(`    agentmesh redrive ${delivery?.id}\n    agentmesh dismiss ${delivery?.id}\n`);
  expect(stdout).not.toContain("\u001b");
  expect((await cli(broker.home, ["needs", "listed-sender"])).stdout).toBe("Nothing of listed-sender waits for you.\n");
  expect(JSON.parse((await cli(broker.home, ["needs", "--json"])).stdout)).toMatchObject({ counts: { dead: 1 } });
  await broker.admin.dismiss({ delivery: delivery?.id ?? "none" });
});

test("without a terminal top says what to use instead", async () => {
  const { code, stderr } = await cli(broker.home, ["top"]);
  expect(code).toBe(2);
  expect(stderr).toContain("agentmesh needs, agentmesh agents, agentmesh log -f");
});

describe.skipIf(whyNoTerminals !== undefined)(`in a terminal ${whyNoTerminals ?? ""}`, () => {
  test("what needs a person is ended by a key, and what cannot be undone is asked about", async () => {
    await refuse("keyed", ["the first", "the second"]);
    const top = startTop();
    await until(() => top.screen().includes("2 messages, the first of keyed-sender, to keyed"), "the dead letters");
    expect(top.screen()).toMatch(/\[1 Needs you 1\] +2 Agents \d+ +3 Log/);
    expect(top.screen()).toMatch(/\$ for each in dlv_/);
    for (const line of top.screen().split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(top.screen().split("\n")).toHaveLength(24);

    top.type("d");
    await until(() => top.screen().includes("Dismiss 2 dead letters to keyed? [y]es, [n]o"), "the question");
    top.type("n");
    await until(() => top.screen().includes("r redrive"), "the keys");
    expect((await broker.admin.listDead()).entries).toHaveLength(2);
    top.type("r");
    await until(() => top.screen().includes("Nothing waits for you."), "the list to be empty");
    expect((await broker.admin.getAgent({ agent: "keyed" })).queued).toBe(2);

    top.type("2");
    await until(() => /› keyed|› listed/.test(top.screen()), "the agents");
    top.type("3");
    await until(() => top.screen().includes("redriven"), "the log");
    top.type("q");
    expect(await top.exit).toMatchObject({ code: 0 });
    // The screen of before is back, with its cursor.
    expect(top.stdout().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
  });

  test("a question to the person is answered where it stands", async () => {
    await cli(broker.home, ["send", "keyed", "so that the person is known"]);
    const asker = await broker.agent("asker");
    const asked = asker.client.ask({ to: "cli", body: "Ship it?", timeoutMs: 60_000 });
    const top = startTop();
    await until(() => top.screen().includes("asker waits for an answer of cli: “Ship it?”"), "the question");
    top.type("a");
    await until(() => top.screen().includes("Answer to asker:"), "the field");
    top.type("Noo\u007f, wait\r");
    expect(await asked).toMatchObject({ status: "replied", reply: { body: "No, wait", from: { name: "cli" } } });
    await until(() => !top.screen().includes("Ship it?"), "its row to go");
    top.type("\u0003");
    expect(await top.exit).toMatchObject({ code: 0 });
  });

  test("a broker that goes is said with when it was last heard, one that comes back is followed, and another size is filled", async () => {
    const top = startTop();
    await until(() => /2 Agents [1-9]/.test(top.screen()), "the first look");
    await broker.kill();
    await until(() => /reconnecting, last data \d\d:\d\d:\d\d/.test(top.screen()), "that it is lost");
    await broker.start();
    await refuse("late", ["after the restart"]);
    await until(() => top.screen().includes("after the restart"), "what happened since", 30_000);
    await until(() => !top.screen().includes("reconnecting"), "that it is back");
    const [file = ""] = /\/dev\/\S+/.exec(top.stdout()) ?? [];
    execFileSync("stty", ["-F", file, "cols", "48", "rows", "12"]);
    await until(() => top.screen().split("\n").length === 12, "the other size");
    for (const line of top.screen().split("\n")) expect(line.length).toBeLessThanOrEqual(48);
    top.type("q");
    expect(await top.exit).toMatchObject({ code: 0 });
  });
});
