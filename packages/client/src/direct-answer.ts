/** The answer to a call to this machine: what callers use of a `Response`, without loading the runtime's `fetch` for it. */

/** A body that is read piece by piece: as much of a `ReadableStream` as is needed. */
export interface AnswerBody {
  cancel(): Promise<void>;
  getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> };
}

/** What a `Response` is, too. */
export interface DirectAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Pick<Headers, "get" | "getSetCookie">;
  readonly body: AnswerBody | null;
  /** The whole body. @throws what broke it off */
  text(): Promise<string>;
  /** The whole body, parsed. @throws SyntaxError, and what broke it off */
  json(): Promise<unknown>;
}

/** A message of `node:http`, as much of it as is needed. */
interface Message extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number | undefined;
  /** By their names in lower case. `headersDistinct` is not in every runtime that has `node:http` (Bun's in OpenCode has none). */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  setEncoding(encoding: "utf8"): unknown;
  resume(): unknown;
  destroy(): unknown;
}

const HAS_NO_BODY = new Set([204, 205, 304]);

/** Makes it. The body is read in pieces or as text, not both. */
export function answerOf(message: Message): DirectAnswer {
  const status = message.statusCode ?? 0;
  const hasNone = HAS_NO_BODY.has(status);
  if (hasNone) message.resume();
  const text = async () => {
    if (hasNone) return "";
    message.setEncoding("utf8");
    let whole = "";
    for await (const piece of message) whole += piece;
    return whole;
  };
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: {
      get: (name) => {
        const value = message.headers[name.toLowerCase()];
        return value === undefined ? null : [value].flat().join(", ");
      },
      getSetCookie: () => [message.headers["set-cookie"] ?? []].flat(),
    },
    // Not made a ReadableStream: Node loads all of those, for 2 MiB, when the first is made.
    body: hasNone
      ? null
      : {
          getReader: () => readerOf(message),
          cancel: async () => void message.destroy(),
        },
    text,
    json: async () => JSON.parse(await text()),
  };
}

function readerOf(message: Message): ReturnType<AnswerBody["getReader"]> {
  const pieces = message[Symbol.asyncIterator]();
  return {
    async read() {
      const { done = false, value } = await pieces.next();
      return done ? { done } : { done, value };
    },
  };
}
