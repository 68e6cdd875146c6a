/** An MCP server entry of ours in a JSON file. */
import { commandWords, SERVER, startedUntilNow, startsAdapter } from "./config-file.ts";
import { removeAt, setAt } from "./json-edit.ts";
import type { JsonEntry } from "./json-file.ts";
import type { Json } from "./json-text.ts";
import { isRecord, type JsonPath, type JsonText, valueAt } from "./json-text.ts";
import { isMarked, OWN_VARIABLES } from "./mark.ts";

/** What a client's entry holds; more members than these are written once and then left to the person. */
export interface ServerValue extends Readonly<Record<string, Json>> {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The entry at `path`, such as `mcpServers.agentmesh`. */
export function serverEntry(path: JsonPath, value: ServerValue): JsonEntry {
  const found = (json: JsonText) => valueAt(json, path);
  const isOurs = (json: JsonText) => isMarked(found(json));
  return {
    within: path.slice(0, -1).map((_, index) => path.slice(0, path.length - 1 - index)),
    holdsOurs: isOurs,
    install(json, replace) {
      const current = found(json);
      if (current === undefined) return { what: SERVER, json: setAt(json, path, value), standing: "added" };
      if (isOurs(json)) {
        const next = refreshed(json);
        if (next === json) return { what: SERVER, json, standing: "same" };
        return { what: SERVER, json: next, standing: "updated", ...startedUntilNow(current) };
      }
      const words = isRecord(current) ? commandWords(current) : JSON.stringify(current);
      if (replace) return { what: SERVER, json: setAt(json, path, value), standing: "replaced", found: words };
      return { what: SERVER, json, standing: startsAdapter(words) ? "by hand" : "foreign", found: words };
    },
    uninstall(json) {
      if (isOurs(json)) return { what: SERVER, json: removeAt(json, path), standing: "removed" };
      const current = found(json);
      const words = isRecord(current) ? commandWords(current) : "";
      return startsAdapter(words)
        ? { what: SERVER, json, standing: "by hand", found: words }
        : { what: SERVER, json, standing: "missing" };
    },
  };

  /** What setup decides is brought up to date, what is missing is added; what a person put into the entry stays. */
  function refreshed(json: JsonText): JsonText {
    const missing = Object.entries(value).filter(([name]) => valueAt(json, [...path, name]) === undefined);
    const whole = missing.reduce((rest, [name, one]) => setAt(rest, [...path, name], one), json);
    let next = setAt(setAt(whole, [...path, "command"], value.command), [...path, "args"], value.args);
    for (const name of OWN_VARIABLES) {
      const wanted = value.env[name];
      next =
        wanted === undefined ? removeAt(next, [...path, "env", name]) : setAt(next, [...path, "env", name], wanted);
    }
    return next;
  }
}
