/** Following the log: looked at when an event says that it grew, across broker restarts, and on in a restored database. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import type { LogEntry, ThreadId } from "@agentmesh/protocol";
import { remark } from "../../terminal/output.ts";
import { commandLine } from "../../terminal/shell-word.ts";
import { waitFor } from "../../terminal/waiting.ts";
import { heldBackWords, LogGrowth } from "./log-growth.ts";

/** How long nothing is looked at while no event comes; where there are none, how long a look waits for an entry. */
const WAIT_MS = 25_000;
const MOST_ENTRIES = 500;

/** Who follows, and what becomes of what is found. */
export interface Following {
  readonly json: boolean;
  /** What is waited for, where that is not all of the log. */
  readonly what?: string;
  /** The words of the command that goes on. */
  readonly again: readonly string[];
  /** Shows the first of these, or all, and resolves to how many; the rest, or all where it throws, come again. */
  readonly show: (entries: readonly LogEntry[], signal: AbortSignal) => Promise<number>;
  /** In another database, shows what came before it is followed; left out, the newest entries of its log are shown. */
  readonly showOther?: (signal: AbortSignal) => Promise<void>;
}

/** Shows the newest entries, or those after a cursor, and every later one until Ctrl-C. @throws MeshApiError when the broker refuses */
export async function follow(
  client: MeshClient,
  query: { readonly agent?: string; readonly thread?: ThreadId; readonly limit: number; readonly after?: string },
  { json, what = "what happens next", again, show, showOther }: Following,
): Promise<void> {
  // The place is of one database: in another one, what is asked for first is its newest entries.
  const { after, ...newest } = query;
  let cursor = after;
  let waiting: readonly LogEntry[] = [];
  let unshown = false;
  const url = await client.connection.url();
  using growth = new LogGrowth(client, query, () => remark(heldBackWords(url, "The log is asked instead")));
  await waitFor({
    json,
    // They would else wait for what cannot come.
    tellsLoss: true,
    what: () => what,
    stands: () => `Followed until here. Go on: ${commandLine(again)}`,
    async look({ signal, mayWaitMs }) {
      try {
        if (unshown && showOther) {
          const page = await client.log({ ...newest, limit: 1 }, { signal });
          await showOther(signal);
          cursor = page.cursor;
        }
        unshown = false;
        if (waiting.length === 0) {
          const waitMs = mayWaitMs(WAIT_MS);
          const isTold = cursor !== undefined && (await growth.wait(waitMs, signal));
          if (signal.aborted) return undefined;
          const place = cursor && { limit: MOST_ENTRIES, after: cursor, ...(!isTold && { waitMs }) };
          ({ entries: waiting, cursor } = await client.log({ ...newest, ...place }, { signal }));
        }
        while (waiting.length > 0 && !signal.aborted) waiting = waiting.slice(await show(waiting, signal));
      } catch (error) {
        if (!isOfOtherDatabase(error)) throw error;
        remark("The broker serves another database than before. Following that one.");
        cursor = undefined;
        waiting = [];
        unshown = true;
      }
      return undefined;
    },
  });
}

/** Whether a place or an id was given in another life of the database. */
function isOfOtherDatabase(error: unknown): boolean {
  return error instanceof MeshApiError && (error.code === "cursor_invalid" || error.code === "other_life");
}
