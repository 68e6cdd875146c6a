/** Push path qwen-inbox: two lines into the inbox socket of the Qwen Code session that started this process. */
import { randomUUID } from "node:crypto";
import type { ClientSession } from "../client/client-session.ts";
import type { PushPath } from "./push-path.ts";
import { openReceipts } from "./qwen-receipts.ts";
import { writeWhole } from "./write-whole.ts";

/** The version of frames that is spoken. */
const FRAMES = 1;

/** Qwen Code says what became of a text within this time, or what it has taken counts as taken; in milliseconds. */
const RECEIPT_WITHIN_MS = 1_500;

/** What the path needs. */
export interface QwenInboxParts {
  readonly socket: string;
  /** The token of the programs that the session starts: their words carry none of the user's authority. */
  readonly token: string;
  readonly session: ClientSession;
  /** The folder for sockets of ours. */
  readonly folder: string;
}

/** The path; a text that comes while the model is at work is shown when its turn is over. */
export function qwenInbox({ socket, token, session, folder }: QwenInboxParts): PushPath {
  return {
    name: "qwen-inbox",
    // A line of a million characters is the longest that it takes; in JSON a text may grow to twice its length.
    maxBytes: 256 * 1024,
    known: () => true,
    async push(text, { from }) {
      await using receipts = await openReceipts(folder);
      const msgId = randomUUID();
      const frame = {
        ...{ msgV: FRAMES, msgId, type: "user", fromName: `agentmesh:${from}`, priority: "next" },
        ...(receipts && { from: receipts.path, replyToken: receipts.token }),
        // Another conversation may have the socket by now.
        ...(session.facts.id !== undefined && { toSessionId: session.facts.id }),
        message: { role: "user", content: text },
      };
      const lines = [{ msgV: FRAMES, type: "auth", token }, frame];
      await writeWhole(socket, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      const receipt = await receipts?.of(msgId, RECEIPT_WITHIN_MS);
      if (receipt !== undefined && receipt.status !== "delivered") {
        throw new Error(`Qwen Code says that the message is ${receipt.status}: ${receipt.reason ?? "no reason given"}`);
      }
    },
  };
}
