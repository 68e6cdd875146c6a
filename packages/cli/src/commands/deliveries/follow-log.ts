/** Following the log: long polls that survive broker restarts and keep their cursor. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import type { LogEntry, ThreadId } from "@agentmesh/protocol";
import { remark } from "../../terminal/output.ts";
import { waitFor } from "../../terminal/waiting.ts";

const WAIT_MS = 25_000;

/** Who follows. */
export interface Following {
  readonly json: boolean;
  /** What is waited for, where that is not all of the log. */
  readonly what?: string;
  /** The command that goes on. */
  readonly again?: string;
}

/** Prints the newest entries, or those after a cursor, and every later one until Ctrl-C. @throws MeshApiError when the broker refuses */
export async function follow(
  client: MeshClient,
  query: { readonly agent?: string; readonly thread?: ThreadId; readonly limit: number; readonly after?: string },
  printEntries: (entries: readonly LogEntry[]) => Promise<void>,
  { json, what = "what happens next", again = "agentmesh log -f" }: Following,
): Promise<void> {
  let cursor = query.after;
  await waitFor({
    json,
    // They would else wait for what cannot come.
    tellsLoss: true,
    what: () => what,
    stands: () => `Followed until here. Go on: ${again}`,
    async look({ signal }) {
      try {
        const page = await client.log(
          cursor === undefined ? query : { ...query, limit: 500, after: cursor, waitMs: WAIT_MS },
          { signal },
        );
        cursor = page.cursor;
        await printEntries(page.entries);
      } catch (error) {
        if (!(error instanceof MeshApiError && error.code === "cursor_invalid")) throw error;
        remark("The broker serves another database than before. Following that one from its newest entries.");
        cursor = undefined;
      }
      return undefined;
    },
  });
}
