/** Near names: what somebody may have meant who wrote a name that nobody has. */
import { MAX_NAME_LENGTH, NAME_CHARACTERS } from "@agentmesh/protocol";
import { distance } from "fastest-levenshtein";
import type { Look } from "../looks/turns.ts";
import type { Store } from "../store.ts";

/** Most names beside each other, and most with a word that begins so, that are compared. */
const AROUND = 50;

/** Names that one read asks for. */
const AT_ONCE = 500;

/** Up to five names within a third of the length in edits, of short ones in one, or that contain what was asked; nearest first. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const text = wanted.toLowerCase();
  return names
    .filter((name) => {
      const shorter = Math.min(text.length, name.length);
      const most = shorter < 2 ? 0 : shorter < 4 ? 1 : Math.max(2, name.length / 3);
      return distance(text, name) <= most || (text.length > 2 && name.includes(text));
    })
    .sort((a, b) => distance(text, a) - distance(text, b))
    .slice(0, 5);
}

/**
 * The near names of a mesh, however many agents it has: whatever is one letter, or two letters changed over, away is
 * among what is compared; what is farther, when it stands near in the order of names or has a word that begins so.
 */
export async function findNearNames(store: Store, wanted: string, look: Look): Promise<string[]> {
  const text = wanted.toLowerCase();
  await look.turn();
  const around = await store.namesAround(text, AROUND);
  const found = new Set(around);
  const spellings = spellingsOf(text, Math.max(0, ...around.map((name) => commonStart(text, name))));
  for (let from = 0; from < spellings.length; from += AT_ONCE) {
    await look.turn();
    for (const name of await store.namesAmong(spellings.slice(from, from + AT_ONCE))) found.add(name);
  }
  await look.turn();
  return nearNames(text, [...found].sort());
}

/** Every name that is one letter away, or two changed over, and begins with no more of the text than `start` letters. */
function spellingsOf(text: string, start: number): string[] {
  if (text.length > MAX_NAME_LENGTH + 1) return [];
  const spellings = new Set<string>();
  for (let at = 0; at <= Math.min(start, text.length); at++) {
    const [before, after, behind] = [text.slice(0, at), text.slice(at), text.slice(at + 1)];
    spellings.add(before + behind);
    spellings.add(before + behind.slice(0, 1) + after.slice(0, 1) + behind.slice(1));
    for (const letter of NAME_CHARACTERS) {
      spellings.add(before + letter + behind);
      spellings.add(before + letter + after);
    }
  }
  return [...spellings];
}

/** How many letters two names begin with together. */
function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
