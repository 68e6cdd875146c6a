/** The log of a broker that is started in the background: opened for it, and read for why it did not come up. */
import { closeSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { z } from "zod";
import { refusedBy, type StateFolder } from "./state-folder.ts";

/** The log is put aside at a start when it is larger, in bytes. */
const MOST_LOG_BYTES = 16 * 1_048_576;

/** As much of the log as is read for its last words, in bytes. */
const LAST_BYTES = 65_536;

/** An open log and where the lines of the coming start begin. */
export interface StartLog {
  readonly file: number;
  readonly from: number;
}

/** Opens the log. A large one is put aside, in place of the one put aside before; no broker writes to it now. @throws StateFolderError */
export function openLog({ logFile }: StateFolder): StartLog {
  try {
    let from = sizeOf(logFile);
    if (from > MOST_LOG_BYTES) {
      renameSync(logFile, `${logFile}.1`);
      from = 0;
    }
    return { file: openSync(logFile, "a", 0o600), from };
  } catch (error) {
    throw refusedBy(error, `The broker's log ${logFile}`, "cannot be written");
  }
}

const Line = z.object({
  detail: z.string().optional(),
  err: z.object({ message: z.string() }).optional(),
});

/** What a broker that did not come up said of that, without JSON around it, and where its log is. */
export function lastWords({ logFile }: StateFolder, from: number): string {
  const lines = textFrom(logFile, from)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const own = lines.findLast((line) => line.startsWith("agentmesh-broker: "))?.slice("agentmesh-broker: ".length);
  const said = own ?? lines.map(detailIn).findLast((detail) => detail !== undefined) ?? lines.findLast(isError);
  const words = said ?? lines.findLast((line) => !line.startsWith("{")) ?? "";
  const where = `Its log is ${logFile}`;
  return words === "" ? `${where}.` : `${words.slice(0, 600).replace(/[.:]?$/, ".")} ${where}.`;
}

function detailIn(line: string): string | undefined {
  try {
    const said = Line.safeParse(JSON.parse(line)).data;
    return said?.detail ?? said?.err?.message;
  } catch {
    return undefined;
  }
}

function isError(line: string): boolean {
  return /Error\b/.test(line) && !line.startsWith("at ");
}

function textFrom(path: string, from: number): string {
  const start = Math.max(from, sizeOf(path) - LAST_BYTES);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(LAST_BYTES);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, LAST_BYTES, start));
  } catch {
    // no log: its path is all there is to say
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
