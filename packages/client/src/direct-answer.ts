/** The answer to a call to this machine: what callers use of a `Response`, without loading the runtime's `fetch` for it. */

/** What a `Response` is, too. */
export interface DirectAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Pick<Headers, "get" | "getSetCookie">;
  readonly body: ReadableStream<Uint8Array> | null;
  /** The whole body. @throws what broke it off */
  text(): Promise<string>;
  /** The whole body, parsed. @throws SyntaxError, and what broke it off */
  json(): Promise<unknown>;
}

/** A message of `node:http`, as much of it as is needed. */
interface Message extends AsyncIterable<unknown> {
  readonly statusCode?: number | undefined;
  readonly headersDistinct: Readonly<Record<string, string[] | undefined>>;
  setEncoding(encoding: "utf8"): unknown;
  resume(): unknown;
}

const HAS_NO_BODY = new Set([204, 205, 304]);

/** Makes it; `toWeb` gives the body as a stream, which is read by that or as text, not by both. */
export function answerOf<M extends Message>(
  message: M,
  toWeb: (message: M) => ReadableStream<Uint8Array>,
): DirectAnswer {
  const status = message.statusCode ?? 0;
  const hasNone = HAS_NO_BODY.has(status);
  if (hasNone) message.resume();
  let body: ReadableStream<Uint8Array> | undefined;
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
      get: (name) => message.headersDistinct[name.toLowerCase()]?.join(", ") ?? null,
      getSetCookie: () => message.headersDistinct["set-cookie"] ?? [],
    },
    get body() {
      if (hasNone) return null;
      body ??= toWeb(message);
      return body;
    },
    text,
    json: async () => JSON.parse(await text()),
  };
}
