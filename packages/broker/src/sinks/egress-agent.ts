/** HTTP agents that connect through the egress guard: to judged addresses only, without proxies, for one webhook each. */
import type { ClientRequestArgs, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { type Egress, EgressError, portOf } from "./egress.ts";
import { http } from "./node-http.ts";

/** Longest wait for addresses, connection and TLS together, in milliseconds. */
const CONNECT_MS = 3_000;
/** How long an unused connection is kept, in milliseconds. */
const IDLE_MS = 15_000;

type Created = (error: Error | null, stream: Duplex) => void;

/** An agent for the posts to one URL; its connections are used for nothing else. */
export function egressAgent(egress: Egress, url: URL, maxIdle: number): HttpAgent {
  const options = { keepAlive: true, maxFreeSockets: maxIdle, timeout: IDLE_MS, scheduling: "lifo" as const };
  // Node takes proxies from the environment for its global agent only; these say so themselves, too.
  const agent = url.protocol === "https:" ? new HttpsAgent(options) : new http.Agent(options);
  agent.createConnection = (_options: ClientRequestArgs, created?: Created) => {
    open(egress, url).then(
      (socket) => created?.(null, socket),
      // The callback's type wants a stream with the error; Node looks at the error first.
      (error: Error) => created?.(error, undefined as never),
    );
    return undefined;
  };
  return agent;
}

/** A connection to one of the URL's addresses, judged now. @throws EgressError */
async function open(egress: Egress, url: URL): Promise<Socket> {
  const late = AbortSignal.timeout(CONNECT_MS);
  const addresses = await Promise.race([egress.addresses(url), rejection(late)]);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: portOf(url), lookup: fixed(addresses), autoSelectFamily: true, noDelay: true });
  try {
    await Promise.race([once(socket, "connect"), rejection(late)]);
    if (!addresses.includes(socket.remoteAddress ?? "")) {
      throw new EgressError("the broker refuses to post there: it was led elsewhere", `${url.origin} led elsewhere.`);
    }
    if (url.protocol === "http:") return socket;
    const servername = isIP(host) === 0 ? host : "";
    // Said here, or NODE_TLS_REJECT_UNAUTHORIZED of whoever started the broker would decide it.
    const tls = connectTls({ socket, host, servername, ALPNProtocols: ["http/1.1"], rejectUnauthorized: true });
    await Promise.race([once(tls, "secureConnect"), rejection(late)]);
    return tls;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Answers with what was judged, whatever is asked. An address instead of a name is not looked up at all. */
function fixed(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all: wantsAll }, done) => {
    const [first] = all;
    if (wantsAll) done(null, all);
    else done(null, first?.address ?? "", first?.family);
  };
}

function once(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed before it was connected")));
    socket.once(event, () => resolve());
  });
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no connection within ${CONNECT_MS / 1_000} s`)));
  });
}
