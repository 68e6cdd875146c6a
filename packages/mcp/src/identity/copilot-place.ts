/**
 * Where a session of GitHub Copilot CLI works, as Copilot notes it in `workspace.yaml`: a server that one of its plugins brings
 * is started in that plugin's folder.
 */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { ClientSession } from "../client/client-session.ts";
import { copilotSession } from "../transcript/find-transcript.ts";

/** The directory; undefined for another client, and where nothing is noted. Never throws. */
export function copilotDirectory({ kind, facts }: Pick<ClientSession, "kind" | "facts">): string | undefined {
  const { id, copilotHome } = facts;
  if (kind !== "copilot" || id === undefined || !/^[\w-]+$/.test(id)) return undefined;
  try {
    const noted = readFileSync(join(copilotSession(copilotHome, id), "workspace.yaml"), "utf8");
    const path = scalar(/^cwd:[ \t]+(.*)$/m.exec(noted)?.[1]?.trim() ?? "");
    return isAbsolute(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A scalar of YAML in one line, bare or in quotes. @throws SyntaxError */
function scalar(said: string): string {
  if (said.startsWith('"')) return String(JSON.parse(said));
  return said.startsWith("'") ? said.slice(1, -1).replaceAll("''", "'") : said;
}
