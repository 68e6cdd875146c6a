/**
 * A program for tests: carries connections of brokers to a database, a port of the loopback for each broker, and spoils those of one
 * broker as it is told: `{"line": 0, "spoil": "cut"}` as a message. An answer says that it is done.
 */
import { connect, createServer, type Socket } from "node:net";
import { listening } from "../network/free-port.ts";
import { type LineSpoil, LinesAsked, type LinesSaid } from "./lines-said.ts";

const [socket = "", count = "1"] = process.argv.slice(2);

/** What is in a piece that ends a transaction, and in one that tells of it. */
const COMMIT = Buffer.from("COMMIT");

/** One way of a connection: pieces in their order, each as late as it is told. */
class Way {
  readonly #line: Line;
  readonly #to: Socket;
  #ahead: Promise<unknown> = Promise.resolve();
  #queued = 0;

  constructor(line: Line, to: Socket) {
    this.#line = line;
    this.#to = to;
  }

  /** Passes a piece on when those before it are, and it has waited for so long. */
  pass(piece: Buffer): void {
    const ms = this.#line.delayMs;
    if (ms === 0 && this.#queued === 0 && !this.#line.isHeld) this.#write(piece);
    else this.#later(piece, ms);
  }

  #later(piece: Buffer, ms: number): void {
    this.#queued++;
    const due = new Promise<void>((resolve) => setTimeout(resolve, ms));
    this.#ahead = Promise.all([this.#ahead, due])
      .then(() => this.#line.freed)
      .then(() => {
        this.#queued--;
        this.#write(piece);
      });
  }

  #write(piece: Buffer): void {
    if (!this.#to.destroyed) this.#to.write(piece);
  }
}

/** The connections of one broker. */
class Line {
  readonly #cuts = new Set<() => void>();
  readonly #forgets = new Set<() => void>();
  #free: (() => void) | undefined;
  #isRefused = false;
  #cutsAtCommit: (() => void) | undefined;
  delayMs = 0;
  freed: Promise<void> = Promise.resolve();

  get isHeld(): boolean {
    return this.#free !== undefined;
  }

  carry(near: Socket): void {
    if (this.#isRefused) return void near.resetAndDestroy();
    const far = connect({ path: socket });
    const cut = () => {
      this.#cuts.delete(cut);
      this.#forgets.delete(forget);
      near.resetAndDestroy();
      far.destroy();
    };
    // Neither side is told; the far one hears of it when this program ends.
    const forget = () => {
      near.removeAllListeners("data");
      far.removeAllListeners("data");
    };
    this.#cuts.add(cut);
    this.#forgets.add(forget);
    near.setNoDelay(true).on("error", cut).on("close", cut);
    far.on("error", cut).on("close", cut);
    const [there, back] = [new Way(this, far), new Way(this, near)];
    let isUntold = false;
    near.on("data", (piece: Buffer) => {
      if (this.#cutsAtCommit && piece.includes(COMMIT)) isUntold = true;
      there.pass(piece);
    });
    far.on("data", (piece: Buffer) => {
      // It is committed, and whoever asked for it is not told.
      if (isUntold && this.#cutsAtCommit && piece.includes(COMMIT)) this.#commitCut();
      else back.pass(piece);
    });
  }

  async spoil({ spoil, ms = 0 }: LineSpoil): Promise<void> {
    switch (spoil) {
      case "cut":
        return this.#cutAll();
      case "refuse":
        this.#isRefused = true;
        return this.#cutAll();
      case "delay":
        this.delayMs = ms;
        return;
      case "forget":
        for (const forget of this.#forgets) forget();
        return;
      case "freeze":
        this.freed = new Promise((resolve) => {
          this.#free = resolve;
        });
        return;
      case "cut-at-commit":
        // Or never, where nobody commits.
        await Promise.race([
          new Promise<void>((resolve) => {
            this.#cutsAtCommit = resolve;
          }),
          new Promise<void>((resolve) => setTimeout(resolve, ms)),
        ]);
        this.#cutsAtCommit = undefined;
        return;
      case "mend":
        this.#isRefused = false;
        this.delayMs = 0;
        this.#free?.();
        this.#free = undefined;
    }
  }

  #commitCut(): void {
    const done = this.#cutsAtCommit;
    this.#cutAll();
    done?.();
  }

  #cutAll(): void {
    for (const cut of [...this.#cuts]) cut();
  }
}

const lines = Array.from({ length: Number(count) }, () => new Line());
const ports = await Promise.all(lines.map((line) => listening(createServer((near) => line.carry(near)))));
const say = (said: LinesSaid) => process.send?.(said);

process.on("message", (message) => {
  const { id, line, ...spoil } = LinesAsked.parse(message);
  void lines[line]?.spoil(spoil).then(() => say({ done: id }));
});
process.on("disconnect", () => process.exit());
say({ ports });
