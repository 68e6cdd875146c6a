/**
 * What brokers call to each other, so that one pushes what another has accepted. Hints: they are called behind the commit, several
 * at once, and may be lost with a connection; then everybody looks.
 */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import * as z from "zod";
import type { StoreListener } from "../../../mesh/store.ts";
import type { Seat } from "../database/seat.ts";
import type { Called } from "./hints.ts";

/** The database takes 8,000 bytes in one call; an id has less than 50. */
const IDS_PER_CALL = 120;

// As they came from the database: what is no id of anything is nobody's.
const Agents = z.array(z.templateLiteral(["agt_", z.string()]));
const Sessions = z.array(z.templateLiteral(["ses_", z.string()]));

/** What a call says; the words are short, because each is copied to every broker. */
const Call = z.object({
  by: z.string(),
  ready: Agents.optional(),
  left: Agents.optional(),
  over: Sessions.optional(),
  grew: z.array(z.enum(["log", "audit", "events"])).optional(),
  look: z.literal(true).optional(),
});
type Call = z.infer<typeof Call>;

/** The calls of one broker. */
export class Calls {
  readonly #seat: Seat;
  readonly #listener: () => StoreListener | undefined;
  readonly #ids = { ready: new Set<AgentId>(), left: new Set<AgentId>(), over: new Set<SessionId>() };
  readonly #grew = new Set<"log" | "audit" | "events">();
  #look = false;
  #calling: Promise<void> | undefined;

  constructor(seat: Seat, listener: () => StoreListener | undefined) {
    this.#seat = seat;
    this.#listener = listener;
    seat.listen({
      called: (payload) => this.#hear(payload),
      missed: () => {
        listener()?.missed?.();
        this.#begin();
      },
      seatedAnew: () => listener()?.seatedAnew?.(),
    });
  }

  /** Calls what came of an act, with what others leave meanwhile. */
  tell(called: Called): void {
    for (const id of called.ready) this.#ids.ready.add(id);
    for (const id of called.left) this.#ids.left.add(id);
    for (const id of called.over) this.#ids.over.add(id);
    if (called.advanced) this.#grew.add("log");
    if (called.audited) this.#grew.add("audit");
    if (called.happened) this.#grew.add("events");
    this.#look ||= called.missed;
    this.#begin();
  }

  #begin(): void {
    if (this.#hasSome) this.#calling ??= this.#callAll();
  }

  /** Resolves when nothing is left to be called. */
  async called(): Promise<void> {
    await this.#calling;
  }

  get #hasSome(): boolean {
    return this.#look || this.#grew.size > 0 || Object.values(this.#ids).some(({ size }) => size > 0);
  }

  async #callAll(): Promise<void> {
    try {
      while (this.#hasSome) await this.#seat.call(JSON.stringify(this.#next()));
    } catch {
      // Whoever hears again looks; who did not notice is told to, as soon as this broker can call.
      this.#look = true;
    } finally {
      this.#calling = undefined;
    }
  }

  #next(): Call {
    let room = IDS_PER_CALL;
    const some = <T>(ids: Set<T>): T[] => {
      const taken = [...ids].slice(0, room);
      for (const id of taken) ids.delete(id);
      room -= taken.length;
      return taken;
    };
    const [ready, left, over] = [some(this.#ids.ready), some(this.#ids.left), some(this.#ids.over)];
    const grew = [...this.#grew];
    this.#grew.clear();
    const look = this.#look;
    this.#look = false;
    return {
      by: this.#seat.id,
      ...(ready.length > 0 && { ready }),
      ...(left.length > 0 && { left }),
      ...(over.length > 0 && { over }),
      ...(grew.length > 0 && { grew }),
      ...(look && { look }),
    };
  }

  #hear(payload: string): void {
    const call = callOf(payload);
    const listener = this.#listener();
    if (!listener || call?.by === this.#seat.id) return;
    // Of a newer broker, perhaps: whatever it says, a look is right.
    if (!call || call.look) listener.missed?.();
    for (const id of call?.left ?? []) listener.left?.(id);
    for (const id of call?.over ?? []) listener.over?.(id);
    for (const id of call?.ready ?? []) listener.ready(id, false);
    if (call?.grew?.includes("log")) listener.advanced();
    if (call?.grew?.includes("audit")) listener.audited?.();
    if (call?.grew?.some((each) => each !== "audit")) listener.happened?.();
  }
}

function callOf(payload: string): Call | undefined {
  try {
    return Call.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}
