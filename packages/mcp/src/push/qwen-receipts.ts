/** Where Qwen Code says what became of a text: it connects to a socket of the sender's. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import * as z from "zod";
import { socketPath } from "../hooks/socket-path.ts";

const Auth = z.object({ type: z.literal("auth"), token: z.string() });
const Receipt = z.object({
  type: z.literal("control"),
  action: z.literal("delivery_status"),
  /** A status that is not among these says nothing. */
  status: z.enum(["held", "denied", "refused", "expired", "delivered", "misaddressed", "dropped"]),
  origMsgId: z.string(),
  reason: z.string().optional(),
});

const MAX_LINE = 64 * 1024;

/** A receipt. */
export type Receipt = z.infer<typeof Receipt>;

/** An open socket for receipts. */
export interface Receipts extends AsyncDisposable {
  readonly path: string;
  /** What Qwen Code has to say first. */
  readonly token: string;
  /** The first receipt for a text; undefined when none comes in time. */
  of(msgId: string, withinMs: number): Promise<Receipt | undefined>;
}

/** Opens one; undefined where no socket can be made: a text can go without. Never throws. */
export async function openReceipts(folder: string): Promise<Receipts | undefined> {
  const token = randomBytes(32).toString("hex");
  const path = socketPath(folder, randomBytes(8).toString("hex"));
  const open = new Set<Socket>();
  const heard: Receipt[] = [];
  let told: () => void = () => undefined;
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    readReceipts(socket, token, (receipt) => {
      heard.push(receipt);
      told();
    });
  });
  const listening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      server.listen(path, () => resolve(true));
    } catch {
      resolve(false);
    }
  });
  if (!listening) return undefined;
  if (process.platform !== "win32") chmodSync(path, 0o600);
  return {
    path,
    token,
    of(msgId, withinMs) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(undefined), withinMs);
        told = () => {
          const own = heard.find(({ origMsgId }) => origMsgId === msgId);
          if (own === undefined) return;
          clearTimeout(timer);
          resolve(own);
        };
        told();
      });
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readReceipts(socket: Socket, ownToken: string, onReceipt: (receipt: Receipt) => void): void {
  let text = "";
  let known = false;
  socket.on("error", () => undefined);
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (text.length > MAX_LINE) socket.destroy();
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      const line = parsed(text.slice(0, end));
      text = text.slice(end + 1);
      const receipt = known ? Receipt.safeParse(line).data : undefined;
      if (receipt) onReceipt(receipt);
      else if (!known && isSame(Auth.safeParse(line).data?.token, ownToken)) known = true;
      else if (!known) socket.destroy();
    }
  });
}

function isSame(said: string | undefined, own: string): boolean {
  if (said === undefined) return false;
  const [one, other] = [Buffer.from(said), Buffer.from(own)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
