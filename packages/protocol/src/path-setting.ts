/**
 * Paths as settings say them, for every program of a mesh: expanded as a shell would have done it, or refused with a
 * sentence. Imports nothing that is no file of its own: a hook that runs at every tool call loads it.
 */
import { stateFolderBeside } from "./machine/predecessor.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A path that cannot be used as it was written; the message names the setting and what to write. */
export class PathSettingError extends Error {
  override readonly name = "PathSettingError";
}

/** Where a path was said, and by whom. */
export interface PathTerms {
  /** Name of the variable or flag, for the sentence. */
  readonly setting: string;
  readonly env: Environment;
  /** The user's home folder by the system's list of users; may throw. */
  readonly systemHome: () => string;
  /** The folder that a relative path starts from: for what a person types. Without it a relative path is refused. */
  readonly from?: string;
}

/** The whole path, not normalised. @throws PathSettingError */
export function pathSetting(said: string, terms: PathTerms): string {
  const { setting, env, from } = terms;
  // A value that came out of a file ends in a newline.
  const path = said.trim();
  const refused = (why: string) => new PathSettingError(`${setting} is ${JSON.stringify(said.slice(0, 200))}: ${why}`);
  if (path === "") throw refused("a path is missing. Write the whole path of a folder or file.");
  if (/\p{Cc}/u.test(path)) throw refused("a path of one line is needed.");
  const [, atHome] = /^(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%)((?:[\\/].*)?)$/.exec(path) ?? [];
  if (atHome !== undefined) return homeFolder(terms) + atHome;
  if (path.startsWith("~")) {
    throw refused(`${path.split(/[\\/]/)[0]} is not expanded here. Write the whole path, or one that begins with ~/.`);
  }
  const variable = /\$\{[^}]*\}?|(?<=^|[\\/])\$[A-Za-z_]\w*|%[A-Za-z_]\w*%/.exec(path)?.[0];
  if (variable !== undefined) {
    throw refused(
      `${variable} stands in it as it was written, so no shell and no client has expanded it. Write the whole path.`,
    );
  }
  if (path.startsWith("/") || (isWindows(env) && /^([A-Za-z]:)?[\\/]/.test(path))) return path;
  if (from !== undefined) return `${from}/${path}`;
  throw refused(
    "a relative path, which would be another folder for each program that reads it. Write the whole path, or one that begins with ~/.",
  );
}

/** The state folder: AGENTMESH_HOME, or beside CLAUDE_PEERS_DB, or `~/.agentmesh`. @throws PathSettingError */
export function stateFolderSetting(env: Environment, systemHome: () => string): string {
  const named = (setting: string) => {
    const said = env[setting];
    return said?.trim() ? pathSetting(said, { setting, env, systemHome }) : undefined;
  };
  const home = named("AGENTMESH_HOME");
  if (home !== undefined) return home;
  const database = named("CLAUDE_PEERS_DB");
  if (database !== undefined) return stateFolderBeside(database);
  return `${homeFolder({ env, systemHome })}/.agentmesh`;
}

/** The user's home folder. @throws PathSettingError for a user who has none */
export function homeFolder({ env, systemHome }: Pick<PathTerms, "env" | "systemHome">): string {
  const named = (isWindows(env) ? env.USERPROFILE : env.HOME)?.trim();
  const home = named || inList(systemHome) || "";
  if (/^([A-Za-z]:)?[\\/]/.test(home)) return home;
  throw new PathSettingError(
    named
      ? `HOME is ${JSON.stringify(named.slice(0, 200))}, which is not a whole path. Set HOME to the user's home folder, or AGENTMESH_HOME to a folder that this user may write.`
      : "This user has no home folder: HOME is not set, and the system's list of users does not name one. Set HOME to one, or AGENTMESH_HOME to a folder that this user may write.",
  );
}

/** Windows sets it for every program. */
function isWindows(env: Environment): boolean {
  return env.SYSTEMROOT !== undefined || env.SystemRoot !== undefined;
}

function inList(systemHome: () => string): string | undefined {
  try {
    return systemHome();
  } catch {
    return undefined;
  }
}
