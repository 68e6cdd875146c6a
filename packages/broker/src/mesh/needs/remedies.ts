/** What ends each kind of need: the act, and the command line that does it. */
import {
  askingAgainText,
  firstOf,
  forEach,
  type NeedAct,
  type NeedRemedy,
  type Party,
  shellWord,
} from "@agentmesh/protocol";

const remedy = (act: NeedAct, ...words: readonly string[]): NeedRemedy => ({
  act,
  command: ["agentmesh", ...words].join(" "),
});

/** A question is answered. */
export const answering = (messageId: string): NeedRemedy[] => [remedy("answer", "reply", messageId, "…")];

/** Who owes an answer is asked again, or, if whoever looks may waive it, owes it no more. */
export function endingDebt(to: Party, from: Party, messageId: string, mayWaive: boolean): NeedRemedy[] {
  return [
    remedy("ask_again", "send", shellWord(to.name), shellWord(askingAgainText(from.name, messageId))),
    ...(mayWaive ? [remedy("waive", "waive", messageId)] : []),
  ];
}

/** Held mail is let in, or refused. */
export const deciding = (id: string): NeedRemedy[] => [remedy("admit", "admit", id), remedy("refuse", "refuse", id)];

/** Dead letters are put back, or taken off the list; those of an agent that has left only the latter. */
export function ending(ids: readonly string[], isGone: boolean): NeedRemedy[] {
  const redrive: NeedRemedy = { act: "redrive", command: forEach(ids, (id) => `agentmesh redrive ${id}`) };
  return [...(isGone ? [] : [redrive]), remedy("dismiss", "dismiss", firstOf(ids))];
}

/** A webhook is tried. */
export const trying = ({ name }: Party): NeedRemedy[] => [remedy("test_webhook", "webhook", "test", shellWord(name))];

/** An agent is asked for a word. */
export const pinging = ({ name }: Party): NeedRemedy[] => [remedy("ping", "ping", shellWord(name))];

/** An inbox is looked into. */
export const lookingInto = ({ name }: Party): NeedRemedy[] => [remedy("look", "inbox", shellWord(name))];

/** What two agents have written to each other is looked at: a message of a person between them begins anew. */
export function lookingBetween(one: Party, other: Party): NeedRemedy[] {
  return [remedy("look", "history", "--agent", shellWord(one.name), "--with", shellWord(other.name))];
}

/** Who owes whom is looked at. */
export const lookingAtOwed = ({ name }: Party): NeedRemedy[] => [remedy("look", "owed", shellWord(name))];

/** The broker is asked how it is. */
export const lookingAtBroker = (): NeedRemedy[] => [remedy("look", "status")];
