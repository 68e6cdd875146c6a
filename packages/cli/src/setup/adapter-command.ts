/** The command that client configurations are given for the adapter, decided from how this command line itself runs. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import { z } from "zod";
import { usageError } from "../command-error.ts";
import { startsAdapter } from "./config/config-file.ts";
import { programOnPath } from "./program-on-path.ts";

const OurManifest = z.object({ name: z.literal("agentmesh-mcp"), version: z.literal(VERSION) });

/** The command, and whether clients may run it at every tool call. */
export interface AdapterCommand {
  readonly words: readonly string[];
  /** The command as a hook, before `hook <client>`; undefined with `hookless`. */
  readonly hook?: string;
  /** Why there are no hooks. */
  readonly hookless?: string;
}

/** What the decision rests on. */
export interface AdapterTerms {
  /** Entry file of agentmesh-mcp as this command line resolves it. */
  readonly adapter: string;
  readonly execPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** `--command`. */
  readonly given?: string;
  /** The configuration is shared with other people: no path of this machine in it. */
  readonly shared: boolean;
}

/** Decides it. @throws CommandError for a `--command` that cannot be read */
export function adapterCommand(terms: AdapterTerms): AdapterCommand {
  const { platform, given } = terms;
  if (given !== undefined) {
    const words = wordsOf(given);
    return startsAdapter(given)
      ? withHook(words, platform)
      : { words, hookless: "uninstall could not tell hooks with this --command from yours" };
  }
  const adapter = realPath(terms.adapter);
  const origin = originOf(adapter);
  if (origin === "checkout")
    return withHook([nodePath(terms), adapter.replace(/src([\\/])main\.ts$/, "dist$1main.js")], platform);
  if (origin === "installed" && !terms.shared) {
    // On Windows the name stands for a .cmd file, which many programs cannot start.
    const named = platform === "win32" ? undefined : programOnPath("agentmesh-mcp", terms.env, platform);
    return withHook(named !== undefined && isOurs(named) ? ["agentmesh-mcp"] : [nodePath(terms), adapter], platform);
  }
  const npx = ["npx", "-y", `agentmesh-mcp@${VERSION}`];
  return {
    words: platform === "win32" ? ["cmd", "/c", ...npx] : npx,
    hookless: terms.shared
      ? "hooks name a path of this machine"
      : "npx would take half a second at every tool call. For hooks: npm install -g agentmesh, then agentmesh setup",
  };
}

/** Where the adapter's entry file comes from: this repository, an installation that stays, or a cache that does not. */
export function originOf(adapter: string): "checkout" | "installed" | "passing" {
  const parts = adapter.split(/[\\/]/);
  const modules = parts.lastIndexOf("node_modules");
  if (parts.some((part) => part === "_npx" || part === "dlx" || /^(dlx|bunx)-/.test(part))) return "passing";
  if (modules === -1) return "checkout";
  if (parts.includes("global")) return "installed";
  // Below a project's own package.json it goes with the project.
  const owner = parts.slice(0, parts.indexOf("node_modules")).join(sep);
  return existsSync(join(owner, "package.json")) ? "passing" : "installed";
}

/** One argument for the shell that runs hooks: sh, or cmd on Windows. */
export function shellWord(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return platform === "win32" ? `"${word}"` : `"${word.replace(/["$`\\]/g, "\\$&")}"`;
}

function withHook(words: readonly string[], platform: NodeJS.Platform): AdapterCommand {
  return { words, hook: words.map((word) => shellWord(word, platform)).join(" ") };
}

/** A command as a person types it: words, with double or single quotes around blanks. */
function wordsOf(given: string): string[] {
  const pieces = given.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  const words = pieces.map((piece) => piece.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  const quotes = given.replace(/"[^"]*"|'[^']*'/g, "");
  if (words.length === 0 || /["']/.test(quotes)) {
    throw usageError(`--command ${given} cannot be read. Write it as in a shell: --command 'node "/a folder/main.js"'`);
  }
  return words;
}

/** The path of this Node that stays when Node is updated: a package manager's link rather than what it points at. */
function nodePath({ execPath, env, platform }: AdapterTerms): string {
  const named = programOnPath("node", env, platform);
  return named !== undefined && realPath(named) === realPath(execPath) ? named : execPath;
}

function isOurs(program: string): boolean {
  try {
    const manifest = readFileSync(join(dirname(dirname(realPath(program))), "package.json"), "utf8");
    return OurManifest.safeParse(JSON.parse(manifest)).success;
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
