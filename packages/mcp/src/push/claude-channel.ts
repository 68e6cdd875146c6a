/** Push path claude-channel: the `notifications/claude/channel` event, which Claude Code never answers. */
import type { Notify, PushPath } from "./push-path.ts";

/** The path through Claude Code's channel. It cannot fail visibly: only evidence shows whether it works. */
export function claudeChannel(notify: Notify): PushPath {
  return {
    name: "claude-channel",
    push: (text, meta) => notify("notifications/claude/channel", { content: text, meta: { ...meta } }),
  };
}
