/** Push path codex-queue: `codex queue` puts a text into the queue of a Codex thread, which runs it when it is idle. */
import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { systemEnvironment } from "@agentmesh/client/node";
import { plainLine } from "@agentmesh/protocol";
import type { ClientSession } from "../client/client-session.ts";
import type { PushPath } from "./push-path.ts";

const TIMEOUT_MS = 8_000;

/** Linux takes 128 KiB per argument, Windows 32,767 characters per command line. */
const MAX_BYTES = process.platform === "win32" ? 24_000 : 100_000;

const run = promisify(execFile);

/** What the path needs to start Codex. */
export interface CodexQueueParts {
  readonly session: ClientSession;
  /** Arguments of the Codex process that started this adapter, its program first. */
  readonly clientArgs: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The path into the thread, once a tool call or a hook has named it. Without `--resume`: a thread that nobody has open is
 * not to run unseen.
 */
export function codexQueue({ session, clientArgs, environment }: CodexQueueParts): PushPath {
  const [program = ""] = clientArgs;
  const codex = basename(program).startsWith("codex") ? program : "codex";
  return {
    name: "codex-queue",
    maxBytes: MAX_BYTES,
    known: () => session.facts.id !== undefined,
    async push(text) {
      const { id, codexHome } = session.facts;
      // Its own settings, not what a project wants of Node or has as secrets.
      const env = {
        ...systemEnvironment(environment, /^CODEX_/),
        ...(codexHome !== undefined && { CODEX_HOME: codexHome }),
      };
      await run(codex, ["queue", "--thread", id ?? "", `--message=${text}`], { env, timeout: TIMEOUT_MS }).catch(
        (error: unknown) => {
          throw new Error(`codex queue failed: ${reasonIn(error)}`);
        },
      );
    },
  };
}

/** The last line Codex wrote; the message of a failed call would repeat the whole text. */
function reasonIn(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const said = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim().split("\n").at(-1) : "";
  if (said) return plainLine(said, 120);
  return "code" in error ? String(error.code) : error.name;
}
