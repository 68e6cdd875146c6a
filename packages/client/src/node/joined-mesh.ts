/** The mesh of another machine that this one has joined: where its broker is, how it proves itself, and the credential. */
import { rmSync } from "node:fs";
import { isCalled } from "@agentmesh/protocol";
import * as z from "zod";
import {
  makeStateFolder,
  readIfThere,
  refusedBy,
  replaceFile,
  type StateFolder,
  StateFolderError,
} from "./state-folder.ts";

/** Most addresses of one broker that are kept. */
export const MAX_JOINED_URLS = 16;

/** An address of a broker, without a path. */
const BrokerUrl = z
  .string()
  .refine(isBrokerUrl, { error: "an address such as https://192.168.1.7:7900, without a path" })
  .transform((text) => new URL(text).origin);

/** What a machine keeps of the mesh that it joined. */
export const JoinedMesh = z.object({
  version: z.literal(1),
  /** Where the broker may be, each tried. */
  urls: z.array(BrokerUrl).min(1).max(MAX_JOINED_URLS),
  /** Certificate of the authority that the broker's certificates come from, as PEM; absent where it is reached without TLS. */
  ca: z.string().optional(),
  /** Id of this machine in that mesh. */
  machine: z.string().regex(/^mch_[0-9a-f]{32}$/, "mch_ and 32 hex digits"),
  /** The machine credential. */
  token: z.string().regex(/^amm_[A-Za-z0-9_-]{43,86}$/, "amm_ and 43 to 86 base64url characters"),
  /** What this machine is called there. */
  host: z.string().min(1),
});
export type JoinedMesh = z.infer<typeof JoinedMesh>;

function isBrokerUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) return false;
  return `${url.origin}/` === url.href && isCalled(Number(url.port));
}

/** The mesh that the folder's machine has joined; undefined where it has joined none. @throws StateFolderError */
export function readJoinedMesh({ joinedFile }: StateFolder): JoinedMesh | undefined {
  const text = readIfThere(joinedFile);
  if (text === undefined) return undefined;
  const said = JoinedMesh.safeParse(parsed(text)).data;
  if (said) return said;
  throw new StateFolderError(
    `${joinedFile} should say which mesh this machine has joined, and cannot be read as that. Leave that mesh, and join again with a new invite if you want to be in it: agentmesh leave`,
  );
}

/** Keeps the mesh that this machine has joined (0600, whole), in place of the one before. @throws StateFolderError */
export function writeJoinedMesh(folder: StateFolder, mesh: JoinedMesh): void {
  makeStateFolder(folder);
  replaceFile(folder.joinedFile, `${JSON.stringify(JoinedMesh.parse(mesh), null, 2)}\n`);
}

/** Forgets the mesh that this machine has joined, and with it the credential; whether there was one. @throws StateFolderError */
export function forgetJoinedMesh({ joinedFile }: StateFolder): boolean {
  const isThere = readIfThere(joinedFile) !== undefined;
  try {
    rmSync(joinedFile, { force: true });
  } catch (error) {
    throw refusedBy(error, joinedFile, "cannot be removed", { path: joinedFile });
  }
  return isThere;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
