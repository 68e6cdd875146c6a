/** Questions to the log, for as long as something on the way holds the stream back. */
import { askAs } from "./ask.ts";

/** How long one waits for an answer, in milliseconds: shorter than proxies leave a connection idle. */
const ASKED_MS = 20_000;
/** So much longer the answer may take to come. */
const LATE_MS = 10_000;
const MOST_ENTRIES = 500;

/** What has happened, and where to go on. */
interface Log {
  readonly entries: readonly object[];
  readonly cursor: string;
}

/** The newest entries; behind a cursor those that came since, waited for while there are none. @throws Refusal, and TypeError where no broker answers */
export async function askLog(value: string, after?: string): Promise<Log> {
  const behind = after === undefined ? "" : `&waitMs=${ASKED_MS}&after=${encodeURIComponent(after)}`;
  const signal = AbortSignal.timeout(ASKED_MS + LATE_MS);
  return (await askAs(`/v1/log?limit=${MOST_ENTRIES}${behind}`, { value, signal })).json();
}
