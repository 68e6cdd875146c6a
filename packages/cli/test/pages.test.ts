/**
 * Every `agentmesh …` that a page names is one that the command line has, with its arguments; every one that a message, a
 * help text or an error of ours names is one that it has, with its options.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { buildProgram } from "../src/program.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const program = buildProgram();

/** What is wrong with a command line; undefined when it could be typed. */
function wrong(line: string): string | undefined {
  const typed = wordsOf(line);
  // Of `help` the rest is the name of a command.
  const words = typed[0] === "help" ? typed.slice(1) : typed;
  let command: Command = program;
  let at = 0;
  for (; at < words.length; at++) {
    const next = command.commands.find((each) => [each.name(), ...each.aliases()].includes(words[at] ?? ""));
    if (!next) break;
    command = next;
  }
  if (command === program && words[at] !== undefined && !words[at]?.startsWith("-")) return `no command ${words[at]}`;
  const known = [...command.options, ...program.options, ...(command.parent?.options ?? [])];
  let operands = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return undefined;
    if (!/^-[-a-zA-Z]/.test(word)) {
      operands += 1;
      continue;
    }
    const [flag] = word.split("=");
    if (flag === "--help" || flag === "-h") return undefined;
    const option = known.find(({ short, long }) => short === flag || long === flag);
    if (!option) return `no option ${flag}`;
    if ((option.required || option.optional) && !word.includes("=")) at += 1;
  }
  const { registeredArguments: declared } = command;
  const least = declared.filter(({ required }) => required).length;
  const most = declared.some(({ variadic }) => variadic) ? Number.POSITIVE_INFINITY : declared.length;
  // Without any, it is the name of a command.
  return operands === 0 || (operands >= least && operands <= most) ? undefined : `${operands} arguments`;
}

/** Words as a shell has them, up to what another command follows. */
function wordsOf(line: string): string[] {
  const [own = ""] = line.split(/ [|>&;] ?| #|\||;/);
  return own.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)?.slice(1) ?? [];
}

function commandsOf(text: string): string[] {
  const prose = text.replaceAll(/^```(?:ts|js)\n[\s\S]*?^```$/gm, "");
  const inline = [...prose.matchAll(/`(agentmesh [^`\n]+)`/g)].map(([, line = ""]) => line);
  const fences = [...text.matchAll(/^```(?:sh|bash)?\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
    [...block.matchAll(/^(?:\$ )?(agentmesh [^\n]+)$/gm)].map(([, line = ""]) => line),
  );
  return [...inline, ...fences];
}

/** What follows the name where a sentence speaks of agentmesh itself. */
const SPOKEN =
  /^(again|and|are|at|broker|cannot|changed|connects|denied|do|does|folder|has|in|into|is|left|legacy|of|on|or|out|rests|say|secrets|server|sets|tool|tries|without)(?!\S)/;

/** What is wrong with a command in a sentence, whose end is the sentence's: its names and options are looked at. */
function wrongIn(rest: string): string | undefined {
  let command: Command = program;
  const [first, ...behind] = rest.split(/\s+/);
  const words = first === "help" ? behind : [first ?? "", ...behind];
  for (const word of words) {
    const next = command.commands.find((each) => [each.name(), ...each.aliases()].includes(word));
    if (!next) break;
    command = next;
  }
  if (command === program) return SPOKEN.test(words.join(" ")) ? undefined : `no command ${words[0]}`;
  const known = [...command.options, ...program.options, ...(command.parent?.options ?? [])];
  const flag = words
    .filter((word) => /^--?[a-z]/.test(word))
    .find((word) => !known.some(({ short, long }) => short === word || long === word));
  return flag === undefined ? undefined : `no option ${flag}`;
}

/** Every place of a source that names a command, or the product before a word. */
function spokenIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w@/<.-])agentmesh ([a-z](?!\w*\/)[^\n"'`.;:,()|&$\\]*)/g)].map(
    ([, rest = ""]) => rest,
  );
}

const pages = [
  ...["*.md", "docs/*.md", "docs/decisions/*.md", "docs/troubleshooting/*.md", "packages/*/README.md", "examples/*.md"],
  ...["plugins/**/*.md", ".changeset/*.md"],
].flatMap((pattern) => globSync(pattern, { cwd: root }));
const sources = ["protocol", "client", "broker", "mcp", "cli", "opencode", "pi", "cline", "ui"].flatMap((name) =>
  globSync(`packages/${name}/src/**/*.{ts,tsx,html}`, { cwd: root }),
);

test.each(pages)("%s names commands that exist, with their arguments", (page) => {
  const named = commandsOf(readFileSync(join(root, page), "utf8"));
  expect(named.map((line) => [line, wrong(line)]).filter(([, why]) => why !== undefined)).toEqual([]);
});

test("messages, help and errors of the programs name commands that exist, with their options", () => {
  const spoken = sources.flatMap((source) =>
    // The end of an element ends a command.
    spokenIn(readFileSync(join(root, source), "utf8").replaceAll(/<\/\w+>/g, "\n")).map(
      (rest) => [source, rest] as const,
    ),
  );
  expect(spoken.filter(([, rest]) => wrongIn(rest) === undefined).length).toBeGreaterThan(100);
  expect(spoken.map(([source, rest]) => [source, rest, wrongIn(rest)]).filter(([, , why]) => why)).toEqual([]);
});

test("the check itself tells right from wrong", () => {
  expect(
    ["agentmesh webhook set URL", "agentmesh sned bob", "agentmesh send bob x --hurry", "agentmesh trace"].map(wrong),
  ).toEqual(["1 arguments", "no command sned", "no option --hurry", undefined]);
  expect(["agentmesh help trace", "agentmesh help trance"].map(wrong)).toEqual([undefined, "no command trance"]);
  const said =
    "Look: agentmesh sned. Or agentmesh webhook set NAME --hurry; agentmesh is off, `agentmesh agents --archived`";
  expect(spokenIn(said).map(wrongIn)).toEqual(["no command sned", "no option --hurry", undefined, undefined]);
});
