/** The tools, in the order a client lists them. */
import { askPeer } from "./ask-peer.ts";
import { checkMessages } from "./check-messages.ts";
import { listPeers } from "./list-peers.ts";
import { publish } from "./publish.ts";
import { reply } from "./reply.ts";
import { sendMessage } from "./send-message.ts";
import { setSummary } from "./set-summary.ts";
import { subscribe } from "./subscribe.ts";
import type { Tool } from "./tool.ts";
import { traceMessage } from "./trace-message.ts";
import { whoami } from "./whoami.ts";

/** Every tool. */
export const tools: readonly Tool[] = [
  listPeers,
  sendMessage,
  reply,
  askPeer,
  publish,
  subscribe,
  checkMessages,
  traceMessage,
  setSummary,
  whoami,
];
