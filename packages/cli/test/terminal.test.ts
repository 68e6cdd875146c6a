/** What a person sees in a terminal of any width: lines that fit, words that are whole, wide characters counted. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import {
  cleanEnv,
  sampleOf,
  startInTerminal,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
  whyNoTerminals,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** Longer than most. */
const LONG = "the-engine-of-the-lobby-of-the-poker-room";

const COMMANDS = [
  ["status"],
  ["agents"],
  ["inbox", "bob", "--full"],
  ["history"],
  ["trace", "MESSAGE"],
  ["trace", "ANSWER"],
  ["inbox", "alice", "--full"],
  ["focus", "bob"],
  ["send", "bob", "hello"],
  ["send", "nobody-of-this-name", "hello"],
  ["ask", "bob", "anybody there?", "--timeout", "1s"],
  ["log"],
  ["log", "--agent", LONG],
  ["agents", "--live"],
  ["agent", "show", LONG],
  ["inbox", LONG],
  ["held"],
  ["held", LONG],
  ["dead"],
  ["owed"],
  ["needs"],
  ["topics"],
  ["webhook", "list"],
  ["webhook", "remove", LONG],
  ["webhook", "show", LONG],
  ["search", "nothing-that-anybody-has-written-so-far"],
  ["history", "--with", LONG],
  ["send", LONG, "hello"],
  ["publish", "build.of.everything.that.there.is.failed", "hello"],
  ["status", "too", "many"],
  ["trace"],
  ["sned", "bob", "hello"],
  ["log", "--lmit", "3"],
  ["inbox", "--limit"],
  ["exit-codes"],
  ["--help"],
  ["send", "--help"],
  ["webhook", "set", "--help"],
  ["topics", "--help"],
];

let broker: TestBroker;
let messageId: string;
let answerId: string;
beforeAll(async () => {
  broker = await startTestBroker();
  const [alice, bob] = [await broker.agent("alice"), await broker.agent("bob")];
  await broker.agent(LONG);
  for (const body of ["a word to you", "and another"]) await bob.client.send({ to: LONG, body });
  await broker.admin.setFocus({ agent: "bob", forMs: 3_600_000, reason: "deep in a refactor of everything" });
  const body =
    "これは幅の広い文字です and words such as cancelled, redelivered and acknowledged, in a long line of text";
  ({ messageId } = await alice.client.send({ to: "bob", body }));
  ({ messageId: answerId } = await bob.client.send({ inReplyTo: messageId, body: `so they do: ${body}` }));
  // More than one from the beginning: each command says the same in every width.
  for (const body of ["one more", "and another"]) await alice.client.send({ to: "bob", body });
});
afterAll(() => broker[Symbol.asyncDispose]());

/** Columns of a line as a terminal counts them: two for what is wide. */
function widthOf(line: string): number {
  return [...line].reduce(
    (sum, char) => sum + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/.test(char) ? 2 : 1),
    0,
  );
}

/** What a command shows in a terminal of that width, as lines; a line drawn over and over is its last state. */
async function shown(columns: number, args: readonly string[], home?: string): Promise<string[]> {
  const env = cleanEnv({
    ...{ AGENTMESH_HOME: broker.home, NO_COLOR: "1", TERM: "xterm", FORCE_COLOR: undefined },
    ...(home !== undefined && { HOME: home, PATH: join(home, "bin") }),
  });
  const running = startInTerminal(args, { env, columns });
  if (home !== undefined) {
    await until(() => running.stdout().includes("[q]uit"), "the question", 30_000);
    running.child.stdin?.write("q\r");
  }
  await running.exit;
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");
  return running
    .stdout()
    .replace(escapes, "")
    .split("\n")
    .map((each) => each.replace(/\r+$/, "").split("\r").at(-1) ?? "");
}

/** Words; without ids, and without those that are cut, which ends in `…`. */
function wordsOf(lines: readonly string[]): string[] {
  return (
    lines
      .join(" ")
      .replaceAll(/\b[a-z]{3}_[0-9a-f]+|\p{L}*…\p{L}*/gu, "")
      .match(/\p{L}+/gu) ?? []
  );
}

describe.skipIf(whyNoTerminals !== undefined)(
  `in a terminal${whyNoTerminals === undefined ? "" : ` (${whyNoTerminals})`}`,
  () => {
    test.each(sampleOf(COMMANDS, 5).map((args) => [args.join(" "), args] as const))(
      "agentmesh %s fits, and every word in a narrow one is one that a wide one shows",
      async (_, words) => {
        const args = words.map((word) => ({ MESSAGE: messageId, ANSWER: answerId })[word] ?? word);
        const [wide, sixty, unknown] = await Promise.all([shown(200, args), shown(60, args), shown(0, args)]);
        expect(wide.filter((line) => widthOf(line) > 200)).toEqual([]);
        const whole = new Set(wordsOf(wide));
        expect(whole.size).toBeGreaterThan(0);
        for (const [columns, most, lines] of [
          [60, 60, sixty],
          [0, 80, unknown],
        ] as const) {
          expect(lines.filter((line) => widthOf(line) > most)).toEqual([]);
          expect([columns, wordsOf(lines).filter((word) => !whole.has(word))]).toEqual([columns, []]);
        }
      },
    );

    test.each([
      ["ask", "bob", "still there?", "--timeout", "1s"],
      ["send", "bob", "still there?", "--wait", "1s"],
      ["log", "-f"],
    ])("of 60 columns a next step of %s stands in one line", async (...args) => {
      const env = cleanEnv({ AGENTMESH_HOME: broker.home, NO_COLOR: "1", TERM: "xterm", FORCE_COLOR: undefined });
      const running = startInTerminal(args, { env, columns: 60 });
      if (args.includes("-f")) {
        await until(() => running.stdout().includes("Waiting for"), "the wait", 30_000);
        running.child.stdin?.write("\u0003");
      }
      await running.exit;
      const steps = [...running.stdout().matchAll(/agentmesh (trace|cancel|inbox|log)\b.*/g)].map(([step]) =>
        step.trim(),
      );
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps)
        expect(step).toMatch(/^agentmesh (inbox\.|log -f$|(trace|cancel|log --message) msg_[0-9a-f]{32}\b)/);
      expect(running.stdout()).not.toMatch(/agentmesh\s*$/m);
    });

    test("agentmesh setup and its question fit, and no word is broken", async () => {
      using home = tempDir();
      for (const name of [".claude", ".codex", ".config/opencode"])
        mkdirSync(join(home.path, name), { recursive: true });
      mkdirSync(join(home.path, "bin"));
      for (const name of ["stty", "sh", "bash"]) symlinkSync(`/bin/${name}`, join(home.path, "bin", name));
      const args = ["setup", "--allow-tools"];
      const [wide, sixty] = await Promise.all([shown(200, args, home.path), shown(60, args, home.path)]);
      expect(sixty.filter((line) => widthOf(line) > 60)).toEqual([]);
      expect(sixty.length).toBeGreaterThan(wide.length);
      const whole = new Set(wordsOf(wide));
      expect(wordsOf(sixty).filter((word) => !whole.has(word))).toEqual([]);
    });

    test.each(sampleOf([40, 60, 80, 120], 2))(
      "of %d columns a wait that is ended with Ctrl-C leaves nothing of its line behind",
      async (columns) => {
        const env = cleanEnv({ AGENTMESH_HOME: broker.home, NO_COLOR: "1", TERM: "xterm", FORCE_COLOR: undefined });
        const wait = ["send", "bob", `wait ${columns}`, "--wait", "1m"];
        const running = startInTerminal(wait, { env, columns });
        await until(() => running.stdout().includes("Waiting for"), "the wait", 30_000);
        running.child.stdin?.write("\u0003");
        expect((await running.exit).code).toBe(130);
        // The terminal shows ^C behind the line, and the line goes with it: were it too long, a piece would stay above.
        const [, drawn = "none"] = /.*\r(Waiting for [^\r]*)\r/s.exec(stripVTControlCharacters(running.stdout())) ?? [];
        expect(drawn).toMatch(/\^C$/);
        expect(widthOf(drawn)).toBeLessThan(columns);
      },
    );

    const asked: [string[], string, number][] = [
      [["send", "bob", "hi"], "y", 0],
      [["subscribe", "news"], "yes", 0],
      [["send", "bob", "hi"], "", 4],
      [["ask", "bob", "hi?"], "n", 4],
    ];
    test.each(sampleOf(asked, 2))(
      "%j as an agent that is not there asks first; after %j it exits with %d",
      async (args, answer, code) => {
        const name = `new-${answer || "enter"}`;
        const env = cleanEnv({ AGENTMESH_HOME: broker.home, TERM: "dumb" });
        const running = startInTerminal([...args, "--as", name], { env });
        await until(
          () => running.stdout().includes(`You have no agent named ${name}. Make it?`),
          "the question",
          30_000,
        );
        running.child.stdin?.write(`${answer}\r`);
        expect((await running.exit).code).toBe(code);
        const { agents } = await broker.admin.listAgents();
        expect(agents.some((agent) => agent.name === name)).toBe(code === 0);
      },
    );
  },
);
