/** Keeps what `top` knows true: by events, a look at a time, and by itself where there are none; across restarts of the broker. */
import { type MeshClient, mayPass, pause, StreamHeldBackError } from "@agentmesh/client";
import { keepChosen, type TopState } from "./state.ts";

/** Rest between two looks, and how long nothing is looked at while no event comes, or while there are none, in milliseconds. */
const REST_MS = 500;
const IDLE_MS = 10_000;
const WITHOUT_EVENTS_MS = 2_000;
/** Rows that are held of each view. */
const MOST_NEEDS = 300;
const MOST_AGENTS = 1_000;
const MOST_ENTRIES = 200;

/** Who follows until when, who is told that something is other, and who says whom the person acts as. */
export interface Followed {
  readonly signal: AbortSignal;
  readonly changed: () => void;
  readonly me: () => Promise<string | undefined>;
}

/** Follows until the signal. @throws MeshApiError when the broker refuses */
export async function follow(
  client: MeshClient,
  agent: string | undefined,
  state: TopState,
  { signal, changed, me }: Followed,
): Promise<void> {
  const whose = agent === undefined ? {} : { agent };
  let wake = () => {};
  let isStale = true;
  let idleMs = IDLE_MS;
  const listening = (async () => {
    for await (const { type } of client.events({ ...whose, signal })) {
      if (type === "lost") {
        state.isLost = true;
        changed();
        continue;
      }
      isStale = true;
      wake();
    }
  })();
  // A machine that joined gets none, nor does who is behind a proxy that holds them back: who looks is told what else it is.
  void listening
    .catch((error: unknown) => {
      state.isHeldBack = error instanceof StreamHeldBackError;
    })
    .finally(() => {
      idleMs = WITHOUT_EVENTS_MS;
      wake();
    });
  while (!signal.aborted) {
    if (!isStale) {
      const over = new AbortController();
      wake = () => over.abort();
      await pause(idleMs, AbortSignal.any([signal, over.signal]));
    }
    isStale = false;
    try {
      await look(client, whose, state, signal);
      if (state.me === undefined && state.needs.some(({ kind }) => kind === "question")) state.me = await me();
      keepChosen(state);
      state.isLost = false;
      state.heardAt = Date.now();
    } catch (error) {
      if (signal.aborted) return;
      if (!mayPass(error)) throw error;
      state.isLost = true;
      isStale = true;
    }
    changed();
    await pause(REST_MS, signal);
  }
}

async function look(client: MeshClient, whose: { readonly agent?: string }, state: TopState, signal: AbortSignal) {
  const [waiting, there, happened] = await Promise.all([
    client.listNeeds({ ...whose, limit: MOST_NEEDS }, { signal }),
    client.listAgents({ limit: MOST_AGENTS }, { signal }),
    client.log({ ...whose, limit: MOST_ENTRIES }, { signal }),
  ]);
  state.needs = waiting.needs;
  state.needCount = Object.values(waiting.counts).reduce((sum, n) => sum + n, 0);
  state.agents = there.agents;
  state.agentCount = there.total;
  // The newest first, as in the other views what is worth a look comes first.
  state.log = happened.entries.toReversed();
}
