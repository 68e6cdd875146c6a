/** Which mesh key is that of a database: known by its hash, so that no copy of the database opens the mesh. */
import { createHash } from "node:crypto";
import type { Connection } from "../driver/database.ts";

/** What a mesh key is known by in its database. */
export function hashOfKey(key: string): string {
  return createHash("sha256").update(`mesh key of a database\n${key}`).digest("hex");
}

/** The hash of the mesh's key; undefined as long as nobody has come with one. */
export async function knownKey(db: Connection): Promise<string | undefined> {
  const row = await db.get<{ key_hash: string | null }>("SELECT key_hash FROM mesh WHERE one = 1");
  return row?.key_hash ?? undefined;
}

/** Makes a key that of the mesh, where it has none yet; returns the hash of the one that it has. */
export async function claimKey(db: Connection, key: string): Promise<string | undefined> {
  await db.run("UPDATE mesh SET key_hash = $1 WHERE one = 1 AND key_hash IS NULL", [hashOfKey(key)]);
  return knownKey(db);
}

/** Makes it that of the mesh in place of any other. */
export async function setKey(db: Connection, key: string): Promise<void> {
  await db.run("UPDATE mesh SET key_hash = $1 WHERE one = 1", [hashOfKey(key)]);
}
