/** The command that client configurations are given for the adapter, decided from how this command line itself runs. */
import { existsSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, sep } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import { usageError } from "../command-error.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { startsAdapter } from "./config/config-file.ts";
import { programsOnPath } from "./program-on-path.ts";

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
  /** Of the program at `execPath`. */
  readonly versions: Readonly<Record<"node", string> & Partial<Record<"bun", string>>>;
  /** `--command`. */
  readonly given?: string;
  /** The configuration is shared with other people: no path of this machine in it. */
  readonly shared: boolean;
}

/**
 * Decides it. Programs with windows and services have another PATH than a shell, and each shell may have its own: what is
 * written finds Node and the adapter without it. @throws CommandError for a `--command` that cannot be read
 */
export function adapterCommand(terms: AdapterTerms): AdapterCommand {
  const { platform, given, shared } = terms;
  const npx = ["npx", "-y", `agentmesh-mcp@${VERSION}`];
  if (shared) return { words: given === undefined ? npx : wordsOf(given), hookless: "hooks name paths of one machine" };
  if (given !== undefined) {
    const words = wordsOf(given);
    return startsAdapter(given)
      ? withHook(words, platform)
      : { words, hookless: "uninstall could not tell hooks with this --command from yours" };
  }
  const adapter = realPath(terms.adapter);
  const origin = originOf(adapter);
  if (origin === "checkout")
    return ownHook(nodePath(terms), adapter.replace(/src([\\/])main\.ts$/, "dist$1main.js"), terms);
  if (origin === "installed") return ownHook(nodePath(terms), adapter, terms);
  return {
    words: platform === "win32" ? ["cmd", "/c", ...npx] : [...pathFor(terms), ...npx],
    hookless:
      "npx would take half a second at every tool call. For hooks: npm install -g agentmesh, then agentmesh setup",
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

/**
 * A hook is over before compiled code would pay, and V8's compiler alone takes 2 MiB of it: with a long path it compiles how Node
 * takes that apart. The flag is one that Node documents; one that a later Node does not know would fail each call of a tool.
 * Before 24 Node answers it with a warning, which a client would show its model.
 */
function ownHook(node: string, adapter: string, { platform, versions }: AdapterTerms): AdapterCommand {
  const isQuiet = versions.bun === undefined && Number(versions.node.split(".")[0]) >= 24;
  return { ...withHook([node, ...(isQuiet ? ["--jitless"] : []), adapter], platform), words: [node, adapter] };
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
  const ours = realPath(execPath);
  const named = programsOnPath("node", env, platform).filter((path) => realPath(path) === ours);
  return named.find((path) => isAbsolute(path) && !isFleeting(path, env)) ?? execPath;
}

/** fnm makes a folder of links for each shell, which goes with it. */
function isFleeting(path: string, env: NodeJS.ProcessEnv): boolean {
  const passing = [tmpdir(), "/tmp", "/run", env.XDG_RUNTIME_DIR ?? "/run"].some((folder) =>
    path.startsWith(folder + sep),
  );
  return passing || /[\\/](fnm_multishells|_npx)[\\/]/.test(path);
}

/** npx and the programs it runs find Node by PATH alone: that of the system, and where this Node is. */
function pathFor(terms: AdapterTerms): string[] {
  if (!existsSync(ENV)) return [];
  const npx = programsOnPath("npx", terms.env, terms.platform).find(
    (path) => isAbsolute(path) && !isFleeting(path, terms.env),
  );
  const folders = [nodePath(terms), ...(npx === undefined ? [] : [npx])].map((path) => dirname(path));
  return [ENV, `PATH=${[...new Set([...folders, ...SYSTEM_PATH])].join(":")}`];
}

const ENV = "/usr/bin/env";
const SYSTEM_PATH = ["/usr/local/bin", "/usr/bin", "/bin"];

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
