/** A configuration file in JSON, JSONC or JSON5 with entries of ours. */
import { isDeepStrictEqual } from "node:util";
import { type ConfigFile, changedStandings, type Edition, type Part } from "./config-file.ts";
import { interiorAt, removeAt, setInteriorAt } from "./json-edit.ts";
import type { JsonSyntax } from "./json-scalar.ts";
import {
  childrenOf,
  hasComment,
  isContainer,
  type Json,
  type JsonPath,
  type JsonText,
  nodeAt,
  parseJson,
  valueAt,
} from "./json-text.ts";

/** A text after one entry was looked after. */
export interface Entered extends Part {
  readonly json: JsonText;
  /** What of ours is in it now without a mark. */
  readonly noted?: string;
}

/** One entry of ours in a JSON file. */
export interface JsonEntry {
  /** Objects and lists it stands in, innermost first. */
  readonly within: readonly JsonPath[];
  /** @throws ConfigRefusal when something else is in the way */
  install(json: JsonText, replace: boolean): Entered;
  uninstall(json: JsonText, before: JsonText | undefined): Entered;
  holdsOurs(json: JsonText): boolean;
}

/** What is said of a JSON file. */
export interface JsonFileTerms {
  readonly path: string;
  readonly entries: readonly JsonEntry[];
  readonly syntax?: JsonSyntax;
  /** What a new file holds beside our entries. */
  readonly fresh?: Readonly<Record<string, Json>>;
  /** What a person should know, from the file as it was found. */
  readonly notes?: (json: JsonText) => readonly string[];
}

/** A JSON file with entries. */
export function jsonFile({ path, entries, syntax = "jsonc", fresh = {}, notes }: JsonFileTerms): ConfigFile {
  const newText = `${JSON.stringify(fresh, undefined, 2)}\n`;
  const isBlank = (text: string | undefined) => text === undefined || /^\s*$/.test(text);

  return {
    path,
    empty: newText,
    install(text, { replace, before }) {
      const begun = text?.includes("\r\n") ? newText.replaceAll("\n", "\r\n") : newText;
      const found = parseJson(text === undefined || isBlank(text) ? begun : text, syntax);
      let json = found;
      const parts: Part[] = [];
      const noted: string[] = [];
      for (const entry of entries) {
        const { json: next, noted: name, ...part } = entry.install(json, replace);
        json = next;
        parts.push(part);
        if (name !== undefined) noted.push(name);
        // Hooks do nothing without the server, which comes first.
        if (part.standing === "foreign") break;
      }
      return { text: edition({ text, found, json, parts, before }), parts, notes: notes?.(found) ?? [], noted };
    },
    uninstall(text, before) {
      if (isBlank(text)) return { text, parts: [], notes: [] };
      const found = parseJson(text, syntax);
      let json = found;
      const parts: Part[] = [];
      for (const entry of entries) {
        const { json: next, ...part } = entry.uninstall(json, parsed(before));
        json = next;
        parts.push(part);
      }
      return { text: edition({ text, found, json, parts, before }), parts, notes: [], noted: [] };
    },
    holdsOurs(text) {
      if (isBlank(text)) return false;
      const json = parseJson(text, syntax);
      return entries.some((entry) => entry.holdsOurs(json));
    },
  };

  /** Whether nothing is left but what a new file holds; asked of few members first, as a file may be large. */
  function isBare(json: JsonText): boolean {
    const few = isContainer(json.root) && childrenOf(json, json.root).length <= Object.keys(fresh).length;
    return few && isDeepStrictEqual(valueAt(json, []), fresh) && !hasComment(json);
  }

  function parsed(before: string | undefined): JsonText | undefined {
    return before === undefined || isBlank(before) ? undefined : parseJson(before, syntax);
  }

  /** The text as it is to be; what lost its last entry of ours is tidied, down to the file. */
  function edition(terms: {
    readonly text: string | undefined;
    readonly found: JsonText;
    readonly json: JsonText;
    readonly parts: readonly Part[];
    readonly before: string | undefined;
  }): Edition["text"] {
    const { text, found, json, parts, before } = terms;
    if (!parts.some(({ standing }) => changedStandings.has(standing))) return text;
    if (!parts.some(({ standing }) => standing === "removed")) return json.text;
    const earlier = parsed(before);
    const within = entries.flatMap((entry) => entry.within).sort((one, other) => other.length - one.length);
    const emptied = [...within, []].filter((container) => interiorAt(found, container) === undefined);
    const tidy = emptied.reduce((rest, container) => tidied(rest, container, earlier), json);
    return isBlank(before) && isBare(tidy) ? before : tidy.text;
  }
}

/** An object or list that lost its last entry: as it was before setup, or gone when it was not there. */
function tidied(json: JsonText, path: JsonPath, earlier: JsonText | undefined): JsonText {
  const interior = interiorAt(json, path);
  if (interior === undefined) return json;
  const was = earlier && interiorAt(earlier, path);
  if (was !== undefined && was.comments === interior.comments) return setInteriorAt(json, path, was.text);
  if (interior.comments !== "") return json;
  const stays = path.length === 0 || (earlier !== undefined && nodeAt(earlier, path) !== undefined);
  return stays ? setInteriorAt(json, path, "") : removeAt(json, path);
}
