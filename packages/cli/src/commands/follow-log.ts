/** Following the log: long polls that survive broker restarts and keep their cursor. */
import { backoffMs, MeshApiError, type MeshClient, mayPass, pause } from "@agentmesh/client";
import type { LogEntry, ThreadId } from "@agentmesh/protocol";
import { remark } from "../output.ts";

const WAIT_MS = 25_000;

/** Prints the newest entries, or those after a cursor, and every later one until Ctrl-C. @throws MeshApiError when the broker refuses */
export async function follow(
  client: MeshClient,
  query: { readonly agent?: string; readonly thread?: ThreadId; readonly limit: number; readonly after?: string },
  printEntries: (entries: readonly LogEntry[]) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  let cursor = query.after;
  for (let failures = 0; !stop.signal.aborted; ) {
    try {
      const page = await client.log(
        cursor === undefined ? query : { ...query, limit: 500, after: cursor, waitMs: WAIT_MS },
        { signal: stop.signal },
      );
      if (failures > 0) remark("The broker is back; nothing was missed.");
      failures = 0;
      cursor = page.cursor;
      await printEntries(page.entries);
    } catch (error) {
      if (stop.signal.aborted) return;
      if (error instanceof MeshApiError && error.code === "cursor_invalid") {
        remark("The broker serves another database than before. Following that one from its newest entries.");
        cursor = undefined;
        failures = 0;
        continue;
      }
      if (!mayPass(error)) throw error;
      if (failures++ === 0) remark("Lost the broker; trying until it is back (Ctrl-C ends).");
      await pause(100 + backoffMs(failures, 100, 1_000), stop.signal);
    }
  }
}
