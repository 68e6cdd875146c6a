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

/** Most that are remembered of those that it told, the newest first. */
const MAX_TOLD_URLS = 24;

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

/**
 * What the broker told of its addresses: a file of its own, which adapters replace at any time, so that none of them writes a
 * credential that was exchanged meanwhile.
 */
const ToldAddresses = z.object({
  machine: JoinedMesh.shape.machine,
  urls: z.array(BrokerUrl).max(MAX_TOLD_URLS),
});

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
export function forgetJoinedMesh({ joinedFile, addressesFile }: StateFolder): boolean {
  const isThere = readIfThere(joinedFile) !== undefined;
  try {
    rmSync(joinedFile, { force: true });
    rmSync(addressesFile, { force: true });
  } catch (error) {
    throw refusedBy(error, joinedFile, "cannot be removed", { path: joinedFile });
  }
  return isThere;
}

/** Every address at which the broker may be: those that it told last, then those of the invite. None is believed for being here. */
export function addressesOf(folder: StateFolder, mesh: JoinedMesh): string[] {
  return [...new Set([...toldIn(folder, mesh), ...mesh.urls])];
}

/**
 * Keeps addresses that a broker which had proved itself told. Only where a certificate is pinned: elsewhere whoever stands between
 * could tell others. What cannot be written is told again with the next heartbeat.
 */
export function keepAddresses(folder: StateFolder, mesh: JoinedMesh | undefined, told: readonly string[]): void {
  // One that was left meanwhile is forgotten whole.
  if (mesh?.ca === undefined || textOrNone(folder.joinedFile) === "") return;
  const urls = told.map((url) => BrokerUrl.safeParse(url).data).filter((url) => url?.startsWith("https:"));
  const before = toldIn(folder, mesh);
  const now = ToldAddresses.safeParse({
    machine: mesh.machine,
    urls: [...new Set([...urls, ...before])].slice(0, MAX_TOLD_URLS),
  }).data;
  if (!now || now.urls.join() === before.join()) return;
  try {
    replaceFile(folder.addressesFile, `${JSON.stringify(now, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof StateFolderError)) throw error;
  }
}

function toldIn({ addressesFile }: StateFolder, { machine, ca }: JoinedMesh): readonly string[] {
  if (ca === undefined) return [];
  const told = ToldAddresses.safeParse(parsed(textOrNone(addressesFile))).data;
  return told?.machine === machine ? told.urls : [];
}

/** Without this file the addresses of the invite are tried: it is no hindrance. */
function textOrNone(path: string): string {
  try {
    return readIfThere(path) ?? "";
  } catch {
    return "";
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
