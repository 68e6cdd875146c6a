/** The broker of the user's mesh for as long as `pnpm start` runs: found, or started and stopped again. */
import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import {
  type BrokerAddress,
  connect,
  ensureBroker,
  isServed,
  readMeshKey,
  type StateFolder,
} from "@agentmesh/client/node";
import { programPath } from "../programs.ts";
import { until } from "../until.ts";

const STOPS_WITHIN_MS = 15_000;
const LOOKS_EVERY_MS = 250;

/** A broker that serves. */
export interface ServedBroker extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** Whether this process started it, and stops it on dispose. */
  readonly own: boolean;
  /** Resolves when `stop` aborts, or with how a broker of our own ended before: asked by a person, or by itself. */
  untilEnded(stop: AbortSignal): Promise<"asked" | "by itself" | undefined>;
}

/** Finds the broker or starts it. @throws BrokerStartError, UntrustedBrokerError, StateFolderError */
export async function serve(folder: StateFolder, address: BrokerAddress): Promise<ServedBroker> {
  const brokerBin = programPath("broker");
  // In a process group of its own: Ctrl-C is ours, and the broker stops after what uses it.
  const { url, version, started: own } = await ensureBroker({ folder, address, brokerBin, byPerson: true });
  const admin = () => connect({ folder, token: readMeshKey(folder) ?? "", retryForMs: 0 });
  const pid = own ? (await admin().status()).pid : undefined;
  const since = Date.now();
  const gone = () => own && !isServed(folder);

  return {
    url,
    version,
    own,
    async untilEnded(stop) {
      while (!stop.aborted) {
        if (gone()) {
          const asked = statSync(folder.stoppedFile, { throwIfNoEntry: false });
          return asked && asked.mtimeMs >= since ? "asked" : "by itself";
        }
        await pause(LOOKS_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
      }
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      if (!own || gone()) return;
      const now = await admin()
        .status()
        .catch(() => undefined);
      // Somebody has put another broker in its place, which is theirs.
      if (now?.pid !== pid) return;
      await admin()
        .shutdown()
        .catch(() => undefined);
      await until(() => !isServed(folder), "the broker to end", STOPS_WITHIN_MS);
    },
  };
}
