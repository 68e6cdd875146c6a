/** What the palette finds: views, agents, topics, and whatever an id or some words may mean. */
import type { Address } from "./paths.ts";

/** One thing to go to. */
export interface Place {
  readonly title: string;
  readonly kind: string;
  readonly to: Address;
}

const MOST = 12;

/** The places that fit what is typed, the best first; every word has to stand in the title, in any order. */
export function placesFor(typed: string, known: readonly Place[]): Place[] {
  const text = typed.trim();
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const rank = ({ title }: Place) => (title.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  const fit = known.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
  const found = fit.sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
  if (/^(msg|dlv)_[0-9a-f]{8,32}$/.test(text)) {
    found.unshift({ title: `Message ${text}`, kind: "message", to: { view: "message", of: text } });
  } else if (/^thr_[0-9a-f]{8,32}$/.test(text)) {
    found.unshift({ title: `Thread ${text}`, kind: "thread", to: { view: "conversations", of: text } });
  } else if (text !== "") {
    found.push({ title: `Messages with “${text}”`, kind: "search", to: { view: "conversations", query: text } });
  }
  return found;
}
