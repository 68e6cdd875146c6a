/** Which key does what to a need: one letter for each act that it takes. */
import type { Need, NeedAct } from "@agentmesh/protocol";

/** A key and the word beside it. */
export interface ActKey {
  readonly act: NeedAct;
  readonly key: string;
  readonly word: string;
}

const keys: readonly ActKey[] = [
  { act: "answer", key: "a", word: "answer" },
  { act: "admit", key: "a", word: "admit" },
  { act: "refuse", key: "x", word: "refuse" },
  { act: "redrive", key: "r", word: "redrive" },
  { act: "dismiss", key: "d", word: "dismiss" },
  { act: "ask_again", key: "s", word: "ask again" },
  { act: "test_webhook", key: "t", word: "test now" },
  { act: "ping", key: "p", word: "ping" },
];

/** The keys of a need. */
export function keysFor(need: Need | undefined): ActKey[] {
  return keys.filter(({ act }) => need?.remedies.some((remedy) => remedy.act === act));
}
