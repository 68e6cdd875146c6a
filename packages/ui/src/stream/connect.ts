/** A tab's way to the events: through the worker that all tabs share, or where there is none a stream of its own. */
import { pageValue } from "../frame/calls.ts";
import { BEAT_MS, Hub } from "./hub.ts";
import type { Said, Told } from "./told.ts";

/** The worker's script by its name, put here by the build. */
declare const STREAM_FILE: string;

declare global {
  interface Window {
    /** Missing in browsers that do not ask for it. What a policy makes is taken where a text is not. */
    readonly trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): {
        createScriptURL(url: string): string;
      };
    };
  }
}

/** A hub that answers nothing to the first word does not run. */
const FIRST_WORD_MS = 10_000;
/** One that says nothing for so long does not run any more. */
const NO_WORD_MS = 2 * BEAT_MS;

/** The events, as a tab is told of them. */
export interface Events {
  /** What it was not told; waits until there is something. */
  next(): Promise<Told>;
  close(): void;
}

/** Joins the hub. */
export function joinEvents(): Events {
  /** What waits for the next word, and is told undefined where none comes. */
  let onWord: (told: Told | undefined) => void = () => {};
  const noWord = () => onWord(undefined);
  let port = sharedPort(noWord);
  const say = (said: Said) => port.postMessage(said);
  const word = (ms: number) =>
    new Promise<Told | undefined>((resolve) => {
      const timer = setTimeout(noWord, ms);
      onWord = (told) => {
        clearTimeout(timer);
        resolve(told);
      };
    });
  const join = () => {
    port.onmessage = ({ data }: MessageEvent<Told>) => onWord(data);
    // Browsers that tell it tell at once that the worker was ended.
    port.addEventListener("close", noWord);
    say({ say: "join", value: pageValue() });
  };
  const leave = () => say({ say: "leave" });
  // A page that the browser keeps for the way back is told nothing; who comes back to it joins anew.
  const shownAgain = ({ persisted }: PageTransitionEvent) => persisted && join();
  addEventListener("pagehide", leave);
  addEventListener("pageshow", shownAgain);
  let isIn = false;
  return {
    async next() {
      const coming = word(isIn ? NO_WORD_MS : FIRST_WORD_MS);
      if (isIn) say({ say: "more" });
      else join();
      isIn = true;
      let told = await coming;
      // The worker may have been ended: the next one is another. Where none runs, the tab listens for itself.
      for (const anew of [sharedPort, ownPort]) {
        if (told !== undefined) break;
        leave();
        port = anew(noWord);
        const first = word(FIRST_WORD_MS);
        join();
        told = await first;
      }
      return told ?? NOTHING;
    },
    close() {
      leave();
      removeEventListener("pagehide", leave);
      removeEventListener("pageshow", shownAgain);
    },
  };
}

const NOTHING: Told = {
  hearing: { state: "lost", why: "this browser runs nothing that listens" },
  isAnew: false,
  opened: 0,
  happened: [],
};

/** Whatever it is asked for, it gives this script's name alone. */
const only = { createScriptURL: () => STREAM_FILE };
let policy: { createScriptURL(url: string): string } | undefined;

/** A port of the worker that the tabs share; `onFailed` is called where its script does not load. */
function sharedPort(onFailed: () => void): MessagePort {
  if (!("SharedWorker" in window)) return ownPort();
  try {
    policy ??= window.trustedTypes?.createPolicy("agentmesh", only) ?? only;
    const worker = new SharedWorker(policy.createScriptURL(""), "agentmesh");
    worker.addEventListener("error", onFailed);
    return worker.port;
  } catch {
    return ownPort();
  }
}

function ownPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  new Hub().add(port1);
  return port2;
}
