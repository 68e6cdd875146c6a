/** The HTTP servers of one application: the plain one and the one that speaks TLS, with one door and one count of connections. */
import type { Server as PlainServer } from "node:http";
import type { Server as SecureServer } from "node:https";
import { Server, type Socket } from "node:net";
import { http } from "../sinks/node-http.ts";
import { abortCheaply } from "./budgets/aborts.ts";
import { Connections } from "./budgets/connections.ts";
import { Door, type Handle } from "./budgets/door.ts";
import { Handshakes } from "./budgets/handshakes.ts";
import { type HttpTerms, httpLimits } from "./budgets/limits.ts";
import { Turnstile } from "./budgets/turnstile.ts";

/** How often Node looks for requests that do not end, in milliseconds. */
const CHECK_MS = 1_000;
/** How long a connection may be silent between two requests, and within one, in milliseconds. */
const KEEP_ALIVE_MS = 72_000;
const SILENT_MS = 90_000;
/** How long a connection has for its TLS handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;

export type { SecureServer };

/** A certificate with its chain, and its private key, both as PEM: what is shown over TLS. */
export interface Shown {
  readonly cert: string;
  readonly key: string;
}

/** The servers. */
export class Servers {
  readonly connections = new Connections();
  readonly #terms: HttpTerms;
  readonly #turnstile = new Turnstile(this.connections);
  #door: Door | undefined;
  readonly #all: (PlainServer | SecureServer)[] = [];
  #open = 0;

  constructor(terms: HttpTerms) {
    this.#terms = terms;
  }

  /** The server that speaks plain HTTP, which hands its requests to the application. */
  plain(handle: Handle): PlainServer {
    const door = new Door(this.connections, this.#turnstile, handle);
    this.#door = door;
    const server = http.createServer(this.#options(), (request, response) => door.asked(request, response));
    server.on("connection", (socket) => this.#opened(socket));
    return this.#added(server);
  }

  /** Another one for the same requests, over TLS. TLS is loaded by whoever needs it. */
  secure(shown: Shown): SecureServer {
    const options = {
      ...this.#options(),
      cert: shown.cert,
      key: shown.key,
      minVersion: "TLSv1.2" as const,
      handshakeTimeout: HANDSHAKE_MS,
    };
    const server = process
      .getBuiltinModule("node:https")
      .createServer(options, (request, response) => this.#door?.asked(request, response));
    const handshakes = new Handshakes();
    server.on("connection", (socket: Socket) => handshakes.begun(socket));
    server.on("secureConnection", (socket) => {
      handshakes.ended(socket);
      this.#opened(socket);
    });
    // Whoever does not speak TLS, or refuses our certificate: its connection alone is over.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return this.#added(server);
  }

  /** Takes no new connection on any of them; those that are open stay. */
  stopListening(): void {
    // The listener alone: to close an HTTP server would close connections that have just asked something.
    for (const server of this.#all) if (server.listening) Server.prototype.close.call(server);
  }

  /** Closes all connections. */
  closeConnections(): void {
    for (const server of this.#all) server.closeAllConnections();
  }

  #options() {
    const { requestWithinMs } = this.#terms;
    return {
      headersTimeout: requestWithinMs,
      requestTimeout: requestWithinMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
      // Most requests have no body: a stream for it costs more than the rest of what Node makes of one.
      optimizeEmptyRequests: true,
    };
  }

  #opened(socket: Socket): void {
    // Each server counts its own: both together have as many as one.
    if (this.#open >= httpLimits.connections) {
      socket.destroy();
      return;
    }
    this.#open++;
    socket.once("close", () => this.#open--);
    abortCheaply(socket);
    this.connections.opened(socket);
    this.#turnstile.opened(socket);
  }

  #added<S extends PlainServer | SecureServer>(server: S): S {
    server.maxConnections = httpLimits.connections;
    server.setTimeout(SILENT_MS);
    this.#all.push(server);
    return server;
  }
}

/** Whether a connection came over TLS. */
export function isSecure(socket: Socket): boolean {
  return "encrypted" in socket && socket.encrypted === true;
}
