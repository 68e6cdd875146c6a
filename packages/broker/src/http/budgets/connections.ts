/** Who holds which connections: those without a valid token make room for the next one, an agent has its share. */
import type { Socket } from "node:net";
import { type AnyCaller, laneOfCaller } from "../../mesh/caller.ts";
import { MeshError } from "../../mesh/errors.ts";
import { httpLimits } from "./limits.ts";

/** Under which name a caller's share is counted. */
export const shareOf = laneOfCaller;

/** Whom no budget holds: who has the mesh key itself. */
export function isUnbound(caller: AnyCaller | undefined): boolean {
  return caller?.kind === "key" && caller.page === undefined;
}

/** What a caller is called in a refusal. */
export function nameOf(caller: AnyCaller): string {
  if (caller.kind === "key") return caller.page ? `The page (${caller.page.id})` : "The mesh key";
  return caller.kind === "agent" ? caller.agent.name : caller.machine.host;
}

/** Whose a connection is: the caller whose token came over it first, and all of them. */
interface Shares {
  readonly first: string;
  readonly all: Set<string>;
}

/** The open connections of one server. */
export class Connections {
  /** In the order they came. */
  readonly #unproven = new Set<Socket>();
  readonly #proven = new Map<string, Set<Socket>>();
  /** To whose share a connection counts: each caller's whose token came over it. */
  readonly #shares = new WeakMap<Socket, Shares>();

  /** Counts a new connection. When too many have shown no token, the one that has been there longest is closed. */
  opened(socket: Socket): void {
    this.#unproven.add(socket);
    socket.once("close", () => this.#unproven.delete(socket));
    if (this.#unproven.size <= httpLimits.unprovenConnections) return;
    const [oldest] = this.#unproven;
    oldest?.destroy();
    if (oldest) this.#unproven.delete(oldest);
  }

  /** A valid token came over it: it counts as its caller's from now on. @throws MeshError too_much_at_once */
  proven(socket: Socket, caller: AnyCaller): void {
    this.#unproven.delete(socket);
    const share = shareOf(caller);
    const own = this.#proven.get(share) ?? new Set();
    if (own.has(socket)) return;
    if (!isUnbound(caller) && own.size >= httpLimits.connectionsPerAgent) {
      throw new MeshError(
        "too_much_at_once",
        `${nameOf(caller)} has ${own.size} connections open, the most one caller may have. Nothing was done. Close some, or use those that are open.`,
        { retryAfterMs: 1_000 },
      );
    }
    this.#proven.set(share, own.add(socket));
    const shares = this.#shares.get(socket);
    if (shares) {
      shares.all.add(share);
      return;
    }
    const all = new Set([share]);
    this.#shares.set(socket, { first: share, all });
    socket.once("close", () => {
      for (const each of all) this.#closed(each, socket);
    });
  }

  /** Whose share a connection counted to first; undefined while no valid token has come over it. */
  shareOf(socket: Socket): string | undefined {
    return this.#shares.get(socket)?.first;
  }

  /** All that count to a share; "" is that of those over which no valid token has come. */
  of(share: string): Iterable<Socket> {
    return share === "" ? this.#unproven : (this.#proven.get(share) ?? []);
  }

  #closed(share: string, socket: Socket): void {
    const own = this.#proven.get(share);
    own?.delete(socket);
    if (own?.size === 0) this.#proven.delete(share);
  }
}
