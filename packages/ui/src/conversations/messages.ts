/** Messages of a search, a thread or a topic: the newest page first, older ones on request, newer ones as they come. */
import type { HistoryEntry } from "@agentmesh/protocol";
import { effect, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { look } from "../frame/calls.ts";
import { MANY_EVENTS } from "../state/fold.ts";
import { events } from "../state/mesh.ts";
import { showSoon } from "../state/pictures.ts";
import { broughtUpToDate, merged } from "./threads.ts";

/** What is asked for. */
interface Wanted {
  readonly thread?: string | undefined;
  readonly topic?: string | undefined;
  readonly with?: string | undefined;
  readonly query?: string | undefined;
}

interface Page {
  readonly entries: HistoryEntry[];
  readonly nextBefore?: string;
}

const PAGE = 100;
/** Of what comes as many are looked at: more than a window shows. */
const NEWEST = 40;
/** A word is typed before it is searched for; what comes fast is looked at together, what comes very fast more rarely. */
const REST_MS = 250;
const BUSY_REST_MS = 3_500;

/** What was found, kept true while the component is shown. */
export function useMessages(wanted: Wanted) {
  const key = JSON.stringify(wanted);
  const found = useMemo(() => messagesOf(JSON.parse(key)), [key]);
  useEffect(() => found.follow(), [found]);
  return found;
}

function messagesOf(wanted: Wanted) {
  const entries = signal<readonly HistoryEntry[]>([]);
  const looked = signal(false);
  const failed = signal("");
  const older = signal<string | undefined>(undefined);
  let over = false;
  const page = async (before?: string) => {
    try {
      const limit = looked.value && before === undefined ? NEWEST : PAGE;
      const came = await look<Page>("/v1/messages", { ...wanted, limit, before });
      if (over) return;
      const isFirst = !looked.peek();
      showSoon(
        () => {
          if (before === undefined) {
            const { entries: all, isWhole } = broughtUpToDate(
              entries.value,
              came.entries,
              came.nextBefore !== undefined,
            );
            entries.value = all;
            if (!isWhole || isFirst) older.value = came.nextBefore;
          } else {
            entries.value = merged(entries.value, came.entries);
            older.value = came.nextBefore;
          }
          looked.value = true;
          failed.value = "";
        },
        isFirst || before !== undefined ? "now" : "soon",
      );
    } catch (error) {
      if (over) return;
      // Behind what was found before it and is not shown yet, which would take it away.
      showSoon(() => {
        failed.value = error instanceof Error ? error.message : String(error);
      }, "now");
    }
  };
  let loading = false;
  return {
    entries,
    looked,
    failed,
    older,
    /** Asks for what is older. */
    async more() {
      if (older.value === undefined || loading) return;
      loading = true;
      await page(older.value);
      loading = false;
    },
    /** Keeps it true; what it returns ends that. */
    follow() {
      over = false;
      let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(
        () => {
          timer = undefined;
          void page();
        },
        wanted.query === undefined ? 0 : REST_MS,
      );
      let seen = events.peek().at(-1);
      const stop = effect(() => {
        const all = events.value;
        const last = all.at(-1);
        if (last === seen || wanted.query !== undefined) return;
        const came = seen === undefined ? all : all.slice(all.lastIndexOf(seen) + 1);
        // Emptied, it was begun anew: whatever may have come.
        const concerns = last === undefined || came.some((event) => "messageId" in event && concerned(event.threadId));
        seen = last;
        if (concerns && timer === undefined) {
          const restMs = came.length >= MANY_EVENTS ? BUSY_REST_MS : 2 * REST_MS;
          timer = setTimeout(() => {
            timer = undefined;
            void page();
          }, restMs);
        }
      });
      const concerned = (thread: string) => wanted.thread === undefined || wanted.thread === thread;
      return () => {
        over = true;
        stop();
        clearTimeout(timer);
      };
    },
  };
}
