/** A name of ours in a list of names in a JSON file, such as OpenCode's `plugin`. */
import { appendAt, removeAt, setAt } from "./json-edit.ts";
import type { JsonEntry } from "./json-file.ts";
import { type JsonPath, type JsonText, valueAt } from "./json-text.ts";

/** What is said of a listed name. */
export interface ListedTerms {
  readonly what: string;
  readonly path: JsonPath;
  readonly value: string;
  /** Nothing tells ours from one that a person wrote, but what the file was before. */
  readonly unmarked?: true;
  /** Whether it shall come in; one that is in stays either way. */
  readonly wanted?: boolean;
  /** Whether setup wrote an element, now or in another version, unless it was there before. */
  isOurs(element: string): boolean;
  /** Whether an element means the same and a person wrote it. */
  isByHand?(element: string): boolean;
}

/** The name in the list at `path`; an element may also be a list whose first element is the name. */
export function listedEntry({ what, path, value, unmarked, wanted = true, isOurs, isByHand }: ListedTerms): JsonEntry {
  const elements = (json: JsonText): { readonly at: JsonPath; readonly name: string }[] => {
    const list = valueAt(json, path);
    if (!Array.isArray(list)) return [];
    return list.flatMap((one: unknown, index) => {
      if (typeof one === "string") return [{ at: [...path, index], name: one }];
      const first: unknown = Array.isArray(one) ? one[0] : undefined;
      return typeof first === "string" ? [{ at: [...path, index, 0], name: first }] : [];
    });
  };
  const ours = (json: JsonText) => elements(json).filter(({ name }) => isOurs(name));
  const byHand = (json: JsonText) => elements(json).find(({ name }) => isByHand?.(name) === true && !isOurs(name));
  return {
    within: path.map((_, index) => path.slice(0, path.length - index)),
    holdsOurs: (json) => unmarked !== true && ours(json).length > 0,
    install(json) {
      const [first] = ours(json);
      if (!wanted) return { what, json, standing: first === undefined ? "missing" : "same" };
      if (first !== undefined) {
        const next = setAt(json, first.at, value);
        return { what, json: next, standing: next === json ? "same" : "updated" };
      }
      const other = byHand(json);
      if (other !== undefined) return { what, json, standing: "by hand", found: other.name };
      return { what, json: appendAt(json, path, value), standing: "added" };
    },
    uninstall(json, before) {
      const earlier = before === undefined ? [] : elements(before).map(({ name }) => name);
      const added = ours(json).filter(({ name }) => !earlier.includes(name));
      const next = added.reduceRight((rest, { at }) => removeAt(rest, at.slice(0, path.length + 1)), json);
      if (next !== json) return { what, json: next, standing: "removed" };
      const other = byHand(json);
      return other === undefined
        ? { what, json, standing: "missing" }
        : { what, json, standing: "by hand", found: other.name };
    },
  };
}
