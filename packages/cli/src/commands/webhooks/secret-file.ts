/** Secrets by file: the command line itself is seen by every user of the machine. */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { refusalSentences, StateFolderError, typedPath } from "@agentmesh/client/node";
import { systemRefusal } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";

/** A secret from a file or stdin. @throws CommandError */
export async function secretOf(file: string, flag: string): Promise<string> {
  let path: string | undefined;
  try {
    path = file === "-" ? undefined : typedPath(file, flag);
    const secret = (path === undefined ? await text(process.stdin) : readFileSync(path, "utf8")).trim();
    if (secret !== "") return secret;
  } catch (error) {
    if (error instanceof StateFolderError) throw usageError(error.message);
    const refusal = systemRefusal(error);
    if (!refusal)
      throw usageError(`${flag}: ${file} cannot be read (${error instanceof Error ? error.message : error}).`);
    const about = file === "-" ? "standard input" : file;
    throw usageError(
      `${flag}: ${refusalSentences(refusal, { about, denied: "cannot be read", ...(path !== undefined && { path }) })}`,
    );
  }
  throw usageError(`${flag}: ${file === "-" ? "stdin" : file} is empty.`);
}
