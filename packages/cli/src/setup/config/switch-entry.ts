/** A setting that is to be on, in a JSON file; where a person has set it, either way, it stays as it is. */
import { removeAt, setAt } from "./json-edit.ts";
import type { JsonEntry } from "./json-file.ts";
import { type JsonPath, valueAt } from "./json-text.ts";

/** The setting at `path`; `noted` has its name when setup switched it on: a setting carries no mark. */
export function switchEntry(path: JsonPath, noted: readonly string[]): JsonEntry {
  const what = path.join(".");
  const isOurs: JsonEntry["holdsOurs"] = (json) => noted.includes(what) && valueAt(json, path) === true;
  return {
    within: path.slice(0, -1).map((_, index) => path.slice(0, path.length - 1 - index)),
    holdsOurs: isOurs,
    install(json) {
      const found = valueAt(json, path);
      if (found === undefined) return { what, json: setAt(json, path, true), standing: "added", noted: what };
      if (isOurs(json)) return { what, json, standing: "same", noted: what };
      return { what, json, standing: found === true ? "same" : "by hand", ...(found !== true && { found: "off" }) };
    },
    uninstall(json) {
      if (isOurs(json)) return { what, json: removeAt(json, path), standing: "removed" };
      return { what, json, standing: "missing" };
    },
  };
}
