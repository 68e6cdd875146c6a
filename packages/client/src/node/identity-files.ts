/**
 * Identities as files in the state folder: one file with a token per owner, and beside it a lock that the kernel releases
 * when its holder dies. Which owner a token belongs to is the name of its file, so that binding it is one rename.
 */
import { createHash, randomBytes } from "node:crypto";
import { renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { AgentToken } from "@agentmesh/protocol";
import * as z from "zod";
import type { FileLock } from "./file-lock.ts";
import type { Claim, Identities, Identity, IdentityNews, LastingOwner, Owner } from "./identities.ts";
import { namesIn } from "./identity.ts";
import { endLock, lockAt } from "./identity-lock.ts";
import {
  forgetDraft,
  makeStateFolder,
  readIfThere,
  refusedBy,
  replaceFile,
  type StateFolder,
  StateFolderError,
} from "./state-folder.ts";

const IdentityFile = z.object({
  token: AgentToken,
  used: z.boolean().default(false),
  name: z.string().optional(),
  summary: z.string().optional(),
});
type IdentityFile = z.output<typeof IdentityFile>;

/** The engine on files. */
export class IdentityFiles implements Identities {
  readonly #folder: StateFolder;

  constructor(folder: StateFolder) {
    this.#folder = folder;
  }

  claim(owner: LastingOwner): Claim | undefined {
    makeStateFolder(this.#folder);
    const path = this.#path(owner);
    const lock = lockAt(path);
    if (!lock) return undefined;
    if (!isThere(path) && !this.#takeOver(owner, path)) {
      lock.release();
      return undefined;
    }
    const exists = isThere(path);
    return {
      exists,
      open: () => (exists ? new HeldFile(path, lock, owner, read(path)) : newFile(path, lock, owner)),
      adopt(identity) {
        if (!(identity instanceof HeldFile))
          throw new StateFolderError(`${path}: only an identity of files can be bound.`);
        return identity.bindTo(path, lock, owner);
      },
      release: () => (exists ? lock.release() : endLock(path, lock)),
    };
  }

  own(client: string): Identity {
    makeStateFolder(this.#folder);
    for (;;) {
      const path = join(this.#folder.agents, `own-${randomBytes(12).toString("hex")}.json`);
      const lock = lockAt(path);
      if (lock) return newFile(path, lock, { kind: "own", client });
    }
  }

  nameOf(owner: LastingOwner): string | undefined {
    const text = readIfThere(this.#path(owner));
    return text === undefined ? undefined : parsed(text)?.name;
  }

  orphans(most: number): Identity[] {
    const found: Identity[] = [];
    for (const name of namesIn(this.#folder.agents)) {
      if (found.length >= most) break;
      forgetDraft(join(this.#folder.agents, name));
      const [, base, kind] = /^((own|conversation)-[0-9a-f]+)\.(?:json|lock)$/.exec(name) ?? [];
      const path = join(this.#folder.agents, `${base}.json`);
      if (kind === undefined || (kind === "conversation" && !isUnused(path))) continue;
      const lock = lockAt(path);
      if (!lock) continue;
      const content = parsed(readIfThere(path) ?? "");
      const owner = ownerIn(path);
      const orphan = new HeldFile(path, lock, owner, content ?? { token: "", used: false });
      // Its process ended before it had written a token, or after it had deleted it.
      if (!content) orphan.remove();
      else if (content.used && owner.kind !== "own") orphan.release();
      else found.push(orphan);
    }
    return found;
  }

  #path({ kind, client, of }: LastingOwner): string {
    return join(this.#folder.agents, `${kind}-${fingerprint(`${kind}\0${client}\0${of}`, 24)}.json`);
  }

  /**
   * Takes over what older versions kept for a place or name: the agent of whoever started first there. False while an
   * adapter of such a version is still that agent.
   */
  #takeOver({ kind, client, of }: LastingOwner, path: string): boolean {
    const old = join(this.#folder.agents, `${fingerprint(`${client}\0${of}`, 20)}-1.json`);
    if (kind === "conversation" || !isThere(old)) return true;
    const lock = lockAt(old);
    if (!lock) return false;
    try {
      renameSync(old, path);
    } catch (error) {
      lock.release();
      throw refusedBy(error, path, "cannot be put in place", { path });
    }
    endLock(old, lock);
    return true;
  }
}

/** A file that this process has the lock of. */
class HeldFile implements Identity {
  readonly owner: Owner;
  readonly #path: string;
  readonly #lock: FileLock;
  #content: IdentityFile;
  /** The file as it was read: each change of it is another one. */
  #seen: string | undefined;
  /** The file is not this identity's any more. */
  #isOver = false;

  constructor(path: string, lock: FileLock, owner: Owner, content: IdentityFile) {
    this.#path = path;
    this.#lock = lock;
    this.owner = owner;
    this.#content = content;
    this.#seen = markOf(path);
  }

  get token(): string {
    const now = this.#isOver ? this.#seen : markOf(this.#path);
    if (now !== this.#seen) {
      this.#seen = now;
      const { token = this.#content.token } = parsed(readIfThere(this.#path) ?? "") ?? {};
      this.#content = { ...this.#content, token };
    }
    return this.#content.token;
  }

  get used(): boolean {
    return this.#content.used;
  }

  get summary(): string | undefined {
    return this.#content.summary;
  }

  note(news: IdentityNews): void {
    const content = { ...this.#content, ...news, token: this.token };
    if (JSON.stringify(content) === JSON.stringify(this.#content)) return;
    this.#content = content;
    replaceFile(this.#path, text(this.owner, content));
    this.#seen = markOf(this.#path);
  }

  release(): void {
    this.#isOver = true;
    this.#lock.release();
  }

  remove(): void {
    this.#isOver = true;
    rmSync(this.#path, { force: true });
    endLock(this.#path, this.#lock);
  }

  /** The rename is the moment of binding; what the file says beside the token is for people. */
  bindTo(path: string, lock: FileLock, owner: Owner): HeldFile {
    const content = { ...this.#content, token: this.token };
    try {
      renameSync(this.#path, path);
    } catch (error) {
      lock.release();
      throw refusedBy(error, path, "cannot be put in place", { path });
    }
    this.#isOver = true;
    endLock(this.#path, this.#lock);
    replaceFile(path, text(owner, content));
    return new HeldFile(path, lock, owner, content);
  }
}

function newFile(path: string, lock: FileLock, owner: Owner): HeldFile {
  const content = { token: `am_${randomBytes(32).toString("base64url")}`, used: false };
  try {
    replaceFile(path, text(owner, content));
  } catch (error) {
    lock.release();
    throw error;
  }
  return new HeldFile(path, lock, owner, content);
}

function text(owner: Owner, content: IdentityFile): string {
  return `${JSON.stringify({ ...content, ...owner })}\n`;
}

function read(path: string): IdentityFile {
  const content = parsed(readIfThere(path) ?? "");
  if (content) return content;
  throw new StateFolderError(`${path} is damaged. Move it away to get a new agent.`);
}

function parsed(said: string): IdentityFile | undefined {
  try {
    return IdentityFile.safeParse(JSON.parse(said)).data;
  } catch {
    return undefined;
  }
}

/** Whether the file is of an agent that was not noted as used. */
function isUnused(path: string): boolean {
  return parsed(readIfThere(path) ?? "")?.used === false;
}

const OwnerIn = z.object({ client: z.string().catch(""), of: z.string().catch("") });

/** Whose a file is that was found and not looked for: its name says the kind, its text the rest, to a person. */
function ownerIn(path: string): Owner {
  if (basename(path).startsWith("own-")) return { kind: "own", client: "" };
  return { kind: "conversation", ...OwnerIn.parse(JSON.parse(readIfThere(path) ?? "{}")) };
}

function isThere(path: string): boolean {
  return markOf(path) !== undefined;
}

function markOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs}`;
}

function fingerprint(said: string, chars: number): string {
  return createHash("sha256").update(said).digest("hex").slice(0, chars);
}
