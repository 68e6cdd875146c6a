/** Push path claude-channel: the `notifications/claude/channel` event, which Claude Code never answers. */
import type { Notify, PushPath } from "./push-path.ts";

/** What Claude Code is started with when it shows the events of a server. */
const FLAG = /^--(channels|dangerously-load-development-channels)(=|$)/;

/** The path through Claude Code's channel. It cannot fail visibly: only evidence shows whether it works. */
export function claudeChannel(notify: Notify): PushPath {
  return {
    name: "claude-channel",
    maxBytes: 64 * 1024,
    known: () => true,
    withinTurn: true,
    push: (text, meta) => notify("notifications/claude/channel", { content: text, meta: { ...meta } }),
  };
}

/** Whether Claude Code was started with channels; undefined when the system does not say how it was started. */
export function hasChannels(clientArgs: readonly string[]): boolean | undefined {
  return clientArgs.length === 0 ? undefined : clientArgs.some((arg) => FLAG.test(arg));
}

/** Whether another client, such as Crush, was started to show the events of a server: `--channels server:NAME`. */
export function showsServer(clientArgs: readonly string[]): boolean {
  return clientArgs.some(
    (arg, i) => /^--channels=server:/.test(arg) || (arg === "--channels" && /^server:/.test(clientArgs[i + 1] ?? "")),
  );
}
