/**
 * A call over HTTP that no proxy sees when it stays on this machine. The global `fetch` of Node, Bun and Deno asks the
 * proxy of the environment, of a flag or of another module even for loopback, and the call carries a token.
 */
import { thisMachine } from "@agentmesh/protocol";
import { answerOf, type DirectAnswer } from "./direct-answer.ts";

/** What is asked. */
export interface DirectRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/**
 * `fetch` without redirects: straight to this machine in every spelling of loopback, by the runtime's own `fetch`, and so
 * through the proxies that are set, to every other host. Where there is no `node:http` all goes by `fetch`.
 * @throws a TypeError for a redirect, the signal's reason, and what the system says of a connection that fails
 */
export function directFetch(url: string, request: DirectRequest = {}): Promise<DirectAnswer> {
  const asked = new URL(url);
  const host = thisMachine(asked.hostname);
  const http = host === undefined ? undefined : nodeHttp();
  if (host === undefined || http === undefined) return fetch(url, { ...request, redirect: "error" });
  return send(http, asked, host, request);
}

/** The answer leads to another address, which is not followed. */
class RedirectError extends TypeError {
  override readonly name = "RedirectError";
}

/** Whether a call failed over what came back: it was no HTTP, or leads elsewhere. So somebody is there. */
export function isRefusedAnswer(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof RedirectError || each.message === "unexpected redirect") return true;
    if ("code" in each && String(each.code).startsWith("HPE_")) return true;
  }
  return false;
}

type Http = NonNullable<ReturnType<typeof nodeHttp>>;
type Agent = InstanceType<Http["Agent"]>;
type IncomingMessage = InstanceType<Http["IncomingMessage"]>;

function nodeHttp() {
  const { process } = globalThis;
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return undefined;
  return process.getBuiltinModule("node:http") ?? undefined;
}

const agents = new Map<string, Agent>();

/**
 * Connections that are used for nothing else. Deno asks the environment for proxies unless `proxyEnv` is given, and does not
 * close a connection that is used a second time when its call is aborted (2.9.6): there each call has its own.
 */
function agentFor(protocol: string, http: Http): Agent {
  const options = { keepAlive: !("Deno" in globalThis), proxyEnv: {} };
  // TLS is loaded by whoever needs it: it is as large as the rest of a call.
  const kind = () => (protocol === "https:" ? process.getBuiltinModule("node:https") : http);
  const agent = agents.get(protocol) ?? new (kind().Agent)(options);
  agents.set(protocol, agent);
  return agent;
}

/**
 * The Bun in OpenCode (1.3.14) sends all of `node:http` through the proxy of the environment, but for hosts that NO_PROXY names:
 * there this machine is added to it, for the whole process. Bun from 1.4 on needs no such help.
 */
function exempt(host: string): void {
  const bun = process.versions.bun?.split(".").map(Number);
  if (bun === undefined || (bun[0] ?? 0) > 1 || (bun[1] ?? 0) >= 4) return;
  const { env } = process;
  if ([env.http_proxy, env.HTTP_PROXY, env.https_proxy, env.HTTPS_PROXY].every((proxy) => !proxy)) return;
  const listed = (env.no_proxy ?? env.NO_PROXY ?? "").split(",").map((name) => name.trim());
  if (listed.includes(host) || listed.includes("*")) return;
  for (const name of ["NO_PROXY", "no_proxy"]) env[name] = [...listed, host].filter(Boolean).join(",");
}

function send(http: Http, url: URL, host: string, request: DirectRequest): Promise<DirectAnswer> {
  const { method = "GET", headers, body, signal } = request;
  const options = {
    protocol: url.protocol,
    // RFC 6761: names below localhost are loopback, whatever a resolver says.
    host: (host.endsWith(".localhost") ? "localhost" : host).replace(/^\[|\]$/g, ""),
    port: url.port || (url.protocol === "https:" ? 443 : 80),
    path: url.pathname + url.search,
    method,
    headers: {
      ...headers,
      host: url.port === "" ? host : `${host}:${url.port}`,
      ...(body !== undefined && { "content-length": new TextEncoder().encode(body).length }),
    },
    agent: agentFor(url.protocol, http),
  };
  exempt(options.host);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    // Not http.request: modules that send all of a process through a proxy replace that function.
    const sent = new http.ClientRequest(options);
    let answer: IncomingMessage | undefined;
    const abort = () => {
      (answer ?? sent).destroy(reasonOf(signal));
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    const over = () => signal?.removeEventListener("abort", abort);
    sent.once("response", (response) => {
      answer = response;
      response.once("close", over).on("error", () => undefined);
      try {
        resolve(responseOf(response, url));
      } catch (error) {
        response.destroy();
        reject(error);
      }
    });
    sent.on("error", (error) => {
      over();
      reject(error);
    });
    sent.end(body);
  });
}

function responseOf(message: IncomingMessage, url: URL): DirectAnswer {
  const status = message.statusCode ?? 0;
  if (status >= 300 && status < 400 && message.headers.location !== undefined) {
    throw new RedirectError(`${url.origin} sends the call on to another address, which is not followed`);
  }
  return answerOf(message);
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal?.reason });
}
