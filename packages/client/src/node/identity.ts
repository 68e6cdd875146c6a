/** Identities that last: agent tokens kept in the state folder, one live process each. */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { AgentToken } from "@agentmesh/protocol";
import { z } from "zod";
import { FileLock } from "./file-lock.ts";
import { makeStateFolder, readIfThere, type StateFolder, StateFolderError, writeOnce } from "./state-folder.ts";

const IdentityFile = z.object({ token: AgentToken, client: z.string(), place: z.string() });

/** The token of one agent of this machine. */
export interface Identity {
  readonly token: string;
  /** 1 for the first agent of this place, 2 for a second that is live beside it, … */
  readonly number: number;
  /** Lets another process become this agent. */
  release(): void;
}

/**
 * The first identity of (client, place) that no live process has; made when all are taken.
 * It is ours until this process ends, however it ends. `place` is a working directory or a chosen name.
 * @throws StateFolderError
 */
export function claimIdentity(folder: StateFolder, client: string, place: string): Identity {
  makeStateFolder(folder);
  for (let number = 1; number <= 1_000; number++) {
    const base = join(folder.agents, `${fingerprint(client, place)}-${number}`);
    const lock = FileLock.tryTake(`${base}.lock`);
    if (lock) return { token: tokenIn(`${base}.json`, client, place), number, release: () => lock.release() };
  }
  throw new StateFolderError(
    `1,000 live agents of ${client} in ${place}: that cannot be right. Look into ${folder.agents}.`,
  );
}

/** The identity of (client, place) that all processes share, such as the command line's. @throws StateFolderError */
export function sharedIdentity(folder: StateFolder, client: string, place: string): { readonly token: string } {
  makeStateFolder(folder);
  return { token: tokenIn(join(folder.agents, `${fingerprint(client, place)}.json`), client, place) };
}

function tokenIn(path: string, client: string, place: string): string {
  const made = { token: `am_${randomBytes(32).toString("base64url")}`, client, place };
  const text = readIfThere(path) ?? writeOnce(path, `${JSON.stringify(made)}\n`);
  try {
    return IdentityFile.parse(JSON.parse(text)).token;
  } catch (error) {
    throw new StateFolderError(`${path} is damaged. Move it away to get a new agent.`, { cause: error });
  }
}

function fingerprint(client: string, place: string): string {
  return createHash("sha256").update(`${client}\0${place}`).digest("hex").slice(0, 20);
}
