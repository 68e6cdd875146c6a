/** The identity that all processes of a program share, such as the command line's: it has no lock. */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AgentToken } from "@agentmesh/protocol";
import * as z from "zod";
import {
  makeStateFolder,
  readIfThere,
  refusedBy,
  replaceFile,
  type StateFolder,
  StateFolderError,
  writeOnce,
} from "./state-folder.ts";

const IdentityFile = z.object({ token: AgentToken, client: z.string(), place: z.string() });

/** The identity of (client, place) that all processes share, such as the command line's. @throws StateFolderError */
export function sharedIdentity(folder: StateFolder, client: string, place: string): { readonly token: string } {
  makeStateFolder(folder);
  return { token: tokenIn(pathOf(folder, client, place), client, place) };
}

/** The same identity if some process has made it; makes nothing. @throws StateFolderError */
export function knownIdentity(
  folder: StateFolder,
  client: string,
  place: string,
): { readonly token: string } | undefined {
  const path = pathOf(folder, client, place);
  const text = readIfThere(path);
  return text === undefined ? undefined : { token: tokenOf(text, path) };
}

/** Keeps an identity for another place from now on, instead of what was kept for that. @throws StateFolderError */
export function moveIdentity(folder: StateFolder, client: string, from: string, to: string): void {
  if (from === to) return;
  const known = knownIdentity(folder, client, from);
  if (!known) return;
  replaceFile(pathOf(folder, client, to), fileText({ token: known.token, client, place: to }));
  forgetIdentity(folder, client, from);
}

/** Nobody can be this agent again. @throws StateFolderError */
export function forgetIdentity(folder: StateFolder, client: string, place: string): void {
  const path = pathOf(folder, client, place);
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw refusedBy(error, path, "cannot be removed", { path });
  }
}

/** The token of an agent, and the file of the state folder that holds it: a program's, or a session's. */
export interface KeptToken {
  readonly token: string;
  readonly path: string;
  /** What its agent was called when the file was written: it may have been renamed since. */
  readonly name: string | undefined;
}

const KeptFile = z.looseObject({
  token: AgentToken,
  /** Of a session's agent its name; of a program's the name that it asked for. */
  name: z.string().optional(),
  place: z.string().optional(),
});

/** The tokens of agents that are kept here: whose they are by now the broker says. */
export function keptTokens(folder: StateFolder): KeptToken[] {
  const found: KeptToken[] = [];
  for (const file of namesIn(folder.agents).filter((each) => each.endsWith(".json"))) {
    const path = join(folder.agents, file);
    const kept = keptIn(path);
    if (kept) found.push({ token: kept.token, path, name: kept.name ?? kept.place });
  }
  return found;
}

/**
 * Keeps a token in place of another one, with all else that its file says; a session that is at work takes it up with its next call.
 * `put` when it was put there now, `kept` when it had been there, `other` where the file holds neither. @throws StateFolderError
 */
export function exchangeToken({ path, token }: KeptToken, next: string): "put" | "kept" | "other" {
  const kept = keptIn(path);
  if (kept?.token === next) return "kept";
  if (kept?.token !== token) return "other";
  replaceFile(path, `${JSON.stringify({ ...kept, token: next })}\n`);
  return "put";
}

function keptIn(path: string): z.infer<typeof KeptFile> | undefined {
  try {
    return KeptFile.safeParse(JSON.parse(readIfThere(path) ?? "")).data;
  } catch {
    return undefined;
  }
}

/** The names of the files in a folder, in their order; of one that is not there, none. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function pathOf(folder: StateFolder, client: string, place: string): string {
  return join(folder.agents, `${fingerprint(client, place)}.json`);
}

function fileText(identity: z.infer<typeof IdentityFile>): string {
  return `${JSON.stringify(identity)}\n`;
}

function tokenIn(path: string, client: string, place: string): string {
  const made = { token: `am_${randomBytes(32).toString("base64url")}`, client, place };
  return tokenOf(readIfThere(path) ?? writeOnce(path, fileText(made)), path);
}

function tokenOf(text: string, path: string): string {
  try {
    return IdentityFile.parse(JSON.parse(text)).token;
  } catch (error) {
    throw new StateFolderError(`${path} is damaged. Move it away to get a new agent.`, { cause: error });
  }
}

function fingerprint(client: string, place: string): string {
  return createHash("sha256").update(`${client}\0${place}`).digest("hex").slice(0, 20);
}
