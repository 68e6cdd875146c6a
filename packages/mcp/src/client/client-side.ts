/** The client as the session sees it: who it is, how it is told something, what it tells at the start. */

import type { Config } from "../config/config.ts";
import { variableOf } from "../hooks/process-tree.ts";
import type { Telling } from "../identity/conversation.ts";
import { toldAtStart } from "../identity/telling.ts";
import { choosePaths } from "../push/choose-paths.ts";
import type { Notify, PushPath } from "../push/push-path.ts";
import type { PushSigns } from "../transcript/transcript.ts";
import { clientKind } from "./client-kind.ts";
import { ClientSession } from "./client-session.ts";

/** What is known of the client. */
export interface ClientSide {
  clientName(): string | undefined;
  /**
   * When the client says which conversation this session belongs to, by `clientSession.learn({ id })`; by its name where
   * this is missing.
   */
  readonly telling?: Telling;
  /** The way to tell it something; missing where there is no MCP connection. */
  readonly notify?: Notify;
  /** The paths into a client that this process is part of, and the signs it gives of what was pushed. */
  readonly inside?: { readonly paths: readonly PushPath[]; readonly transcript: PushSigns };
}

/** What the environment says of the client's session. */
export function clientSessionOf(config: Config, clientName: string): ClientSession {
  const { claudeHome, codexHome, copilotHome, qwenProject, environment } = config;
  // A server of `qwen serve` is all its sessions', and none of them can be told apart.
  const shared = environment.QWEN_CODE_SERVE === "1" && clientKind(clientName) === "qwen";
  const kind = shared ? undefined : clientKind(clientName);
  return new ClientSession(kind, {
    id: toldAtStart(clientName, environment).conversation,
    ...(kind === "claude" && { claudeHome }),
    ...(kind === "copilot" && { copilotHome }),
    ...(kind === "qwen" && { qwenProject }),
    // Codex gives its MCP servers none of its own variables.
    ...(kind === "codex" && { codexHome: codexHome ?? variableOf(process.ppid, "CODEX_HOME") }),
  });
}

/** What a path is guarded with. */
export interface PathGuard {
  /** Asks the client which conversation it is in now. */
  look(): void;
  /** Aborts when the session is no longer the agent whose mail goes through the path. */
  readonly stay: AbortSignal;
}

/** The paths into the client; none of them takes a text for an agent that the session no longer is. */
export function pathsInto(
  { inside, notify }: Partial<ClientSide>,
  config: Config,
  session: ClientSession,
  { look, stay }: PathGuard,
): readonly PushPath[] {
  const paths = inside ? (config.push.length === 0 ? [] : inside.paths) : [];
  return (notify && !inside ? choosePaths(config, session, notify) : paths).map((path) => {
    const { push } = path;
    if (!push) return path;
    return {
      ...path,
      push: async (...text) => {
        look();
        if (stay.aborted) throw new Error("the session has gone over to another conversation");
        await push(...text);
      },
    };
  });
}
