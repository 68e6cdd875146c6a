/**
 * A bystander: one agent writes to another at a steady pace while something is done to the broker, and somebody new comes
 * twice a second. Each message is followed to its push; in the end every one is accounted for.
 */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { MeshClient } from "@agentmesh/client";
import type { LeasedDelivery } from "@agentmesh/protocol";
import { type Finding, History } from "testkit";
import { withOmitted } from "./figures.ts";
import { atOnce, type Hand } from "./load.ts";

/** Who stands by, and where. */
export interface BystanderOptions {
  readonly url: string;
  readonly key: string;
  readonly writer: Hand;
  readonly reader: Hand;
  /** Mail from one to the other, or reads alone. */
  readonly does: "mail" | "reads";
  /** How long a push may be waited for. */
  readonly pushWithinMs?: number;
  readonly fetch?: typeof fetch;
}

/** What somebody new met. */
export interface Newcomers {
  readonly tried: number;
  readonly refused: number;
  readonly longestMs: number;
}

/** What a bystander saw in one span. */
export interface Seen {
  /** From each send to its push, or how long each read took, in milliseconds. */
  readonly times: number[];
  /** How many of the times were taken; the others are of messages that would have waited meanwhile. */
  readonly taken: number;
  readonly newcomers: Newcomers;
}

const EVERY_MS = 20;
const NEWCOMER_EVERY_MS = 500;
const NEWCOMER_WAITS_MS = 10_000;

/** Stands by from its start to its end. */
export class Bystander {
  readonly #options: BystanderOptions;
  readonly #history = new History();
  readonly #pushed = new Map<number, () => void>();
  readonly #over = new AbortController();
  readonly #found: Finding[] = [];
  #times: number[] = [];
  #newcomers = { tried: 0, refused: 0, longestMs: 0 };
  #stopping = false;
  /** The message or read under way, and the newcomer. */
  #current: Promise<void> = Promise.resolve();
  #newcomer: Promise<void> = Promise.resolve();
  #acting: Promise<unknown> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: BystanderOptions) {
    this.#options = options;
  }

  /** Begins; resolves with the first message pushed, or the first read answered. */
  async start(): Promise<void> {
    const mail = this.#options.does === "mail";
    if (mail) this.#reading = this.#read().catch((error) => this.#fails(error));
    this.#acting = Promise.all([mail ? this.#write() : this.#look(), this.#arrive()]);
    for (const end = performance.now() + 20_000; this.#times.length === 0; await sleep(10)) {
      if (performance.now() > end) throw new Error("nothing came to the bystander within 20 s");
    }
    await this.next();
  }

  /** What was seen since it was asked last; what was begun until now is waited for. */
  async next(): Promise<Seen> {
    const newcomer = this.#newcomer;
    await this.#current;
    const times = this.#times;
    this.#times = [];
    // The times end here: what comes while somebody new still waits belongs to the next span.
    await newcomer;
    const newcomers = this.#newcomers;
    this.#newcomers = { tried: 0, refused: 0, longestMs: 0 };
    return { times: withOmitted(times, EVERY_MS), taken: times.length, newcomers };
  }

  /** Ends, empties the inbox, and says what became of every message. */
  async finish(): Promise<Finding[]> {
    this.#stopping = true;
    await this.#acting;
    this.#over.abort();
    await this.#reading;
    if (this.#options.does === "mail") await this.#drain();
    const admin = this.#client(this.#options.key);
    const ids = this.#history.messageIds();
    const fates = await atOnce(ids.length, 8, (i) =>
      admin.getMessage({ message: ids[i] ?? "" }).catch(() => undefined),
    );
    const known = fates.flatMap((fate) => (fate ? [[fate.message.id, fate] as const] : []));
    return [...this.#found, ...this.#history.check(new Map(known))];
  }

  #client(token: string): MeshClient {
    const { url, fetch } = this.#options;
    return new MeshClient({ url, token, retryForMs: 0, timeoutMs: 60_000, ...(fetch && { fetch }) });
  }

  /** One after another, at a steady pace as long as each ends in time. */
  async #pace(act: (n: number) => Promise<unknown>): Promise<void> {
    for (let n = 0; !this.#stopping; n++) {
      const began = performance.now();
      this.#current = act(n).then(
        () => undefined,
        (error) => this.#fails(error),
      );
      await this.#current;
      this.#times.push(performance.now() - began);
      await sleep(Math.max(0, began + EVERY_MS - performance.now()));
    }
  }

  #write(): Promise<void> {
    const { writer, reader, pushWithinMs = 60_000 } = this.#options;
    const client = this.#client(writer.token);
    return this.#pace(async (n) => {
      const { promise: pushed, resolve } = Promise.withResolvers<void>();
      this.#pushed.set(n, resolve);
      this.#history.trying(writer.name, reader.name, n);
      const { messageId } = await client.send({ to: reader.name, body: String(n) });
      this.#history.sent({ from: writer.name, to: reader.name, n, messageId, at: Date.now() });
      const late = setTimeout(resolve, pushWithinMs);
      await pushed;
      clearTimeout(late);
      this.#pushed.delete(n);
    });
  }

  async #read(): Promise<void> {
    const inbox = this.#client(this.#options.reader.token).inbox({ signal: this.#over.signal });
    const acks: Promise<void>[] = [];
    for await (const delivery of inbox) {
      this.#got(delivery);
      const acked = () => this.#history.acked({ messageId: delivery.message.id, at: Date.now() });
      acks.push(delivery.ack().then(acked, (error) => this.#fails(error)));
    }
    await Promise.all(acks);
  }

  /** What is left is leased by hand, until nothing is open. */
  async #drain(): Promise<void> {
    const client = this.#client(this.#options.reader.token);
    for (const end = performance.now() + 15_000; performance.now() < end; await sleep(100)) {
      for (const delivery of (await client.lease()).deliveries) {
        this.#got(delivery);
        await client.ack({ delivery: delivery.id, receipt: delivery.receipt });
        this.#history.acked({ messageId: delivery.message.id, at: Date.now() });
      }
      if ((await client.listInbox()).open === 0) return;
    }
  }

  #got({ message, attempt, redelivered }: Pick<LeasedDelivery, "message" | "attempt" | "redelivered">): void {
    const n = Number(message.body);
    const at = Date.now();
    this.#history.received({
      by: this.#options.reader.name,
      from: message.from.name,
      to: message.to,
      n,
      messageId: message.id,
      attempt,
      redelivered,
      at,
    });
    this.#pushed.get(n)?.();
  }

  #look(): Promise<void> {
    const client = this.#client(this.#options.writer.token);
    return this.#pace(() => client.getAgent({ agent: "me" }));
  }

  async #arrive(): Promise<void> {
    const { url, writer } = this.#options;
    while (!this.#stopping) {
      const began = performance.now();
      this.#newcomer = arrive(`${url}/v1/agents/me`, writer.token).then((served) => {
        this.#newcomers.tried++;
        if (!served) this.#newcomers.refused++;
        this.#newcomers.longestMs = Math.max(this.#newcomers.longestMs, performance.now() - began);
      });
      await this.#newcomer;
      await sleep(Math.max(0, began + NEWCOMER_EVERY_MS - performance.now()));
    }
  }

  #fails(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#found.push({
      kind: "unavailable",
      detail: `the bystander met: ${error instanceof Error ? error.message : error}`,
    });
  }
}

/** One call over a connection that nobody has had before; whether it was answered 200. */
function arrive(url: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const asked = request(url, { agent: false, headers, timeout: NEWCOMER_WAITS_MS }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode === 200));
      response.once("error", () => resolve(false));
    });
    asked.once("timeout", () => asked.destroy(new Error("no answer")));
    asked.once("error", () => resolve(false));
    asked.end();
  });
}
