/** What one machine's system refuses, in the sentences that every program of ours says there. */
import { ENTER, foldersOf, isThere, type Machine, parentOf, WRITE } from "./path-places.ts";
import { type SaidOf, type SystemRefusal, systemReason, systemRefusal, systemSentences } from "./system-refusal.ts";

/** A file of a mesh that was refused, or its folder. */
export interface RefusedFile {
  /** What the sentence is about: the path, or `The state folder /x`. */
  readonly about: string;
  /** What could not be done with it: `cannot be written`. */
  readonly denied: string;
  /** The file, where the system does not name it. */
  readonly path?: string;
  /** The state folder, where that is not the folder of the file. */
  readonly ours?: string;
}

/** What is said of refusals on one machine. */
export interface Refusals {
  /** The refusal as sentences; of a file with its owner, and with the command that mends it. */
  sentences(refusal: SystemRefusal, given?: Omit<SaidOf, "machine">): string;
  /** Cause and remedy alone, for sentences that begin otherwise. */
  reason(refusal: SystemRefusal, given?: Omit<SaidOf, "machine">): Pick<SystemRefusal, "cause" | "remedy">;
  /** The sentences about a file of a mesh, and the error that says what is behind it. */
  ofFile(error: unknown, file: RefusedFile): { readonly said: string; readonly cause: unknown };
}

const ELSEWHERE = "Or set AGENTMESH_HOME to another folder.";

/** Refusals as they are said of the files of this machine. */
export function refusalsOn(machine: Machine): Refusals {
  return {
    sentences: (refusal, given = {}) => systemSentences(refusal, { ...given, machine }),
    reason: (refusal, given = {}) => systemReason(refusal, { ...given, machine }),
    ofFile(error, { about, denied, ...of }) {
      const cause = reasonBehind(error, machine);
      const refusal = systemRefusal(cause);
      if (!refusal) {
        const why = error instanceof Error ? error.message : String(error);
        return { said: `${about} ${denied} (${why}). ${ELSEWHERE}`, cause };
      }
      const folder = of.path === undefined ? undefined : parentOf(of.path);
      const remedy = refusal.passes ? {} : { remedy: ELSEWHERE };
      return { said: systemSentences(refusal, { about, denied, ours: folder, ...of, ...remedy, machine }), cause };
    },
  };
}

/** Node says ENOENT of a folder that cannot be made in one that exists, as on a disk mounted read-only. */
function reasonBehind(error: unknown, { fs }: Machine): unknown {
  const refusal = systemRefusal(error);
  if (refusal?.code !== "ENOENT" || refusal.act !== "mkdir" || refusal.path === undefined) return error;
  try {
    const path = refusal.path;
    const nearest = [path, ...foldersOf(path).reverse()].find((place) => isThere(place, { fs }));
    fs.accessSync(nearest ?? "/", WRITE | ENTER);
    return error;
  } catch (reason) {
    return reason;
  }
}
