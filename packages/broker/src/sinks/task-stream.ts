/** A task of A2A on one open answer: its updates as they come, and whether its end was written. */
import type { ServerResponse } from "node:http";
import type { TaskUpdate } from "../a2a/operation.ts";
import type { Wire } from "../a2a/wire.ts";
import type { Keepalives } from "./keepalives.ts";
import { dataText, SseResponse } from "./sse.ts";

/** Unwritten bytes at which a response counts as full. */
const FULL_BYTES = 131_072;

/** Writes updates to a hijacked response until they end; what they say to be taken is so when all was written. Never rejects. */
export async function streamTask(
  response: ServerResponse,
  updates: AsyncIterable<TaskUpdate>,
  { wire, keepalives, onFault }: { wire: Wire; keepalives: Keepalives; onFault: (error: unknown) => void },
): Promise<void> {
  const sse = new SseResponse(response, FULL_BYTES);
  sse.onRoom(() => {});
  sse.onClose(keepalives.add(() => sse.keepalive(":\n\n")));
  try {
    for await (const update of updates) {
      if ("body" in update) sse.write(dataText(undefined, JSON.stringify(wire.update(update.body))));
      else response.once("finish", update.taken);
    }
    sse.close("");
  } catch (error) {
    const failure = wire.failure(error);
    if (!failure) onFault(error);
    sse.close(failure ? dataText(failure.event, JSON.stringify(failure.data)) : "");
  }
}
