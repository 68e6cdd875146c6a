/** `agentmesh ping`: is a message noticed over there? Accepted, woken, answered, each with its time, or what failed. */
import { type MeshClient, pause } from "@agentmesh/client";
import { type AskReply, MAX_TTL_MS, type MessageStatus, plainLine, type TimelineEntry } from "@agentmesh/protocol";
import { CommandError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { jsonText, print, style } from "../output.ts";
import { pad } from "../text-width.ts";

const POLL_MS = 100;
const PHASES = ["accepted", "woken", "answered"] as const;
type Phase = (typeof PHASES)[number];

interface Reached {
  readonly phase: Phase;
  /** Since the ping was sent, by the broker's clock. */
  readonly ms: number;
  readonly detail: string;
}

/** Pings as the context's agent; exits 1 and names the phase that was not reached. @throws CommandError, MeshApiError */
export async function ping(context: Context, to: string, options: { readonly timeout: number }): Promise<void> {
  const { client, agent } = await context.acting();
  const over = new AbortController();
  const idempotencyKey = crypto.randomUUID();
  const question = {
    to,
    body: `Ping from ${agent.name}: is a message noticed in this session? Answer this one with reply and a word; nothing else is asked.`,
    answerWithinMs: MAX_TTL_MS,
    idempotencyKey,
  };
  const first = await client.ask({ ...question, timeoutMs: 0 });
  const asking = client
    .ask({ ...question, timeoutMs: options.timeout }, { signal: over.signal })
    .catch(() => undefined);
  const reached = await follow(client, first, asking, options.timeout, context.json ? () => {} : tell);
  over.abort();
  const missing = PHASES.find((phase) => reached.every((each) => each.phase !== phase));
  const status = await client.getMessage({ message: first.messageId });
  if (context.json) await print(jsonText({ messageId: first.messageId, reached, missing: missing ?? null, ...status }));
  if (missing !== undefined) await fail(client, first, status, missing);
}

async function follow(
  client: MeshClient,
  first: AskReply,
  asking: Promise<AskReply | undefined>,
  timeoutMs: number,
  told: (reached: Reached) => unknown,
): Promise<Reached[]> {
  const reached: Reached[] = [];
  const reach = async (phase: Phase, at: string, detail: string) => {
    if (reached.some((each) => each.phase === phase)) return;
    const step = { phase, ms: Math.max(0, Date.parse(at) - sentAt), detail };
    reached.push(step);
    await told(step);
  };
  let reply: AskReply["reply"];
  void asking.then((answer) => {
    reply = answer?.reply;
  });
  const deadline = Date.now() + timeoutMs;
  const { message } = await client.getMessage({ message: first.messageId });
  const sentAt = Date.parse(message.acceptedAt);
  await reach("accepted", message.acceptedAt, `as #${first.delivery.seq} of ${first.delivery.to.name}`);
  for (;;) {
    const [delivery] = (await client.getMessage({ message: first.messageId })).deliveries;
    const woken = delivery?.timeline.find(({ event }) => event === "pushed") ?? wokenByLease(delivery?.timeline);
    if (woken)
      await reach("woken", woken.at, woken.path === undefined ? "it took the message" : `through ${woken.path}`);
    const acked = delivery?.timeline.find(({ event }) => event === "acked");
    if (reply) await reach("answered", reply.acceptedAt, `"${plainLine(reply.body, 80)}"`);
    else if (acked && acked.reason !== "replied")
      await reach("answered", acked.at, `no text, but acked: ${acked.reason}`);
    if (reached.length === PHASES.length || Date.now() >= deadline) return reached;
    await pause(Math.min(POLL_MS, deadline - Date.now()));
  }
}

/** A lease counts as waking when it ended well: a program that leases has no push path to report. */
function wokenByLease(timeline: readonly TimelineEntry[] = []): TimelineEntry | undefined {
  return timeline.some(({ event }) => event === "acked") ? timeline.find(({ event }) => event === "leased") : undefined;
}

async function tell({ phase, ms, detail }: Reached): Promise<void> {
  await print(`${style("green", pad(phase, 9))} ${pad(`${ms} ms`, 10)} ${plainLine(detail, 120)}`);
}

async function fail(client: MeshClient, first: AskReply, status: MessageStatus, missing: Phase): Promise<never> {
  // A ping that comes to light tomorrow would only puzzle: what was not given out yet is taken back.
  await client.cancel({ message: first.messageId }).catch(() => undefined);
  const [delivery] = status.deliveries;
  const { cause, remedy } = delivery?.outlook ?? { cause: `It is ${delivery?.state}.`, remedy: "" };
  const name = plainLine(first.delivery.to.name);
  throw new CommandError(
    `not_${missing}`,
    `${name} was not ${missing === "answered" ? "heard of" : missing}: ${plainLine(cause, 300)} ${plainLine(remedy, 300)}`.trim(),
  );
}
