/** Which key does what to a need: one letter for each act that it takes. */
import type { Need, NeedAct } from "@agentmesh/protocol";

/** A key and the word beside it. */
export interface ActKey {
  readonly act: NeedAct;
  readonly key: string;
  readonly word: string;
  /** The need is over when it is done. */
  readonly ends?: true;
}

const keys: readonly ActKey[] = [
  { act: "answer", key: "a", word: "answer", ends: true },
  { act: "admit", key: "a", word: "admit", ends: true },
  { act: "refuse", key: "x", word: "refuse", ends: true },
  { act: "redrive", key: "r", word: "redrive", ends: true },
  { act: "dismiss", key: "d", word: "dismiss", ends: true },
  { act: "ask_again", key: "s", word: "ask again" },
  { act: "waive", key: "w", word: "waive", ends: true },
  { act: "test_webhook", key: "t", word: "test now" },
  { act: "ping", key: "p", word: "ping" },
];

/** The keys of a need: a question is answered by whom it was asked. */
export function keysFor(need: Need | undefined, me: string | undefined): ActKey[] {
  const acts = need?.remedies.map(({ act }) => act) ?? [];
  return keys.filter(({ act }) => acts.includes(act) && (act !== "answer" || need?.agent?.id === me));
}
