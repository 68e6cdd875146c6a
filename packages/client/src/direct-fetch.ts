/**
 * A call over HTTP that no proxy sees when it stays on this machine. The global `fetch` of Node, Bun and Deno asks the
 * proxy of the environment, of a flag or of another module even for loopback, and the call carries a token. To every other machine
 * the proxies of the environment lead.
 */
import { endpoints, thisMachine } from "@agentmesh/protocol";
import { ASKED_AFTER_MS, doubtKept, endMoved } from "./connections/kept.ts";
import { lookupAt, type NamedAt } from "./connections/lookup.ts";
import { answerOf, type DirectAnswer } from "./direct-answer.ts";
import { whenEnded } from "./when-ended.ts";

/** What is asked. */
export interface DirectRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** The certificate, as PEM, that is trusted for this call, and no other authority; without it those that the system knows. */
  readonly ca?: string | undefined;
  /** The address to connect to, of several that the name has. Under Node; elsewhere the runtime chooses one. */
  readonly at?: string | undefined;
  /** Its answer may take as long as it likes: a stream, or what waits for something. */
  readonly waits?: boolean;
}

/** How long a new connection may take to be answered, where a kept one is doubted, in milliseconds. */
const ANSWERED_WITHIN_MS = 5_000;

/**
 * `fetch` without redirects: straight to this machine in every spelling of loopback, and through the proxies that the environment
 * sets (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) to every other host. Where there is no `node:http` all goes by `fetch`.
 * @throws a TypeError for a redirect, the signal's reason, and what the system says of a connection that fails
 */
export function directFetch(url: string, request: DirectRequest = {}): Promise<DirectAnswer> {
  const asked = new URL(url);
  const here = thisMachine(asked.hostname);
  const http = here === undefined && !isNode() ? undefined : nodeHttp();
  if (http === undefined || (request.ca !== undefined && !isNode())) return byRuntime(url, request);
  return send(http, asked, here, request);
}

/** Node takes proxies and certificates by the connection; Bun and Deno pretend to be Node, and take them by the call. */
function isNode(): boolean {
  return !("Deno" in globalThis) && typeof process !== "undefined" && process.versions.bun === undefined;
}

/** The runtime's own `fetch`, told in its words which certificate to trust. @throws TypeError where it cannot be told */
function byRuntime(url: string, { ca, at: _at, waits: _waits, ...request }: DirectRequest): Promise<DirectAnswer> {
  const asked: RequestInit = { ...request, redirect: "error" };
  if (ca === undefined) return fetch(url, asked);
  if (typeof process !== "undefined" && process.versions?.bun !== undefined) {
    return fetch(url, Object.assign(asked, { tls: { ca } }));
  }
  const { Deno } = globalThis as { readonly Deno?: { createHttpClient(by: { caCerts: string[] }): unknown } };
  if (Deno) {
    const client = denoClients.get(ca) ?? Deno.createHttpClient({ caCerts: [ca] });
    denoClients.set(ca, client);
    return fetch(url, Object.assign(asked, { client }));
  }
  throw new TypeError("This runtime trusts the authorities of its system alone: a certificate cannot be given to it.");
}

const denoClients = new Map<string, unknown>();

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
function agentFor(protocol: string, http: Http, how: Ways): Agent {
  const key = `${protocol} ${how.isHere} ${how.at?.host} ${how.at?.address} ${how.ca}`;
  const agent = agents.get(key) ?? newAgent(protocol, http, { ...how, keepAlive: !("Deno" in globalThis) });
  agents.set(key, agent);
  return agent;
}

function namedAt({ hostname: host }: URL, address: string | undefined): NamedAt | undefined {
  return address === undefined ? undefined : { host, address };
}

/** What all calls over one agent have in common. */
interface Ways {
  readonly isHere: boolean;
  readonly ca: string | undefined;
  readonly at: NamedAt | undefined;
}

function newAgent(
  protocol: string,
  http: Http,
  { isHere, ca, at, keepAlive }: Ways & { readonly keepAlive: boolean },
): Agent {
  const { env } = process;
  const options = {
    keepAlive,
    proxyEnv: isHere ? {} : env,
    ...(ca !== undefined && { ca }),
    // A proxy is found by its own name.
    ...(at !== undefined && { lookup: lookupAt(at) }),
  };
  // TLS is loaded by whoever needs it: it is as large as the rest of a call.
  const kind = () => (protocol === "https:" ? process.getBuiltinModule("node:https") : http);
  return new (kind().Agent)(options);
}

/** Whether the broker at an address answers over a connection of its own. @throws where it does not */
async function answersAnew(http: Http, url: URL, { ca, at }: DirectRequest): Promise<void> {
  const { origin, protocol } = url;
  const agent = newAgent(protocol, http, { isHere: false, ca, at: namedAt(url, at), keepAlive: false });
  const asked = { ca, at, signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) };
  await (await send(http, new URL(origin + endpoints.livez.path), undefined, asked, agent)).text();
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

/** `here` is the host by which it stays on this machine; undefined for every other one. */
function send(
  http: Http,
  url: URL,
  here: string | undefined,
  request: DirectRequest,
  agent: Agent = agentFor(url.protocol, http, {
    isHere: here !== undefined,
    ca: request.ca,
    at: namedAt(url, request.at),
  }),
): Promise<DirectAnswer> {
  const { method = "GET", headers, body, signal } = request;
  const host = here ?? url.hostname;
  if (here === undefined) endMoved(agent);
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
    agent,
  };
  if (here !== undefined) exempt(options.host);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    // Not http.request: modules that send all of a process through a proxy replace that function.
    const sent = new http.ClientRequest(options);
    if (here === undefined) {
      sent.setSocketKeepAlive(true, ASKED_AFTER_MS);
      if (!request.waits) doubtKept(sent, agent, () => answersAnew(http, url, request));
    }
    let answer: IncomingMessage | undefined;
    const over = whenEnded(signal, () => {
      (answer ?? sent).destroy(reasonOf(signal));
      reject(signal?.reason);
    });
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
