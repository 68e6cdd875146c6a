/**
 * Reads one stream of events for all tabs of the page: a browser opens six connections to a broker, and a stream holds one for
 * as long as it lasts. Tabs ask for more when they are ready, so one that nobody sees, or that is frozen, holds up nobody.
 */
import { KEEPALIVE_MS } from "@agentmesh/protocol/shown";
import { askAs, Refusal } from "./ask.ts";
import { askLog } from "./ask-log.ts";
import { sseReader } from "./sse.ts";
import type { Hearing, Said, Told } from "./told.ts";

/** A stream that is silent for longer is lost, whatever the socket says. */
const SILENT_MS = 3 * KEEPALIVE_MS;
/** So long is rested between two readings of the stream: less than tabs rest behind one, who would not notice. */
const READ_REST_MS = 250;
/** A tab that waits is told something at least so often. */
export const BEAT_MS = KEEPALIVE_MS;
/** A stream that does not say within this time that it is open is held back, where calls are answered; then none is tried for a while. */
const OPENS_WITHIN_MS = 10_000;
const STREAM_AGAIN_MS = 600_000;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5_000;
/** Most events that are kept for tabs that have not asked for them. */
const KEPT = 5_000;

/** One end of a channel to a tab. */
export type TabPort = Pick<MessagePort, "postMessage" | "onmessage">;

/** The stream was asked for, and did not even say that it is open. */
class HeldBack extends Error {}

interface Tab {
  /** The place of the next event for it, counted from the hub's first one. */
  at: number;
  isAnew: boolean;
  /** Which news it was told last. */
  told: number;
  wants: boolean;
}

/** Takes up tabs: the first of them has the stream opened, the last that leaves has it closed. */
export class Hub {
  readonly #tabs = new Map<TabPort, Tab>();
  #kept: string[] = [];
  /** The place of the first event that is kept. */
  #from = 0;
  #hearing: Hearing = { state: "connecting" };
  #opened = 0;
  /** Grows with whatever tabs are to be told. */
  #news = 0;
  /** Where the stream is taken up; undefined while nothing is to be taken up. */
  #cursor: string | undefined;
  #value = "";
  /** Until then no stream is tried, by `performance.now()`. */
  #heldBackUntil = 0;
  #following: AbortController | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;

  /** Listens to a tab. */
  add(port: TabPort): void {
    port.onmessage = ({ data }: MessageEvent<Said>) => {
      const tab = this.#tabs.get(port);
      if (data.say === "leave") this.#leave(port);
      else if (data.say === "join") this.#join(port, data.value);
      else if (tab) {
        tab.wants = true;
        this.#tell(port, tab);
      }
    };
  }

  #join(port: TabPort, value: string): void {
    this.#value = value;
    const tab: Tab = { at: 0, isAnew: true, told: -1, wants: true };
    this.#tabs.set(port, tab);
    if (this.#following === undefined) {
      this.#hearing = { state: "connecting" };
      const following = new AbortController();
      this.#following = following;
      // So tabs know that there is a hub, also while it hears nothing.
      this.#beat = setInterval(() => this.#heard(this.#hearing), BEAT_MS);
      void this.#follow(following.signal);
    }
    this.#tell(port, tab);
  }

  #leave(port: TabPort): void {
    if (!this.#tabs.delete(port) || this.#tabs.size > 0) return;
    this.#end();
    this.#cursor = undefined;
  }

  #end(): void {
    clearInterval(this.#beat);
    this.#following?.abort();
    this.#following = undefined;
  }

  #tell(port: TabPort, tab: Tab): void {
    if (!tab.wants || tab.told === this.#news) return;
    tab.wants = false;
    tab.told = this.#news;
    if (tab.at < this.#from) tab.isAnew = true;
    const { state } = this.#hearing;
    // It begins where the stream is, and only when there is one; where the log is asked, with all of it that was read.
    const isAnew = tab.isAnew && (state === "live" || state === "asked");
    if (isAnew && state === "asked") tab.at = this.#from;
    const happened = tab.isAnew && state !== "asked" ? [] : this.#kept.slice(tab.at - this.#from);
    tab.at = this.#from + this.#kept.length;
    if (isAnew) tab.isAnew = false;
    const told: Told = { hearing: this.#hearing, isAnew, opened: this.#opened, happened };
    port.postMessage(told);
  }

  #heard(hearing: Hearing): void {
    this.#hearing = hearing;
    this.#news++;
    for (const [port, tab] of this.#tabs) this.#tell(port, tab);
  }

  /** Follows until nobody listens, or the sign-in has ended. */
  async #follow(over: AbortSignal): Promise<void> {
    const isOver = () => over.aborted;
    for (let waitMs = FIRST_WAIT_MS; !isOver(); waitMs = Math.min(MAX_WAIT_MS, waitMs * 1.6)) {
      const onOpen = () => {
        waitMs = FIRST_WAIT_MS;
      };
      try {
        if (performance.now() < this.#heldBackUntil) {
          await this.#ask(over, onOpen);
          continue;
        }
        await this.#read(over, onOpen);
        if (!isOver()) this.#lost("the broker closed the connection");
      } catch (error) {
        if (isOver()) return;
        if (error instanceof Refusal && error.status === 401) {
          this.#end();
          this.#heard({ state: "over", why: error.message });
          return;
        }
        if (error instanceof HeldBack && (await this.#isAnswered())) {
          this.#heldBackUntil = performance.now() + STREAM_AGAIN_MS;
          continue;
        }
        if (error instanceof Refusal && error.status === 410) this.#cursor = undefined;
        else this.#lost(error instanceof Refusal ? error.message : "no broker answers");
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  #lost(why: string): void {
    const { heardAt } = this.#hearing;
    this.#heard({ state: "lost", why, ...(heardAt !== undefined && { heardAt }) });
  }

  /** Reads one stream to its end. @throws Refusal, and whatever a connection ends with */
  async #read(over: AbortSignal, onOpen: () => void): Promise<void> {
    const silent = new AbortController();
    const end = () => silent.abort();
    over.addEventListener("abort", end);
    let timer = setTimeout(() => silent.abort(new HeldBack()), OPENS_WITHIN_MS);
    try {
      const query = this.#cursor === undefined ? "" : `?after=${encodeURIComponent(this.#cursor)}`;
      const { body } = await askAs(`/v1/events${query}`, { value: this.#value, signal: silent.signal });
      if (body === null) return;
      const read = sseReader();
      const decoder = new TextDecoder();
      const reader = body.getReader();
      for (let isFirst = true; ; ) {
        const { done, value } = await reader.read();
        clearTimeout(timer);
        if (done || over.aborted) return;
        timer = setTimeout(end, SILENT_MS);
        if (isFirst) {
          isFirst = false;
          onOpen();
          this.#opened++;
          if (query === "") this.#beginAnew();
        }
        this.#take(read(decoder.decode(value, { stream: true })));
        this.#heard({ state: "live", heardAt: Date.now() });
        // What comes meanwhile is one reading. The first behind a silence is read at once.
        await new Promise((resolve) => setTimeout(resolve, READ_REST_MS));
      }
    } finally {
      clearTimeout(timer);
      over.removeEventListener("abort", end);
      end();
    }
  }

  /** Asks the log until a stream is tried again. @throws Refusal, and whatever a connection ends with */
  async #ask(over: AbortSignal, onOpen: () => void): Promise<void> {
    let { entries, cursor } = await askLog(this.#value);
    this.#cursor = undefined;
    this.#opened++;
    this.#beginAnew();
    while (!over.aborted && performance.now() < this.#heldBackUntil) {
      onOpen();
      this.#keep(entries.map((each) => JSON.stringify(each)));
      this.#heard({ state: "asked", heardAt: Date.now() });
      ({ entries, cursor } = await askLog(this.#value, cursor));
    }
  }

  /** Whether the broker answers at all: else it is no stream that is held back. */
  #isAnswered(): Promise<boolean> {
    return askAs("/v1/status", { value: this.#value, signal: AbortSignal.timeout(OPENS_WITHIN_MS) }).then(
      () => true,
      () => false,
    );
  }

  #take(came: ReturnType<ReturnType<typeof sseReader>>): void {
    this.#keep(came.filter(({ event }) => event === "event").map(({ data }) => data));
    for (const { event, id, data } of came) {
      if (event === "closing") {
        const { code, reconnect }: { code: string; reconnect: boolean } = JSON.parse(data);
        if (code === "cursor_gone" || !reconnect) this.#cursor = undefined;
      } else if (id !== undefined) this.#cursor = id;
    }
  }

  #keep(happened: readonly string[]): void {
    this.#kept.push(...happened);
    const more = this.#kept.length - KEPT;
    if (more <= 0) return;
    this.#kept = this.#kept.slice(more);
    this.#from += more;
  }

  /** Nothing leads on to what comes now: whoever is here looks at everything. */
  #beginAnew(): void {
    this.#from += this.#kept.length;
    this.#kept = [];
    for (const tab of this.#tabs.values()) tab.isAnew = true;
  }
}
