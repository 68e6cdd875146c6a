/** Who is signed in at the page now: kept through restarts, and ended in time, with all that is open by it. */
import { MAX_SIGN_INS, PAGE_IDLE_MS } from "@agentmesh/protocol";
import type { Clock } from "../clock.ts";
import { type KeptLink, type KeptSignIn, SignInsKept, type SignInsPlace } from "./sign-ins-kept.ts";

/** How far the kept time of the last use may be behind, in milliseconds. */
const USE_KEPT_WITHIN_MS = 600_000;

/** How often it is looked whether one has ended while something is open by it, in milliseconds. */
const LOOK_EVERY_MS = 5_000;

/** A sign-in of this life of the broker: what is open by it, and how those hear of its end. */
interface Running {
  open: number;
  readonly over: AbortController;
}

/** What it takes. */
export interface SignedInParts {
  readonly place: SignInsPlace;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** The sign-ins and the links. */
export class SignedIn {
  readonly #parts: SignedInParts;
  readonly #running = new Map<string, Running>();
  #kept: SignInsKept | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: SignedInParts) {
    this.#parts = parts;
  }

  /** Those that are not over, the oldest first. */
  get signIns(): readonly KeptSignIn[] {
    return this.#all.signIns;
  }

  /** The same of links. */
  get links(): readonly KeptLink[] {
    return this.#all.links;
  }

  /** The time now, by which all that is over has ended. */
  now(): number {
    const now = this.#parts.clock.now();
    const all = this.#all;
    const isOpen = ({ id }: KeptSignIn) => (this.#running.get(id)?.open ?? 0) > 0;
    const isIdle = (each: KeptSignIn) => !isOpen(each) && each.lastUsedAt + PAGE_IDLE_MS + USE_KEPT_WITHIN_MS <= now;
    all.links = all.links.filter(({ until }) => until > now);
    this.drop(all.signIns.filter((each) => each.until <= now || isIdle(each)).map(({ id }) => id));
    return now;
  }

  /** Adds one. Where there are as many as may be by the same way, the one that was not used for longest ends. */
  add(signIn: KeptSignIn): void {
    const same = this.signIns.filter(({ link }) => link === signIn.link).sort((a, b) => a.lastUsedAt - b.lastUsedAt);
    this.drop(same.slice(0, Math.max(0, same.length + 1 - MAX_SIGN_INS)).map(({ id }) => id));
    this.#all.signIns.push(signIn);
  }

  /** Adds a link. */
  addLink(link: KeptLink): void {
    this.#all.links.push(link);
  }

  /** A call by it came. */
  used(signIn: KeptSignIn): void {
    const now = this.#parts.clock.now();
    if (now - signIn.lastUsedAt < USE_KEPT_WITHIN_MS) return;
    signIn.lastUsedAt = now;
    this.keep();
  }

  /** Aborted when it ends. */
  overOf(id: string): AbortSignal {
    return this.#runningOf(id).over.signal;
  }

  /** Something is open by it: until the returned function is called it is in use, and its end is looked for. */
  opened(id: string): () => void {
    const running = this.#runningOf(id);
    running.open++;
    this.#looking ??= setInterval(() => this.now(), LOOK_EVERY_MS).unref();
    return () => {
      running.open--;
      const signIn = this.signIns.find((each) => each.id === id);
      if (signIn) this.used(signIn);
      if ([...this.#running.values()].some(({ open }) => open > 0)) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    };
  }

  /** Ends those of these ids. */
  drop(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#all.signIns = this.signIns.filter(({ id }) => !ids.includes(id));
    for (const id of ids) {
      this.#running.get(id)?.over.abort();
      this.#running.delete(id);
    }
  }

  /** Takes a link away: nobody signs in by it any more. */
  dropLink(id: string): void {
    this.#all.links = this.links.filter((each) => each.id !== id);
  }

  /** Writes all of it. What a full disk does not take is true all the same, in this life of the broker. */
  keep(): boolean {
    try {
      this.#parts.place.write(this.#all);
      return true;
    } catch (error) {
      this.#parts.onFault(error);
      return false;
    }
  }

  get #all(): SignInsKept {
    this.#kept ??= SignInsKept.safeParse(this.#parts.place.read()).data ?? { signIns: [], links: [] };
    return this.#kept;
  }

  #runningOf(id: string): Running {
    const running = this.#running.get(id) ?? { open: 0, over: new AbortController() };
    this.#running.set(id, running);
    return running;
  }
}
