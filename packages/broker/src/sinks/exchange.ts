/** One POST, bounded: in time, in the headers and the body it reads, without redirects, decompression or cookies. */
import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { http } from "./node-http.ts";

/** Most bytes of an answer's headers, and of its body, that are read. */
const MAX_HEADER_BYTES = 8_192;
const MAX_BODY_BYTES = 8_192;
/** How long the rest of an answer may take when its status is known, in milliseconds. */
const DRAIN_MS = 500;

/** How much of an answer's body is read, and for how long once its status is known. */
export interface ReadBounds {
  readonly bytes: number;
  readonly withinMs: number;
}

const USUAL: ReadBounds = { bytes: MAX_BODY_BYTES, withinMs: DRAIN_MS };

/** What to post. */
export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Status and headers of an answer, and what was read of its body: in the usual bounds at most 8 KiB, in half a second. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** There is more of it than was read. */
  readonly isCut: boolean;
}

/** Posts once; over a connection that turns out to be closed, once more. @throws what the connection throws */
export async function exchange(
  agent: HttpAgent,
  post: Post,
  signal: AbortSignal,
  bounds: ReadBounds = USUAL,
): Promise<Answer> {
  for (let again = true; ; again = false) {
    const { answer, reused } = attempt(agent, post, signal, bounds);
    try {
      return await answer;
    } catch (error) {
      // The receiver had closed an idle connection: nothing was read of it, and the id makes a second post harmless.
      if (!again || !reused() || signal.aborted) throw error;
    }
  }
}

function attempt(agent: HttpAgent, { url, headers, body }: Post, signal: AbortSignal, bounds: ReadBounds) {
  const request = (url.protocol === "https:" ? httpsRequest : http.request)(url, {
    method: "POST",
    agent,
    maxHeaderSize: MAX_HEADER_BYTES,
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    signal,
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    request.once("error", reject);
    request.once("upgrade", (_, socket) => {
      socket.destroy();
      reject(new Error("it wanted another protocol"));
    });
    const closed = () => reject(new Error("the connection was closed before an answer"));
    request.once("close", closed);
    request.once("response", (response) => {
      request.off("close", closed);
      read(response, bounds).then((body) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          isCut: !response.complete,
        }),
      );
    });
  });
  request.end(body);
  return { answer, reused: () => request.reusedSocket };
}

/** Reads a short body to its end, so that the connection can be used again; of any other, ends the connection. */
function read(response: IncomingMessage, { bytes: most, withinMs }: ReadBounds): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const late = setTimeout(() => response.destroy(), withinMs);
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > most) response.destroy();
      else chunks.push(chunk);
    });
    response.on("error", () => undefined);
    response.once("close", () => {
      clearTimeout(late);
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
  });
}

/** The code of what a connection threw: where several addresses were tried, that of the first. */
export function codeOf(error: unknown): string | undefined {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error && "code" in inner && typeof inner.code === "string" ? inner.code : undefined;
}
