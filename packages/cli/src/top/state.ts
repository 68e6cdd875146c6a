/** What `top` knows and shows: three views of the mesh, a row that is chosen, and what is being typed. */
import type { Agent, LogEntry, Need } from "@agentmesh/protocol";

/** The views, in the order of their keys. */
export const views = ["needs", "agents", "log"] as const;
export type View = (typeof views)[number];

/** What is asked at the bottom: a text to answer with, or whether something is to be done. */
export type Asking =
  | {
      readonly kind: "text";
      readonly label: string;
      readonly text: string;
      readonly done: (text: string) => Promise<string>;
    }
  | { readonly kind: "sure"; readonly label: string; readonly done: () => Promise<string> };

/** All of it. */
export interface TopState {
  view: View;
  needs: readonly Need[];
  /** How many needs there are in all. */
  needCount: number;
  agents: readonly Agent[];
  agentCount: number;
  log: readonly LogEntry[];
  /**
   * The key of the row that is chosen, and where it was: the same row stays chosen while others come and go. When the person has
   * ended a need, the next one is chosen in its place; of one that went by itself nothing is, until somebody chooses.
   */
  chosen: { readonly key: string; readonly at: number; readonly isEnded?: true };
  /** The agent that the person acts as, by its id. */
  me: string | undefined;
  /** When the broker was last heard, by this machine's clock; whether it is lost. */
  heardAt: number | undefined;
  isLost: boolean;
  /** Something on the way holds the events back: it is looked every two seconds instead. */
  isHeldBack: boolean;
  asking: Asking | undefined;
  /** What came of the last act. */
  said: string;
}

/** Before anything is known. */
export function emptyState(): TopState {
  return {
    ...{ view: "needs", needs: [], needCount: 0, agents: [], agentCount: 0, log: [] },
    chosen: { key: "", at: 0, isEnded: true },
    me: undefined,
    ...{ heardAt: undefined, isLost: false, isHeldBack: false, asking: undefined, said: "" },
  };
}

/** Keys of the rows of the view, in their order. */
export function rowKeys({ view, needs, agents, log }: TopState): string[] {
  if (view === "needs") return needs.map(({ key }) => key);
  if (view === "agents") return agents.map(({ id }) => id);
  return log.map(({ deliveryId, event, at }) => `${deliveryId} ${event} ${at}`);
}

/** Where the chosen row is now; where it was when it is gone. */
export function chosenAt(state: TopState): number {
  const keys = rowKeys(state);
  const at = keys.indexOf(state.chosen.key);
  return at >= 0 ? at : Math.max(0, Math.min(state.chosen.at, keys.length - 1));
}

/** Chooses a row; the last one of the log when it is left behind, so that what comes is seen. */
export function choose(state: TopState, at: number): void {
  const keys = rowKeys(state);
  const place = Math.max(0, Math.min(at, keys.length - 1));
  const key = keys[place];
  state.chosen = key === undefined ? { key: "", at: 0, isEnded: true } : { key, at: place };
}

/** Chooses what stands in the place of a need that the person has ended, or in the first one at the beginning. */
export function keepChosen(state: TopState): void {
  if (state.chosen.isEnded && !rowKeys(state).includes(state.chosen.key)) choose(state, state.chosen.at);
}

/** Whether the chosen need went by itself: what stands in its place now is another one, which nobody has chosen. */
export function isGone(state: TopState): boolean {
  return state.view === "needs" && state.needs.length > 0 && chosenNeed(state) === undefined;
}

/** The need that is chosen; none when it went by itself. */
export function chosenNeed(state: TopState): Need | undefined {
  return state.view === "needs" ? state.needs.find(({ key }) => key === state.chosen.key) : undefined;
}

/** The agent that is chosen. */
export function chosenAgent(state: TopState): Agent | undefined {
  return state.view === "agents" ? state.agents[chosenAt(state)] : undefined;
}
