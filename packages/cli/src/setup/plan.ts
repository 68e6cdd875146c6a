/** What setup or uninstall would do to each file of a client, and the doing of it. */
import { shortPath } from "../describe.ts";
import type { ChosenClient } from "./choose.ts";
import type { Connection, Surroundings } from "./clients/client.ts";
import { backUp, backupsOf, keepBackup, noteBeside, removeBackup } from "./config/backup.ts";
import { type ConfigFile, type Edition, mayHoldOurs, type Part } from "./config/config-file.ts";
import { readConfig, refuseReadOnly, writeConfig } from "./config/file.ts";
import { ChangedMeanwhile, refuseHalfWritten } from "./config/in-place.ts";
import { ConfigRefusal } from "./config/refusal.ts";

/** Which way. */
export type Verb = "setup" | "uninstall";

/** What is to become of one file. */
export interface FilePlan {
  readonly file: ConfigFile;
  readonly from: string | undefined;
  readonly edition: Edition;
  /** Why it is left as it is. */
  readonly refused?: string;
}

/** What is to become of a client's files. */
export interface ClientPlan {
  readonly files: readonly FilePlan[];
  /** Why nothing is done. */
  readonly aside?: string;
}

/** What became of one file. */
export interface Outcome {
  /** Copy of what the file was. */
  readonly backup?: string;
  /** Which state of the file that is, and why the copy stays; for uninstall. */
  readonly backupOf?: string;
  /** The file is again what its copy was, and the copy is gone. */
  readonly restored?: boolean;
  /** It could not be removed, being a mount of its own, and holds nothing now. */
  readonly emptied?: boolean;
}

/** Plans without touching anything. */
export function planClient(
  { client, found }: ChosenClient,
  {
    at,
    verb,
    to,
    replace,
  }: { readonly at: Surroundings; readonly verb: Verb; readonly to: Connection; readonly replace: boolean },
): ClientPlan {
  try {
    const aside = verb === "setup" ? client.standsAside?.(at, to) : undefined;
    if (aside !== undefined) {
      const both = client.files(at, to, found?.version).filter(hasOurs);
      const paths = both.map(({ path }) => shortPath(path)).join(" and ");
      const advice = `. What setup wrote is still beside it, in ${paths}. Without that: agentmesh uninstall --client ${client.name}`;
      return { files: [], aside: both.length === 0 ? aside : aside + advice };
    }
  } catch (error) {
    // The file that cannot be read is named below.
    if (!(error instanceof ConfigRefusal)) throw error;
  }
  const files = client.files(at, to, found?.version).map((file) => planFile(file, { verb, replace }));
  // A client's first file has its MCP server.
  const [main, ...others] = files;
  if (verb === "uninstall" || main === undefined || !isBarred(main)) return { files };
  return { files: [main, ...others.map((plan) => (changes(plan) ? leftOut(plan, main.file) : plan))] };
}

/** Whether entries that setup wrote are in a file; of one that cannot be read nothing is said. */
function hasOurs(file: ConfigFile): boolean {
  try {
    const text = readConfig(file.path);
    return text !== undefined && file.holdsOurs(text);
  } catch (error) {
    if (!(error instanceof ConfigRefusal)) throw error;
    return false;
  }
}

/** Whether something of a file could not be set: it is refused, or something else has our name. */
export function isBarred({ refused, edition }: FilePlan): boolean {
  return refused !== undefined || edition.parts.some(({ standing }) => standing === "foreign");
}

/** Hooks and tokens do nothing without the server. */
function leftOut({ file, from }: FilePlan, main: ConfigFile): FilePlan {
  return { file, from, edition: untouched(from), refused: withoutServer(main) };
}

/** Why a file is left out. */
export function withoutServer(main: ConfigFile): string {
  return `left out: it does nothing without the MCP server, see ${shortPath(main.path)}`;
}

function planFile(file: ConfigFile, { verb, replace }: { readonly verb: Verb; readonly replace: boolean }): FilePlan {
  let from: string | undefined;
  try {
    refuseHalfWritten(file.path);
    from = readConfig(file.path);
    if (verb === "uninstall" && from === undefined) return { file, from, edition: untouched(from) };
    const before = originalOf(file)?.text;
    const edition =
      verb === "setup" || from === undefined ? file.install(from, { replace, before }) : file.uninstall(from, before);
    if (from !== undefined && edition.text !== from) refuseReadOnly(file.path);
    return { file, from, edition };
  } catch (error) {
    if (!(error instanceof ConfigRefusal)) throw error;
    // A file in which nothing can be of us may be as broken as it likes.
    const ownAffair = verb === "uninstall" && from !== undefined && !mayHoldOurs(from);
    return { file, from, edition: untouched(from), ...(!ownAffair && { refused: error.message }) };
  }
}

function untouched(text: string | undefined): Edition {
  return { text, parts: [], notes: [] };
}

/** Whether a file would become another. */
export function changes({ edition, from }: FilePlan): boolean {
  return edition.text !== from;
}

/**
 * Writes a file as planned; plans again when the client has written it meanwhile. What a person had is copied before
 * the first change; a copy that says the same as the file in the end is removed. @throws ConfigRefusal
 */
export function carryOut(
  plan: FilePlan,
  terms: { readonly verb: Verb; readonly replace: boolean; readonly shared: boolean },
): Outcome {
  const { file } = plan;
  for (let next = plan, left = 5; ; left--) {
    try {
      const { from, edition } = next;
      let emptied = false;
      if (terms.verb === "setup" && (from === undefined || !file.holdsOurs(from))) {
        // What older runs left says nothing of this one.
        for (const copy of backupsOf(file.path)) keepBackup(copy);
      }
      const backup = from !== undefined && needsBackup(next) ? backUp(file.path, from) : undefined;
      try {
        // A name that is noted and not yet there does no harm; one that is there and not noted would stay for good.
        if (terms.verb === "setup" && edition.noted !== undefined) noteBeside(file.path, edition.noted);
        const how = writeConfig(file.path, { from, to: edition.text, empty: file.empty, shared: terms.shared });
        emptied = edition.text === undefined && how === "written over";
      } catch (error) {
        if (backup !== undefined) removeBackup(backup);
        throw error;
      }
      if (terms.verb === "setup") return backup === undefined ? {} : { backup };
      if (edition.noted !== undefined) noteBeside(file.path, edition.noted);
      return { ...settleBackups(file, edition), ...(emptied && { emptied }) };
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error;
      if (left === 0)
        throw new ConfigRefusal("another program keeps writing it. Close the client, then run this again");
      const again = planFile(file, terms);
      if (again.refused !== undefined) throw new ConfigRefusal(again.refused);
      next = again;
    }
  }
}

/** Before the first entry of ours, before a foreign one is replaced, and where no copy is left; not of ours alone. */
function needsBackup({ file, from, edition }: FilePlan): boolean {
  if (from === undefined || edition.text === undefined) return false;
  const replaced = edition.parts.some(({ standing }) => standing === "replaced");
  if (replaced || !file.holdsOurs(from)) return true;
  const oursAlone = file.uninstall(from, undefined).text === undefined;
  return !oursAlone && backupsOf(file.path).length === 0;
}

/** After uninstall: a copy that says the same as the file goes, others stay as something of the past. */
function settleBackups(file: ConfigFile, { text, parts }: Edition): Outcome {
  const original = originalOf(file);
  const restored = original !== undefined && original.text === text;
  if (restored) removeBackup(original.copy);
  const took = restored ? undefined : replacedIn(file, parts);
  const kept = backupsOf(file.path).map((copy) => ({ copy, path: keepBackup(copy) }));
  if (restored) return { restored };
  if (took !== undefined) {
    const backupOf = `holds what --replace took the place of: ${took.words}. To have it back, copy it from there`;
    return { backup: kept.find(({ copy }) => copy === took.copy)?.path ?? took.copy, backupOf };
  }
  const backup = (kept.find(({ copy }) => copy === original?.copy) ?? kept.at(-1))?.path;
  if (backup === undefined) return {};
  if (original === undefined) return { backup, backupOf: "as the file was before agentmesh changed it" };
  return { backup, backupOf: "from before setup; the file has changed otherwise since, so it is kept" };
}

/** The newest copy with an entry that --replace took the place of, and that entry in words. */
function replacedIn(file: ConfigFile, parts: readonly Part[]): { copy: string; words: string } | undefined {
  const gone = new Set(parts.filter(({ standing }) => standing === "removed").map(({ what }) => what));
  for (const copy of backupsOf(file.path).toReversed()) {
    const was = file.install(readConfig(copy), { replace: true, before: undefined }).parts;
    const replaced = was.find(({ what, standing }) => standing === "replaced" && gone.has(what));
    if (replaced !== undefined) return { copy, words: replaced.found ?? replaced.what };
  }
  return undefined;
}

/** What the file was before setup: the oldest copy without an entry of ours. */
function originalOf(file: ConfigFile): { readonly copy: string; readonly text: string } | undefined {
  for (const copy of backupsOf(file.path)) {
    const text = readConfig(copy);
    if (text !== undefined && !file.holdsOurs(text)) return { copy, text };
  }
  return undefined;
}
