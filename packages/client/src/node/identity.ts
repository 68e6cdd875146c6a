/** The identity that all processes of a program share, such as the command line's: it has no lock. */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { AgentToken } from "@agentmesh/protocol";
import { z } from "zod";
import { makeStateFolder, readIfThere, type StateFolder, StateFolderError, writeOnce } from "./state-folder.ts";

const IdentityFile = z.object({ token: AgentToken, client: z.string(), place: z.string() });

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
