/** A program for tests: passes datagrams from each of two ports to the other, later, and loses some of them on the way. */
import { createSocket } from "node:dgram";
import { seededRandom } from "../random.ts";

const [seed, lossShare, delayMs, ...ends] = process.argv.slice(2).map(Number);
const random = seededRandom(seed ?? 0);

/** An end of the link: who sends to it is who is sent what comes from the other. */
class End {
  readonly #socket = createSocket("udp4");
  readonly up: Promise<void>;
  peer: End | undefined;
  #port = 0;
  #address = "";

  constructor(port: number) {
    this.#socket.on("message", (datagram, from) => {
      this.#port = from.port;
      this.#address = from.address;
      if (random() < (lossShare ?? 0)) return;
      setTimeout(() => this.peer?.send(datagram), delayMs);
    });
    this.#socket.on("error", () => undefined); // whoever was there is gone: a packet is lost
    this.up = new Promise((resolve) => this.#socket.bind(port, "0.0.0.0", resolve));
  }

  send(datagram: Buffer): void {
    if (this.#port > 0) this.#socket.send(datagram, this.#port, this.#address, () => undefined);
  }
}

const [one, two] = ends.map((port) => new End(port));
if (one && two) {
  one.peer = two;
  two.peer = one;
  await Promise.all([one.up, two.up]);
  console.log("up");
}
