/** A real Postgres server for tests, with its data and its socket in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tempDir } from "../temp-dir.ts";
import { until } from "../until.ts";
import { type PostgresVersion, serverOwner } from "./postgres-version.ts";

/** A running server. */
export interface PostgresServer extends AsyncDisposable {
  /** Address of one of its databases; `postgres` is there from the beginning. */
  addressOf(database: string): string;
  /** The socket at which it listens, and nowhere else. */
  readonly socket: string;
  /** Kills it with all that it runs: what is under way ends where it is, as with a power cut. */
  kill(): Promise<void>;
  /** Starts it again with the same data, on the same socket. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
}

/** The programs with their libraries, where the server's own user may read them. */
function copied(native: string, folder: string): string {
  const copy = join(folder, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

/** The processes that a server runs; those of one that has ended are nobody's. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Kills one process; one that has ended meanwhile is no trouble. */
function killOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

/** Makes one and starts it; its folder is `within` another, left out that of temporary files. */
export async function startPostgres(
  { programs: original, isPrivate }: PostgresVersion,
  settings: Readonly<Record<string, string>> = {},
  within?: string,
): Promise<PostgresServer> {
  const folder = tempDir(within);
  const owner = serverOwner();
  const data = join(folder.path, "data");
  const programs = isPrivate ? copied(dirname(original), folder.path) : original;
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder.path, owner.uid, owner.gid);
  chmodSync(folder.path, 0o700);
  const how = { ...owner, cwd: folder.path, env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" } };
  let said = "";
  const started = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(join(programs, program), args, { ...how, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        said = `${said}${text}`.slice(-4_000);
      });
    }
    return child;
  };
  let server: ChildProcess | undefined;

  const start = async (more: Readonly<Record<string, string>> = settings): Promise<void> => {
    const set = Object.entries({
      listen_addresses: "",
      unix_socket_directories: folder.path,
      max_connections: "60",
      shared_buffers: "32MB",
      ...more,
    });
    const args = ["-D", data, ...set.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
    said = "";
    let child = started("postgres", args);
    server = child;
    await until(() => {
      if (child.exitCode !== null) {
        // Of one that was killed what it ran is still about to end.
        if (!/still in use|lock file/.test(said)) throw new Error(`Postgres did not start: ${said}`);
        said = "";
        child = started("postgres", args);
        server = child;
      }
      return said.includes("ready to accept connections") && existsSync(join(folder.path, ".s.PGSQL.5432"));
    }, "Postgres to start");
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  const kill = async (): Promise<void> => {
    const { pid } = server ?? {};
    if (pid !== undefined) {
      // Killed alone, it would leave them to end what they are at, such as a commit. Stopped, it starts no others.
      killOne(pid, "SIGSTOP");
      for (const each of childrenOf(pid)) killOne(each, "SIGKILL");
    }
    await stop("SIGKILL");
  };

  const made = started("initdb", ["-D", data, "-U", "mesh", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
  await once(made, "exit");
  if (made.exitCode !== 0) {
    folder[Symbol.dispose]();
    throw new Error(`no data folder was made for Postgres: ${said}`);
  }
  try {
    await start();
  } catch (error) {
    await stop("SIGKILL");
    folder[Symbol.dispose]();
    throw error;
  }
  return {
    addressOf: (database) => `postgres://mesh@/${database}?host=${encodeURIComponent(folder.path)}`,
    socket: join(folder.path, ".s.PGSQL.5432"),
    kill,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop("SIGQUIT");
      folder[Symbol.dispose]();
    },
  };
}
