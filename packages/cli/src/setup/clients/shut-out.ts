/** Settings of a client, or of who manages the machine, that keep out what setup writes: told, and never changed. */
import { parse, TomlError } from "smol-toml";
import { readConfig } from "../config/file.ts";
import type { JsonSyntax } from "../config/json-scalar.ts";
import { childrenOf, isContainer, isRecord, type JsonPath, nodeAt, parseJson, valueAt } from "../config/json-text.ts";
import { ConfigRefusal } from "../config/refusal.ts";

/** One setting that keeps something of ours out. */
export interface ShutOut {
  readonly file: string;
  /** Where in the file: `permissions.deny`. */
  readonly key: string;
  /** What it does to ours. */
  readonly says: string;
}

/** Looks into one file. */
export interface Settings {
  readonly file: string;
  /** The value at a path; undefined when it or the file is not there, or cannot be read. */
  at(...path: JsonPath): unknown;
  /** Names in the object at a path. */
  names(...path: JsonPath): readonly string[];
  /** What is said when `shuts` holds for the value at a path. */
  when(path: JsonPath, shuts: (value: unknown) => boolean, says: string): readonly ShutOut[];
}

/** The settings in a JSON file; one that cannot be read is refused or left to its client elsewhere. */
export function jsonSettings(file: string, syntax: JsonSyntax = "jsonc"): Settings {
  const json = quietly(() => {
    const text = readConfig(file);
    return text === undefined || text.trim() === "" ? undefined : parseJson(text, syntax);
  });
  // Looked up one by one: all of a client's file may be megabytes.
  return settings(
    file,
    (path) => json && valueAt(json, path),
    (path) => {
      const node = json && nodeAt(json, path);
      return json && node !== undefined && isContainer(node)
        ? childrenOf(json, node).map(({ key }) => String(key))
        : [];
    },
  );
}

/** The settings in a TOML file. */
export function tomlSettings(file: string): Settings {
  const whole = quietly((): unknown =>
    parse((readConfig(file) ?? "").replace(/^\uFEFF/, ""), { integersAsBigInt: "asNeeded" }),
  );
  const at = (path: JsonPath) =>
    path.reduce<unknown>((value, name) => (isRecord(value) ? value[String(name)] : undefined), whole);
  return settings(file, at, (path) => {
    const value = at(path);
    return isRecord(value) ? Object.keys(value) : [];
  });
}

/** Whether a list has an element that a test holds for. */
export function someOf(value: unknown, test: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.some(test);
}

function settings(
  file: string,
  at: (path: JsonPath) => unknown,
  names: (path: JsonPath) => readonly string[],
): Settings {
  return {
    file,
    names: (...path) => names(path),
    at: (...path) => at(path),
    when: (path, shuts, says) => (shuts(at(path)) ? [{ file, key: path.join("."), says }] : []),
  };
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof ConfigRefusal || error instanceof TomlError) return undefined;
    throw error;
  }
}
