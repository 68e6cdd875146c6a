/** `top` and `needs`: what waits for a person, as a person sees it in a real terminal of 80 columns and 24 rows. */
import { execFileSync } from "node:child_process";
import {
  cleanEnv,
  type RunningProgram,
  startInTerminal,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
  whyNoTerminals,
} from "testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { cli, cliWithStdin } from "./run-cli.ts";

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
  home = broker.home,
): RunningProgram & { readonly screen: () => string; readonly type: (keys: string) => void } {
  const running = startInTerminal(["top", ...args], {
    env: cleanEnv({ AGENTMESH_HOME: home, ...ENV }),
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

  test("an answer that nobody needs any more is waived by a key, which asks first", async () => {
    const [waits, owes] = [await broker.agent("waits"), await broker.agent("owes")];
    await waits.client.ask({ to: "owes", body: "Which one?", answerWithinMs: 60_000, timeoutMs: 0 });
    await owes.client.ask({ to: "waits", body: "Which port?", answerWithinMs: 1_000, timeoutMs: 0 });
    const top = startTop();
    await until(() => top.screen().includes("owes waits for an answer that waits owes"), "the overdue answer");
    expect(top.screen()).toContain("w waive");
    top.type("w");
    await until(() => top.screen().includes("Have waits owe owes no answer any more? [y]es, [n]o"), "to be asked");
    top.type("y");
    await until(() => top.screen().includes("Nothing waits for you."), "the list to be empty");
    expect((await waits.client.listAsks()).owed).toEqual([]);
    expect((await owes.client.listAsks()).owed).toHaveLength(1);
    top.type("q");
    expect(await top.exit).toMatchObject({ code: 0 });
  });

  test("a key acts on the need that was chosen: when it goes by itself, none is chosen until somebody does", async () => {
    await refuse("mine", ["of mine"]);
    await refuse("others", ["of others"]);
    const top = startTop();
    await until(() => /› dead letter .* to mine/.test(top.screen()) && top.screen().includes("to others"), "the two");
    const { entries } = await broker.admin.listDead();
    const [mine] = entries.filter(({ message }) => message.body === "of mine");
    await broker.admin.dismiss({ delivery: mine?.id ?? "none" });
    await until(() => top.screen().includes("what was chosen is over"), "that it is over");
    expect(top.screen()).not.toContain("›");
    // What a person typed for the one that was there a moment ago.
    top.type("d");
    top.type("y");
    top.type("j");
    await until(() => /› dead letter .* to others/.test(top.screen()), "the other to be chosen");
    expect((await broker.admin.listDead()).entries).toHaveLength(1);
    top.type("d");
    await until(() => top.screen().includes("Dismiss 1 dead letter to others?"), "the question");
    top.type("y");
    await until(() => top.screen().includes("Nothing waits for you."), "the list to be empty");
    top.type("q");
    expect(await top.exit).toMatchObject({ code: 0 });
  });

  test("an answer that is refused stays as it was typed, and what was asked of another is not answered", async () => {
    await cli(broker.home, ["send", "keyed", "so that the person is known"]);
    await cli(broker.home, ["agent", "add", "maria"]);
    const asker = await broker.agent("curious");
    const asks = [];
    for (const [to, body] of [
      ["cli", "Ship it?"],
      ["maria", "Is it red?"],
    ] as const) {
      asks.push(asker.client.ask({ to, body, timeoutMs: 60_000 }).catch(() => undefined));
      await until(
        async () => (await broker.admin.listNeeds({ agent: to, kind: "question" })).needs.length === 1,
        `the question to ${to}`,
      );
    }
    const top = startTop();
    await until(() => top.screen().includes("Ship it?") && top.screen().includes("Is it red?"), "the questions");
    await until(() => top.screen().includes("a answer"), "the key for the one to the person");
    top.type("j");
    await until(() => /› asks you .* answer of maria/.test(top.screen()), "the other one");
    expect(top.screen()).not.toContain("a answer");
    top.type("ka");
    await until(() => top.screen().includes("Answer to curious:"), "the field");
    top.type("Not before noon");
    await broker.admin.removeAgent({ agent: "curious" });
    top.type("\r");
    await until(() => /curious .*(left|removed|no agent)/i.test(top.screen()), "why it is refused");
    expect(top.screen()).toContain("Answer to curious: Not before noon");
    top.type("\u0003");
    await Promise.all(asks);
    expect(await top.exit).toMatchObject({ code: 0 });
  });

  test("a name that nobody has is asked about before the screen is taken", async () => {
    const top = startTop(["--as", "nobody-yet"]);
    await until(() => top.stdout().includes("Make it?"), "the question");
    top.type("n\r");
    expect((await top.exit).code).not.toBe(0);
    expect(top.stdout()).not.toContain("\u001b[?1049h");
  });

  test("a machine that joined, which is told no events, sees what waits for its agent all the same", async () => {
    using home = tempDir();
    const { stdout } = await cli(broker.home, ["invite"]);
    expect(await cliWithStdin(home.path, ["join", "-", "--host", "laptop"], stdout)).toMatchObject({ code: 0 });
    expect(await cli(home.path, ["agent", "add", "own-one"])).toMatchObject({ code: 0 });
    const top = startTop(["own-one"], home.path);
    await until(() => top.screen().includes("Nothing waits for you."), "the first look");
    expect(await cli(home.path, ["policy", "own-one", "--otherwise", "hold"])).toMatchObject({ code: 0 });
    const { client } = await broker.agent("stranger");
    const took: number[] = [];
    for (const body of ["from afar", "and again", "and once more"]) {
      const begun = performance.now();
      await client.send({ to: "own-one", body });
      await until(() => top.screen().includes(body), `"${body}", which is held`, 30_000);
      took.push(performance.now() - begun);
    }
    // Each is sent right behind a look: one that waits as with events, ten seconds, would be seen so late each time.
    expect(Math.min(...took.slice(1)), `${took.map(Math.round)} ms`).toBeLessThan(9_000);
    top.type("q");
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
