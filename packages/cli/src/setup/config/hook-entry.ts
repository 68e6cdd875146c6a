/** Our hooks of one event in a JSON file that is laid out as Claude Code's, which Codex and Gemini CLI follow. */
import { isAdapterHook, isOurHook } from "./config-file.ts";
import { appendAt, removeAt, setAt } from "./json-edit.ts";
import type { JsonEntry } from "./json-file.ts";
import type { Json } from "./json-text.ts";
import { isRecord, type JsonPath, type JsonText, valueAt } from "./json-text.ts";

/** One command that the client runs. */
export type Hook = Readonly<Record<string, Json>>;

interface Place {
  readonly group: number;
  readonly hook: number;
  readonly command: string;
  /** How many hooks its group has, whosever they are. */
  readonly inGroup: number;
}

/** The hooks of ours for an event, none means that there shall be none; `likewise` are as good when they are there. */
export function hookEntry(event: string, hooks: readonly Hook[], likewise: readonly Hook[] = hooks): JsonEntry {
  const list: JsonPath = ["hooks", event];
  const what = `hook ${event}`;
  const oursIn = (json: JsonText) => placesOf(json, list).filter(({ command }) => isOurHook(command));
  const byHandIn = (json: JsonText) => placesOf(json, list).find(({ command }) => !isOurHook(command));
  return {
    within: [list, ["hooks"]],
    holdsOurs: (json) => oursIn(json).length > 0,
    install(json) {
      const places = oursIn(json);
      const byHand = byHandIn(json);
      if (places.length === 0) {
        if (hooks.length === 0) return { what, json, standing: "missing" };
        // Two hooks of one event would each look for mail, perhaps in two meshes.
        if (byHand !== undefined) return { what, json, standing: "by hand", found: byHand.command };
        return { what, json: appendAt(json, list, { hooks }), standing: "added" };
      }
      const next = refreshed(json, places);
      const gone = oursIn(next).length === 0;
      return { what, json: next, standing: next === json ? "same" : gone ? "removed" : "updated" };
    },
    uninstall(json) {
      const next = without(json, list, oursIn(json));
      if (next !== json) return { what, json: next, standing: "removed" };
      const byHand = byHandIn(json);
      return byHand === undefined
        ? { what, json, standing: "missing" }
        : { what, json, standing: "by hand", found: byHand.command };
    },
  };

  /** The command is brought up to date, what is missing is added; what a person changed beside it stays. */
  function refreshed(json: JsonText, places: readonly Place[]): JsonText {
    const kept = new Map<Hook, Place>();
    let next = json;
    for (const place of places) {
      const wanted = [...hooks, ...likewise].find(({ command }) => sameKind(command, place.command));
      if (wanted === undefined || [...kept.keys()].some(({ command }) => command === wanted.command)) continue;
      kept.set(wanted, place);
      const at = [...list, place.group, "hooks", place.hook];
      for (const [name, value] of Object.entries(wanted)) {
        if (name === "command" || valueAt(next, [...at, name]) === undefined) next = setAt(next, [...at, name], value);
      }
    }
    const missing = hooks.filter((hook) => ![...kept.keys()].some(({ command }) => command === hook.command));
    const [home] = kept.values();
    if (home !== undefined) for (const hook of missing) next = appendAt(next, [...list, home.group, "hooks"], hook);
    else if (missing.length > 0) next = appendAt(next, list, { hooks: missing });
    const staying = new Set(kept.values());
    return without(
      next,
      list,
      places.filter((place) => !staying.has(place)),
    );
  }
}

/** Of the two that an event may have, one waits for mail in the background. */
function sameKind(command: Json | undefined, other: string): boolean {
  return typeof command === "string" && / --wait\b/.test(command) === / --wait\b/.test(other);
}

/** The text without some hooks, and without the groups that held nothing else. */
function without(json: JsonText, list: JsonPath, places: readonly Place[]): JsonText {
  let next = json;
  for (const { group, hook, inGroup } of places.toReversed()) {
    const going = places.filter((place) => place.group === group);
    if (going.length < inGroup) next = removeAt(next, [...list, group, "hooks", hook]);
    else if (going[0]?.hook === hook) next = removeAt(next, [...list, group]);
  }
  return next;
}

/** Hooks that call the adapter, whoever wrote them. */
function placesOf(json: JsonText, list: JsonPath): Place[] {
  const groups = valueAt(json, list);
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((one: unknown, group) => {
    const hooks: readonly unknown[] = isRecord(one) && Array.isArray(one.hooks) ? one.hooks : [];
    return hooks.flatMap((hook, index) => {
      const command = isRecord(hook) ? hook.command : undefined;
      return isAdapterHook(command) ? [{ group, hook: index, command, inGroup: hooks.length }] : [];
    });
  });
}
