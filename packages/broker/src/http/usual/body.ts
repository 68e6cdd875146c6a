/** The body of a usual request: as many bytes as its head has said. */
import type { IncomingMessage } from "node:http";

/** All of it, where it has come by now: most have come with their head. What has come of any other stays with its request. */
export function wholeBody(request: IncomingMessage, length: number): Buffer | undefined {
  if (request.readableLength < length) return undefined;
  const bytes: unknown = request.read();
  return Buffer.isBuffer(bytes) ? bytes : undefined;
}

/** Reads it; undefined where the connection was gone before all of it had come. */
export function readBody(request: IncomingMessage, length: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    if (request.destroyed) resolve(undefined);
    const chunks: Buffer[] = [];
    let missing = length;
    request.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      missing -= chunk.length;
      // Node's parser gives no byte beyond the length. Its end comes a turn of the loop later: nobody waits for that.
      if (missing <= 0) resolve(chunks.length === 1 ? chunk : Buffer.concat(chunks));
    });
    request.on("close", () => resolve(undefined));
  });
}
