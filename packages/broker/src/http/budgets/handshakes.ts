/** Connections whose TLS handshake is not over: whoever begins and does not end one makes room for the next. */
import type { Socket } from "node:net";
import { httpLimits } from "./limits.ts";

/** The handshakes under way at one server. */
export class Handshakes {
  /** By where they come from, in the order they came: the connection after the handshake is another object. */
  readonly #underWay = new Map<string, Socket>();

  /** Counts one that begins. When too many are under way, the one that has been longest is closed. */
  begun(socket: Socket): void {
    const place = placeOf(socket);
    this.#underWay.set(place, socket);
    socket.once("close", () => {
      if (this.#underWay.get(place) === socket) this.#underWay.delete(place);
    });
    if (this.#underWay.size <= httpLimits.handshakes) return;
    const [oldest] = this.#underWay;
    if (!oldest) return;
    this.#underWay.delete(oldest[0]);
    oldest[1].destroy();
  }

  /** One is over: its connection counts as any other from now on. */
  ended(socket: Socket): void {
    this.#underWay.delete(placeOf(socket));
  }
}

function placeOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
