/** What the views are called. */
import type { View } from "./paths.ts";

/** Each view by its name in an address. */
export const titles: Readonly<Record<View, string>> = {
  needs: "Needs you",
  agents: "Agents",
  flow: "Flow",
  conversations: "Conversations",
  log: "Log",
  health: "Health",
  message: "Message",
};
