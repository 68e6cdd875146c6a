/** Every option and argument that is declared: read by a grammar of ours, or known to be free text; texts all alike. */
import type { Command, Option } from "commander";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { CommandError } from "../src/command-error.ts";
import { buildProgram } from "../src/program.ts";
import { cli } from "./run-cli.ts";

/** Words of libraries, and of JavaScript. */
const LIBRARY = /too (small|big)|invalid|expected|received|NaN|undefined|allowed choices|is invalid|\[object|\(\?:/i;

/** What somebody may type by mistake; no option takes all of it. */
const TYPED = ["", " ", "x", "Ü", "-1", "0", "1.5", "1e3", "1e999", "0x10", "٣", "soon", "9d9", "10000000h", "null"];

/** Options whose value is a text, a name or a reference, which the broker or the file system judges. */
const FREE = [
  ...[
    "--url",
    "--home",
    "--as",
    "--agent",
    "--with",
    "--thread",
    "--message",
    "--reply",
    "--topic",
    "history --before",
  ],
  ...["search --before", "--accept", "--hold", "--refuse", "--forget", "--reason"],
  ...["--operator", "--same-repo", "--same-machine", "--remote", "--unverified", "--otherwise"],
  ...[
    "--idempotency-key",
    "--file",
    "--secret-file",
    "--token-file",
    "--database-password-file",
    "--agent-id",
    "--session-key",
  ],
  ...["--client", "--command", "--describe", "--skill", "move --to", "move --from"],
];

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

const program = buildProgram();
const commands = allCommands(program);
const isFree = (command: Command, { long }: Option) =>
  FREE.some((name) => [long, `${command.name()} ${long}`].includes(name));
const valued = commands.flatMap((command) =>
  command.options.filter((option) => option.required || option.optional).map((option) => [command, option] as const),
);
const read = valued.filter(([command, option]) => !isFree(command, option));

test("every option with a value that is no free text is read by a grammar", () => {
  expect(read.length).toBeGreaterThan(15);
  const unread = read.filter(([, { parseArg }]) => parseArg === undefined);
  expect(unread.map(([command, { long }]) => `${command.name()} ${long}`)).toEqual([]);
});

test.each(read.map(([command, option]) => [`${command.name()} ${option.flags}`, option] as const))(
  "%s refuses what it does not take in our words, with its name",
  (_, { parseArg, long }) => {
    const said = TYPED.flatMap((text) => {
      try {
        parseArg?.(text, undefined);
        return [];
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError);
        return [error instanceof Error ? error.message : ""];
      }
    });
    expect(said.length).toBeGreaterThan(3);
    for (const sentence of said) {
      expect(sentence).toMatch(new RegExp(`^${long} takes .+, not ".*"\\.$`));
      expect(sentence).not.toMatch(LIBRARY);
    }
  },
);

test("every command that takes a text takes it the same way: words, a file, standard input, and its help says so", () => {
  const texts = commands.filter(({ registeredArguments }) =>
    registeredArguments.some((each) => each.name() === "text"),
  );
  expect(texts.map((command) => command.name()).sort()).toEqual(["ask", "publish", "reply", "send"]);
  for (const command of texts) {
    expect(command.options.map(({ long }) => long)).toContain("--file");
    expect(command.registeredArguments.at(-1)).toMatchObject({ variadic: true, required: false });
  }
});

test.each([
  [["sned", "bob"], 'Unknown command "sned". Did you mean send?', "agentmesh"],
  [["webhook", "lst"], 'Unknown command "lst". Did you mean one of list, ls?', "agentmesh webhook"],
  [["log", "--lmit", "3"], 'Unknown option "--lmit". Did you mean --limit?', "agentmesh log"],
  [["--as", "bob", "trace"], 'Missing required argument "ref".', "agentmesh trace"],
  [["inbox", "--limit"], 'Option "--limit <count>" argument missing.', "agentmesh inbox"],
  [["agent", "add"], 'Missing required argument "name".', "agentmesh agent add"],
  [
    ["status", "too", "many"],
    'Too many arguments for "status". Expected 0 arguments but got 2: too, many.',
    "agentmesh status",
  ],
])("%j is refused in a sentence that says where its help is", async (args, said, command) => {
  using home = tempDir();
  const ended = await cli(home.path, args);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr.trimEnd()).toBe(`error: ${said} How it is used: ${command} --help`);
});
