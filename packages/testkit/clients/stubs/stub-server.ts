/** The HTTP side of a stub model: on loopback, and with a record of everything the model was shown. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listening } from "testkit";
import { type Act, Script, type Turn } from "./script.ts";

/** What one request showed the model, and when it came (performance.now()). */
export interface ModelRequest {
  readonly at: number;
  /** The texts, one after the other. */
  readonly shown: string;
  readonly tools: readonly string[];
  readonly act: Act;
  /** When it was answered; 0 until then. */
  readonly answeredAt: number;
}

/** A vendor's wire. */
export interface Dialect {
  /** The turn in a request, or undefined when the path asks no model. */
  read(path: string, body: unknown): Turn | undefined;
  /** Writes the model's act as this vendor does; `number` makes ids unique. */
  write(response: ServerResponse, request: { path: string; body: unknown }, act: Act, number: number): void;
  /** The answer to any other path; undefined for 404. */
  other?(path: string): unknown;
}

/** A running stub. */
export interface ModelStub extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ModelRequest[];
  /** Requests that have no answer yet. */
  readonly pending: number;
  /** When the last answer was given (performance.now()). */
  readonly quietSince: number;
  /**
   * The first request after `since` (performance.now()) whose texts hold `text`. One without tools is no turn of the
   * session: clients ask for titles and the like.
   */
  shown(text: string, since?: number): ModelRequest | undefined;
}

/** Serves a stub model on a free port. */
export async function serveModel(dialect: Dialect): Promise<ModelStub> {
  const requests: ModelRequest[] = [];
  const script = new Script();
  let number = 0;
  let pending = 0;
  let quietSince = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const body = parsed(await textOf(request));
    const turn = body === undefined ? undefined : dialect.read(path, body);
    if (!turn) return plain(response, dialect.other?.(path));
    const at = performance.now();
    const delay = script.delayMs(turn);
    // What is shown is known when the request is there, not when it is answered.
    const entry = { at, shown: turn.shown.join("\n"), tools: turn.tools, act: { text: "" } as Act, answeredAt: 0 };
    requests.push(entry);
    pending++;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    pending--;
    entry.answeredAt = quietSince = performance.now();
    const status = script.failure(turn);
    if (status !== undefined) return failed(response, status);
    entry.act = script.next(turn);
    if (!response.destroyed) dialect.write(response, { path, body }, entry.act, ++number);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(JSON.stringify({ error: { message: String(error), type: "stub" } }));
    });
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get pending() {
      return pending;
    },
    get quietSince() {
      return quietSince;
    },
    shown: (text, since = 0) =>
      requests.find((each) => each.at >= since && each.tools.length > 0 && each.shown.includes(text)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Every string in a value, in order: what a client hides in its own shapes is shown to the model all the same. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

/** Writes Server-Sent Events; an event without a name has data only. */
export function events(
  response: ServerResponse,
  each: Iterable<{ readonly name?: string; readonly data: unknown }>,
  last?: string,
): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const { name, data } of each) {
    response.write(`${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
  }
  response.end(last === undefined ? undefined : `data: ${last}\n\n`);
}

/** Writes JSON; 404 for undefined. */
export function plain(response: ServerResponse, value: unknown): void {
  response.writeHead(value === undefined ? 404 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(value ?? { type: "error", error: { type: "not_found_error", message: "a stub" } }));
}

function failed(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "application/json", "x-should-retry": "false" });
  response.end(JSON.stringify({ type: "error", error: { type: "api_error", message: "the stub fails" } }));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
