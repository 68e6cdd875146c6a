/** A mesh kept in a database of Postgres, which other brokers may have open, too. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { folderId, standpointOf } from "@agentmesh/protocol";
import { meshKey } from "../mesh-key.ts";
import { claimKey, hashOfKey, knownKey } from "../store/postgres/database/mesh-key.ts";
import type { OpenPostgres } from "../store/postgres/database/open.ts";
import { serverFacts } from "../store/postgres/database/server-facts.ts";
import { shownAddress } from "../store/postgres/database/shown-address.ts";
import { postgresStore } from "../store/postgres/postgres-store.ts";
import { openedInTime } from "./database-start.ts";
import type { EngineTerms, KeptIn } from "./kept-in.ts";

/** The database is that of a mesh with another key. */
export class OtherMeshKeyError extends Error {
  override readonly name = "OtherMeshKeyError";
}

/** Its disk is not the broker's to look after: a full one is told by the database itself. */
const NO_DISK = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };

/**
 * Opens it, and waits for one that is away.
 * @throws StateFolderError, DatabaseAwayError, DatabaseRefusedError, UnsafeDatabaseError, NewerSchemaError, MovedAwayError,
 *   OtherMeshKeyError, NoDatabaseDriverError
 */
export async function inPostgres(terms: EngineTerms): Promise<KeptIn> {
  const { config, notice } = terms;
  const { home } = config;
  const address = shownAddress(config.database);
  const open = await openedInTime({ ...terms, owner: ownerOf(home) });
  try {
    const key = await keyOf(open, home, address);
    if (existsSync(join(home, "mesh.db")) && !existsSync(join(home, "moved.json"))) {
      notice("warn", "store.other", {
        detail: `${join(home, "mesh.db")} holds a mesh that this broker does not serve: it serves ${address}. To take it there, into an empty database: agentmesh move --to ${address}`,
      });
    }
    const { from, to } = open.schema;
    return {
      store: postgresStore(open, { notice, remoteSenders: config.remoteSenders }),
      meshKey: key,
      disk: { look: () => NO_DISK },
      engine: "postgres",
      heldFiles: [],
      facts: async () => {
        const { version, brokers } = await open.db.use((db) => serverFacts(db, open.seat.endsMs));
        return {
          engine: "postgres",
          server: { address, version, brokers, isOnDuty: open.seat.isOnDuty },
          synchronous: "full",
          ...(from > 0 && from < to && { migrated: { from, to } }),
          backups: [],
        };
      },
      watch: () => () => {},
      // The store closes the database, behind what is under way.
      close: async () => {},
    };
  } catch (error) {
    await open.db.close();
    throw error;
  }
}

/** Who sits down: the same for a broker of this folder that is started again, and for none beside it. */
function ownerOf(home: string): string {
  const standpoint = standpointOf({
    hostname,
    readFile: (path) => readFileSync(path, "utf8"),
    readLink: readlinkSync,
  });
  const facts = [standpoint, folderId(statSync(home, { bigint: true }))];
  return createHash("sha256").update(JSON.stringify(facts)).digest("base64url").slice(0, 22);
}

/**
 * The mesh key of the folder, which every broker of a mesh has a copy of; made where the mesh has none yet.
 * @throws OtherMeshKeyError, StateFolderError
 */
async function keyOf({ db }: OpenPostgres, home: string, address: string): Promise<string> {
  const path = join(home, "key");
  const isThere = existsSync(path);
  const known = await db.use(knownKey);
  const copy = `Copy the file key from the state folder of a broker of that mesh to ${path} (mode 0600), then start this one again`;
  if (!isThere && known !== undefined) {
    throw new OtherMeshKeyError(`The mesh in ${address} has a key already, and ${home} has none. ${copy}.`);
  }
  const key = meshKey(home);
  if ((await db.use((connection) => claimKey(connection, key))) === hashOfKey(key)) return key;
  // Another broker was the first, in this moment: nobody has used this one.
  if (!isThere) rmSync(path, { force: true });
  throw new OtherMeshKeyError(
    `The mesh in ${address} has another key than ${path}. ${copy}; or name the database of the mesh that this key is of.`,
  );
}
