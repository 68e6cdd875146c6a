/** What a broker keeps its mesh in, whichever engine that is. */
import type { Config } from "../config/schema.ts";
import type { EngineFacts } from "../http/routes/system.ts";
import type { Disk } from "../mesh/acceptance/intake.ts";
import type { Clock } from "../mesh/clock.ts";
import type { Store } from "../mesh/store.ts";
import type { Notice } from "../store/sqlite/context.ts";
import type { ChosenDriver } from "../store/sqlite/driver/choose.ts";

/** What it is opened with, by the broker that holds the state folder's lock. */
export interface EngineTerms {
  readonly config: Config;
  readonly clock: Clock;
  readonly notice: Notice;
  /** What opens SQLite here: the lock of the state folder, and the mesh where nothing else keeps it. */
  readonly driver: ChosenDriver;
  /** Told why the broker has to stop at once. */
  readonly fail: (error: Error) => void;
  /** Whoever starts the broker wants no start any more. */
  readonly ending: AbortSignal | undefined;
}

/** An open engine. */
export interface KeptIn {
  readonly store: Store;
  readonly meshKey: string;
  readonly disk: Disk;
  readonly engine: "sqlite" | "postgres";
  /** Files of the state folder that the broker rests on beside its lock. */
  readonly heldFiles: readonly string[];
  facts(): Promise<EngineFacts>;
  /** Looks after its disk, if it has one; the returned function ends that. */
  watch(): () => unknown;
  close(): Promise<void>;
}
