/** A proxy between brokers and their database, which cuts, delays and holds up the connections of each. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { cleanEnv } from "../programs.ts";
import { until } from "../until.ts";
import { type LineSpoil, type LinesAsked, LinesSaid } from "./lines-said.ts";
import type { PostgresServer } from "./postgres-server.ts";

/** A running one; ended on dispose. */
export interface DatabaseLines extends AsyncDisposable {
  /** Address of a database by the line of a broker. */
  addressOf(line: number, database: string): string;
  /** Spoils the line of a broker, or mends it; resolves when that is done. */
  spoil(line: number, spoil: LineSpoil["spoil"], ms?: number): Promise<void>;
}

/** Opens one, with a line for each of so many brokers. */
export async function openDatabaseLines({ socket }: PostgresServer, count: number): Promise<DatabaseLines> {
  const program = fileURLToPath(new URL("lines.ts", import.meta.url));
  const child = fork(program, [socket, String(count)], { env: cleanEnv(), execArgv: [] });
  let ports: readonly number[] | undefined;
  let asked = 0;
  const waiting = new Map<number, () => void>();
  child.on("message", (message) => {
    const said = LinesSaid.parse(message);
    if ("ports" in said) ports = said.ports;
    else waiting.get(said.done)?.();
  });
  const open = await until(() => {
    if (child.exitCode !== null) throw new Error(`the lines to the database ended with ${child.exitCode}`);
    return ports;
  }, "the lines to the database");
  return {
    addressOf: (line, database) => `postgres://mesh@127.0.0.1:${open[line]}/${database}`,
    async spoil(line, spoil, ms) {
      const id = asked++;
      const done = new Promise<void>((resolve) => waiting.set(id, resolve));
      child.send({ id, line, spoil, ...(ms !== undefined && { ms }) } satisfies LinesAsked);
      await done;
      waiting.delete(id);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
