/** Which push paths a client may have, in the order of trying. */
import type { ClientSession } from "../client/client-session.ts";
import type { Config } from "../config/config.ts";
import { hooksFolder } from "../hooks/card.ts";
import { ancestors, upToClient } from "../hooks/process-tree.ts";
import { claudeChannel, hasChannels, showsServer } from "./claude-channel.ts";
import { claudeInbox } from "./claude-inbox.ts";
import { codexQueue } from "./codex-queue.ts";
import { copilotExtension } from "./copilot-extension.ts";
import type { Notify, PushPath } from "./push-path.ts";
import { qwenInbox } from "./qwen-inbox.ts";
import { sessionHooks } from "./session-hooks.ts";

/** The paths this client may offer, best first; `AGENTMESH_PUSH` leaves out or orders them. */
export function choosePaths(config: Config, session: ClientSession, notify: Notify): PushPath[] {
  const found = pathsOf(config, session, notify);
  const { push } = config;
  if (push === "auto") return found.filter(({ plausible }) => plausible).map(({ path }) => path);
  return push.flatMap((name) => found.filter(({ path }) => path.name === name).map(({ path }) => path));
}

function pathsOf(
  config: Config,
  session: ClientSession,
  notify: Notify,
): { readonly path: PushPath; readonly plausible: boolean }[] {
  const { claudeSocket, claudeToken, environment } = config;
  const clientArgs = () => upToClient(ancestors(process.ppid)).at(-1)?.args ?? [];
  const hooks = { path: sessionHooks(session), plausible: true };
  switch (session.kind) {
    case "claude": {
      const channels = hasChannels(clientArgs());
      const channel = { path: claudeChannel(notify), plausible: channels !== false };
      return [
        ...(claudeSocket === undefined ? [] : [{ path: claudeInbox(claudeSocket, claudeToken), plausible: true }]),
        ...(channels ? [channel, hooks] : [hooks, channel]),
      ];
    }
    case "codex":
      return [{ path: codexQueue({ session, clientArgs: clientArgs(), environment }), plausible: true }, hooks];
    case "copilot":
      return [{ path: copilotExtension(session), plausible: true }, hooks];
    case "qwen": {
      const { qwenSocket: socket, qwenToken: token } = config;
      if (socket === undefined || token === undefined) return [hooks];
      return [
        { path: qwenInbox({ socket, token, session, folder: hooksFolder(config.home) }), plausible: true },
        hooks,
      ];
    }
    case "gemini":
      return [hooks];
    default:
      // Another client may know Claude Code's event: who started it says so, or who sets it up.
      return [{ path: claudeChannel(notify), plausible: showsServer(clientArgs()) }];
  }
}
