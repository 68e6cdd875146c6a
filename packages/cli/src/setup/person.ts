/** Whose configuration it is: root, as by sudo, acts for the owner of the home directory, and leaves no file of its own. */
import { accessSync, constants, statSync } from "node:fs";
import { CommandError } from "../command-error.ts";
import { codeOf } from "./config/disk.ts";

/**
 * Becomes the owner of a folder when this is root and the folder somebody else's, for the rest of the process: what is
 * written is theirs, and what they may not touch is not touched for them. True when it did. @throws CommandError
 */
export function actAsOwnerOf(folder: string, env: NodeJS.ProcessEnv): boolean {
  const { geteuid, setuid, setgid, setgroups } = process;
  const owner = statSync(folder, { throwIfNoEntry: false });
  if (geteuid?.() !== 0 || owner === undefined || owner.uid === 0) return false;
  const group = env.SUDO_UID === String(owner.uid) && env.SUDO_GID ? Number(env.SUDO_GID) : owner.gid;
  try {
    setgroups?.([group]);
    setgid?.(group);
    setuid?.(owner.uid);
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      "owner",
      `${folder} belongs to user ${owner.uid}, and root cannot act as that user here (${why}). Run this as that user, without sudo.`,
    );
  }
}

/** Refuses programs that the person could not start. @throws CommandError */
export function refuseOutOfReach(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      if (codeOf(error) !== "EACCES") continue;
      const me = process.geteuid?.() ?? "this one";
      throw new CommandError(
        "out_of_reach",
        `${path} cannot be read by user ${me}, for whom this is: their clients could not start it. As that user: npm install -g agentmesh, then agentmesh setup without sudo.`,
      );
    }
  }
}
