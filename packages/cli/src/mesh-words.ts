/** Which mesh a command line names, as words that name it again. */
import { type StateFolder, stateFolderPath } from "@agentmesh/client/node";

/** `--url` and `--home` as far as the same command in the same environment needs them. */
export function meshWords(env: NodeJS.ProcessEnv, folder: StateFolder, url: string | undefined): string[] {
  return [...(url === undefined ? [] : ["--url", url]), ...(folder.path === usual(env) ? [] : ["--home", folder.path])];
}

/** The state folder without `--home`; none where the environment names it in no usable way. */
function usual(env: NodeJS.ProcessEnv): string | undefined {
  try {
    return stateFolderPath(env);
  } catch {
    return undefined;
  }
}
