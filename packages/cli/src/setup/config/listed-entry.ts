/** A name of ours in a list of names in a JSON file, such as OpenCode's `plugin`. */
import { appendAt, removeAt, setAt } from "./json-edit.ts";
import type { JsonEntry } from "./json-file.ts";
import { isRecord, type JsonPath, type JsonText, valueAt } from "./json-text.ts";

/** What is said of a listed name. */
export interface ListedTerms {
  readonly what: string;
  readonly path: JsonPath;
  readonly value: string;
  /** Names that setup has put into the file: a name carries no mark, so a note beside the file tells them from others. */
  readonly noted: readonly string[];
  /** Whether it shall come in; one that is in stays either way. */
  readonly wanted?: boolean;
  /** Whether an element stands for the same, whoever wrote it. */
  isLike(element: string): boolean;
}

/**
 * The name in the list at `path`. An element may also be a list whose first element is the name, or an object that has it
 * as its `source`.
 */
export function listedEntry({ what, path, value, noted, wanted = true, isLike }: ListedTerms): JsonEntry {
  const alike = (json: JsonText): { readonly at: JsonPath; readonly name: string }[] => {
    const list = valueAt(json, path);
    if (!Array.isArray(list)) return [];
    const elements = list.flatMap((one: unknown, index) => {
      if (typeof one === "string") return [{ at: [...path, index], name: one }];
      const within = Array.isArray(one) ? 0 : "source";
      const name: unknown = Array.isArray(one) ? one[0] : isRecord(one) ? one.source : undefined;
      return typeof name === "string" ? [{ at: [...path, index, within], name }] : [];
    });
    return elements.filter(({ name }) => isLike(name));
  };
  const ours = (json: JsonText) => alike(json).filter(({ name }) => noted.includes(name));
  const byHand = (json: JsonText) => alike(json).find(({ name }) => !noted.includes(name));
  return {
    within: path.map((_, index) => path.slice(0, path.length - index)),
    holdsOurs: (json) => ours(json).length > 0,
    install(json) {
      const [first] = ours(json);
      if (first === undefined) {
        const other = byHand(json);
        if (!wanted) return { what, json, standing: "missing" };
        if (other !== undefined) return { what, json, standing: "by hand", found: other.name };
        return { what, json: appendAt(json, path, value), standing: "added", noted: value };
      }
      if (!wanted) return { what, json, standing: "same", noted: first.name };
      const next = setAt(json, first.at, value);
      return { what, json: next, standing: next === json ? "same" : "updated", noted: value };
    },
    uninstall(json) {
      const next = ours(json).reduceRight((rest, { at }) => removeAt(rest, at.slice(0, path.length + 1)), json);
      if (next !== json) return { what, json: next, standing: "removed" };
      const other = byHand(json);
      return other === undefined
        ? { what, json, standing: "missing" }
        : { what, json, standing: "by hand", found: other.name };
    },
  };
}
