/**
 * A program for tests: an agent on some machine, which sends to others and acks what it is streamed, whatever becomes of the
 * network. It tells each thing on stdout (`partner-line.ts`); `quiet` on stdin ends its sending, the end of stdin all of it.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type DeliveryHandle, MeshApiError, MeshClient } from "@agentmesh/client";
import type { PartnerLine } from "./partner-line.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "" },
    name: { type: "string", default: "" },
    to: { type: "string", default: "" },
    "pause-ms": { type: "string", default: "100" },
    /** How long a call waits for its answer. */
    "timeout-ms": { type: "string", default: "10000" },
    "from-n": { type: "string", default: "0" },
  },
});
const { url, name } = values;
const names = values.to.split(",").filter((each) => each !== "");
const { PARTNER_TOKEN: token = "", PARTNER_CA: ca = "" } = process.env;
const client = new MeshClient({ url, token, timeoutMs: Number(values["timeout-ms"]), ...(ca !== "" && { ca }) });
const [quiet, over] = [new AbortController(), new AbortController()];

function tell(line: PartnerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function surprise(who: string, error: unknown): void {
  if (error instanceof MeshApiError && !error.retryable)
    tell({ what: "surprise", detail: `${who} was answered ${error.code}: ${error.message}` });
}

async function sendAll(): Promise<void> {
  for (let n = Number(values["from-n"]); !quiet.signal.aborted; n++) {
    const to = names[n % names.length] ?? "";
    tell({ what: "trying", from: name, to, n, at: Date.now() });
    for (let answered = false; !answered && !over.signal.aborted; ) {
      const begun = Date.now();
      try {
        const text = { to, body: `${name} ${to} ${n}`, idempotencyKey: `${name}:${n}` };
        const { messageId } = await client.send(text, { signal: over.signal });
        tell({ what: "sent", from: name, to, n, messageId, begun, at: Date.now() });
        answered = true;
      } catch (error) {
        surprise(`${name} #${n}`, error);
        await sleep(50);
      }
    }
    await sleep(Number(values["pause-ms"]));
  }
  tell({ what: "quiet" });
}

async function receiveAll(): Promise<void> {
  const onNotice = (detail: string) => tell({ what: "notice", detail, at: Date.now() });
  while (!over.signal.aborted) {
    try {
      const session = await client.join({ pushPaths: [{ path: "stream" }], onNotice });
      tell({ what: "joined", session: session.id });
      for await (const delivery of session.inbox({ signal: over.signal })) receive(delivery);
      await session.leave();
    } catch (error) {
      if (!over.signal.aborted) surprise(name, error);
      await sleep(50);
    }
  }
}

/** Acks it beside the others: an ack that the network holds up is no reason to wait with the next. */
function receive(delivery: DeliveryHandle): void {
  const { body, message, attempt, redelivered } = delivery;
  const [from = "", to = "", n = ""] = body.split(" ");
  const messageId = message.id;
  tell({ what: "received", by: name, from, to, n: Number(n), messageId, attempt, redelivered, at: Date.now() });
  void delivery.ack().then(
    () => tell({ what: "acked", messageId, at: Date.now() }),
    (error) => surprise(`the ack of ${messageId}`, error), // not answered: it comes again
  );
}

const commands = createInterface({ input: process.stdin });
commands.on("line", (line) => line === "quiet" && quiet.abort());
commands.on("close", () => {
  quiet.abort();
  over.abort();
});
await Promise.all([sendAll(), receiveAll()]);
