/** The settings that `pnpm start` was given, in the form in which the user's other programs get them. */
import { stateFolderPath } from "@agentmesh/client/node";
import { shellWord } from "@agentmesh/protocol";

const SETTINGS = /^(AGENTMESH_|CLAUDE_PEERS_(PORT|BROKER_URL)$)/;
/** Where the state folder is: carried as one whole path, since a relative one means another folder elsewhere. */
const PLACES = ["AGENTMESH_HOME", "CLAUDE_PEERS_DB"];
/** What belongs to one session: two of one name would be one agent. */
const OF_ONE_SESSION = ["AGENTMESH_NAME"];

/** Every AGENTMESH setting of `env` that another program of the same mesh needs, the state folder as a whole path. */
export function givenSettings(env: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string>> {
  const home = PLACES.some((name) => env[name]) ? { AGENTMESH_HOME: stateFolderPath(env) } : {};
  const others = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      Boolean(entry[1]) && SETTINGS.test(entry[0]) && ![...PLACES, ...OF_ONE_SESSION].includes(entry[0]),
  );
  return { ...home, ...Object.fromEntries(others.sort(([a], [b]) => a.localeCompare(b))) };
}

/** A command line for sh, bash, zsh or fish, with settings before it. */
export function shellCommand(settings: Readonly<Record<string, string>>, words: readonly string[]): string {
  const before = Object.entries(settings).map(([name, value]) => `${name}=${shellWord(value)}`);
  return [...before, ...words.map(shellWord)].join(" ");
}
