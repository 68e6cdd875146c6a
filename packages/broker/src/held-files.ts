/** The files that a running broker rests on: that nobody takes them away, and that nobody else serves them. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseDamagedError } from "./store/sqlite/file/look.ts";

/** The lock of the state folder was taken away: another broker may serve it by now. */
export class LockLostError extends Error {
  override readonly name = "LockLostError";
}

/** How often it is looked whether the files are still the ones that were opened, in milliseconds. */
const LOOK_MS = 250;

/** Calls `lost` once when the lock or one of the named files of the database is removed, moved or replaced; the returned function ends that. */
export function watchHeldFiles(home: string, names: readonly string[], lost: (error: Error) => void): () => void {
  const lock = join(home, "broker.lock");
  const held = new Map<string, string>();
  const isHeld = (path: string): boolean => {
    const now = idOf(path);
    const before = held.get(path);
    if (before !== undefined) return now === before;
    if (now !== undefined) held.set(path, now);
    return true;
  };
  const files = names.map((name) => join(home, name));
  const look = () => {
    const gone = files.find((path) => !isHeld(path));
    if (gone !== undefined) {
      clearInterval(timer);
      const text = `The database file ${gone} was deleted, moved or replaced while the broker ran. It stops now.`;
      return lost(new DatabaseDamagedError(text));
    }
    if (isHeld(lock)) return;
    clearInterval(timer);
    lost(
      new LockLostError(
        `${lock} was deleted, moved or replaced while the broker ran: another broker could serve ${home} beside it. It stops now; nothing that it answered is lost. Leave that file alone, and start the broker again.`,
      ),
    );
  };
  const timer = setInterval(look, LOOK_MS);
  look();
  return () => clearInterval(timer);
}

/**
 * A second lock, on the database's file itself: a name of the kernel's that one process of a network namespace can have
 * and that ends with it. Undefined when another broker has it, whatever became of its lock file. Other systems than Linux
 * have no such names, and no second lock.
 */
export async function lockDatabase(home: string, meshKey: string): Promise<(() => void) | undefined> {
  if (process.platform !== "linux") return () => {};
  const name = createHmac("sha256", meshKey)
    .update(`database ${idOf(join(home, "mesh.db"))}`)
    .digest("hex");
  const server = createServer((socket) => socket.destroy());
  server.unref();
  const taken = once(server, "error").then(([error]: unknown[]) => error);
  const mine = once(server, "listening").then(() => undefined);
  server.listen(`\0agentmesh-${name}`);
  const error = await Promise.race([taken, mine]);
  if (error === undefined) {
    // Nobody connects; what may come of it later is no reason to end.
    server.on("error", () => {});
    return () => server.close();
  }
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
  // A sandbox without sockets of this kind: the lock file alone has to do.
  return () => {};
}

/** Device and number of a file; undefined where there is none. */
function idOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev}:${stat.ino}`;
}
