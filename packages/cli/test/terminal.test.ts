/** What a person sees in a terminal of any width: lines that fit, words that are whole, wide characters counted. */
import { spawn, spawnSync } from "node:child_process";
import { cleanEnv, programArgs, startTestBroker, type TestBroker, watched } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const noTerminals = spawnSync("script", ["--version"]).status === 0 ? undefined : "no script of util-linux";

let broker: TestBroker;
let commands: string[][];
beforeAll(async () => {
  broker = await startTestBroker();
  const [alice] = [await broker.agent("alice"), await broker.agent("bob")];
  await broker.admin.setFocus({ agent: "bob", forMs: 3_600_000, reason: "deep in a refactor of everything" });
  const body =
    "これは幅の広い文字です and words such as cancelled, redelivered and acknowledged, in a long line of text";
  const { messageId } = await alice.client.send({ to: "bob", body });
  commands = [
    ["status"],
    ["agents"],
    ["inbox", "bob", "--full"],
    ["history"],
    ["trace", messageId],
    ["focus", "bob"],
    ["send", "bob", "hello"],
    ["send", "nobody-of-this-name", "hello"],
    ["ask", "bob", "anybody there?", "--timeout", "1s"],
    ["exit-codes"],
    ["--help"],
    ["send", "--help"],
  ];
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
async function shown(columns: number, args: readonly string[]): Promise<string[]> {
  const line = [process.execPath, ...programArgs("cli", args)].map((word) => `'${word}'`).join(" ");
  const env = cleanEnv({ AGENTMESH_HOME: broker.home, NO_COLOR: "1", TERM: "xterm", FORCE_COLOR: undefined });
  const terminal = spawn("script", ["-qec", `stty cols ${columns} rows 40; ${line}`, "/dev/null"], { env });
  const running = watched(terminal);
  await running.exit;
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");
  return running
    .stdout()
    .replace(escapes, "")
    .split("\n")
    .map((each) => each.replace(/\r+$/, "").split("\r").at(-1) ?? "");
}

describe.skipIf(noTerminals !== undefined)(
  `in a terminal${noTerminals === undefined ? "" : ` (${noTerminals})`}`,
  () => {
    test.each([
      [0, 80],
      [60, 60],
      [200, 200],
    ])("of %d columns every line of every command has at most %d, and no word is broken", async (columns, most) => {
      for (const args of commands) {
        const lines = await shown(columns, args);
        expect([args, lines.filter((line) => widthOf(line) > most)]).toEqual([args, []]);
        const words =
          lines
            .join(" ")
            .replace(/\b[a-z]{3}_[0-9a-f]+/g, "")
            .match(/\p{L}+/gu) ?? [];
        // Halves of words that these commands say.
        const halves = words.filter((word) => /^(cancell|ed|redeliver|acknowl|interr|refus|messag|deliv)$/.test(word));
        expect([args, halves]).toEqual([args, []]);
      }
    });
  },
);
