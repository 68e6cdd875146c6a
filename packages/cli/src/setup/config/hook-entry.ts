/** Our hooks of one event in a JSON file that is laid out as Claude Code's, which Codex and Gemini CLI follow. */
import { isDeepStrictEqual } from "node:util";
import { isOurHook } from "./config-file.ts";
import { appendAt, removeAt, setAt } from "./json-edit.ts";
import type { JsonEntry } from "./json-file.ts";
import type { Json } from "./json-text.ts";
import { isRecord, type JsonPath, type JsonText, valueAt } from "./json-text.ts";

/** One command that the client runs. */
export type Hook = Readonly<Record<string, Json>>;

interface Place {
  readonly group: number;
  readonly hook: number;
  /** Nothing but hooks of ours is in the group. */
  readonly alone: boolean;
}

/** The hooks of ours for an event, none means that there shall be none; `likewise` are as good when they are there. */
export function hookEntry(event: string, hooks: readonly Hook[], likewise: readonly Hook[] = hooks): JsonEntry {
  const list: JsonPath = ["hooks", event];
  const what = `hook ${event}`;
  const group: Json = { hooks };
  return {
    within: [list, ["hooks"]],
    holdsOurs: (json) => placesOf(json, list).length > 0,
    install(json) {
      const places = placesOf(json, list);
      const first = places[0];
      if (first === undefined) {
        return hooks.length === 0
          ? { what, json, standing: "missing" }
          : { what, json: appendAt(json, list, group), standing: "added" };
      }
      const inOneGroup = places.every((place) => place.alone && place.group === first.group);
      const at = [...list, first.group];
      const found = valueAt(json, at);
      if (inOneGroup && [group, { hooks: likewise }].some((one) => isDeepStrictEqual(found, one))) {
        return { what, json, standing: "same" };
      }
      if (hooks.length === 0) return { what, json: without(json, list), standing: "removed" };
      const next = inOneGroup ? setAt(json, at, group) : appendAt(without(json, list), list, group);
      return { what, json: next, standing: "updated" };
    },
    uninstall(json) {
      const next = without(json, list);
      return { what, json: next, standing: next === json ? "missing" : "removed" };
    },
  };
}

/** The text without our hooks, and without the groups that held nothing else. */
function without(json: JsonText, list: JsonPath): JsonText {
  const places = placesOf(json, list);
  let next = json;
  for (const { group, hook, alone } of places.toReversed()) {
    if (!alone) next = removeAt(next, [...list, group, "hooks", hook]);
    else if (hook === 0) next = removeAt(next, [...list, group]);
  }
  return next;
}

function placesOf(json: JsonText, list: JsonPath): Place[] {
  const groups = valueAt(json, list);
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((one: unknown, group) => {
    const hooks: readonly unknown[] = isRecord(one) && Array.isArray(one.hooks) ? one.hooks : [];
    const ours = hooks.flatMap((hook, index) => (isRecord(hook) && isOurHook(hook.command) ? [index] : []));
    return ours.map((hook) => ({ group, hook, alone: ours.length === hooks.length }));
  });
}
