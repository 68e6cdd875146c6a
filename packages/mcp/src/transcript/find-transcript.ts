/** Where a client keeps the transcript of a session, for as long as no hook has said it. */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ClientSession } from "../client/client-session.ts";

/** Path of the session's transcript, if it is where the client usually keeps it. */
export function findTranscript({ kind, facts }: Pick<ClientSession, "kind" | "facts">): string | undefined {
  const { id } = facts;
  if (id === undefined || !/^[\w-]+$/.test(id)) return undefined;
  if (kind === "claude") {
    const projects = join(facts.claudeHome ?? join(homedir(), ".claude"), "projects");
    return namesIn(projects)
      .map((project) => join(projects, project, `${id}.jsonl`))
      .find((path) => existsSync(path));
  }
  if (kind === "codex") return rolloutBelow(join(facts.codexHome ?? join(homedir(), ".codex"), "sessions"), 3, id);
  if (kind === "copilot") {
    const path = join(copilotSession(facts.copilotHome, id), "events.jsonl");
    return existsSync(path) ? path : undefined;
  }
  if (kind === "qwen" && facts.qwenProject !== undefined) {
    const path = join(facts.qwenProject, "chats", `${id}.jsonl`);
    return existsSync(path) ? path : undefined;
  }
  return undefined;
}

/** The folder in which Copilot keeps what it notes of a session. */
export function copilotSession(copilotHome: string | undefined, id: string): string {
  return join(copilotHome ?? join(homedir(), ".copilot"), "session-state", id);
}

/** Codex sorts them by year, month and day of their beginning: the newest folders first. */
function rolloutBelow(folder: string, levels: number, id: string): string | undefined {
  for (const name of namesIn(folder).sort().reverse()) {
    const path = join(folder, name);
    const found = levels > 0 ? rolloutBelow(path, levels - 1, id) : name.endsWith(`-${id}.jsonl`) ? path : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is in a folder; nothing when it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
