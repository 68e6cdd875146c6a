/** Signs of life of a long call: clients give a call up after a minute or so, and count anew at each of these. */
import * as z from "zod";

const EVERY_MS = 5_000;

const Meta = z.object({ _meta: z.object({ progressToken: z.union([z.string(), z.number()]) }) });

/** The signs of one call. */
export interface Progress {
  /** No more of them. */
  readonly end: () => void;
}

/** Begins to give signs, if the client takes some; they must end before the call is answered. */
export function progressOf(
  params: unknown,
  notify: (method: string, params: Record<string, unknown>) => Promise<void>,
): Progress | undefined {
  const progressToken = Meta.safeParse(params).data?._meta.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  const timer = setInterval(() => {
    notify("notifications/progress", { progressToken, progress: ++progress }).catch(() => undefined);
  }, EVERY_MS).unref();
  return { end: () => clearInterval(timer) };
}
