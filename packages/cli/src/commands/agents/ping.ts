/** `agentmesh ping`: is a message noticed over there? Accepted, woken, answered, each with its time, or what failed. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import {
  MAX_TTL_MS,
  type MessageId,
  type MessageStatus,
  pingText,
  plainLine,
  quoted,
  type SendReply,
  type TimelineEntry,
} from "@agentmesh/protocol";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { inLocalTime, localTime, shortDuration } from "../../terminal/clock.ts";
import { jsonText, print, style, warn } from "../../terminal/output.ts";
import { pad } from "../../terminal/text-width.ts";
import { waitFor } from "../../terminal/waiting.ts";

const POLL_MS = 100;

// Longer than its wait by this, so that it is taken back before it could expire and be bounced.
const OUTLIVES_MS = 10_000;

/** `taken` in the place of `woken`: a webhook answered 2xx, which says nothing of a model. */
type Phase = "accepted" | "woken" | "taken" | "answered";

interface Reached {
  readonly phase: Phase;
  /** Since the ping was sent, by the broker's clock. */
  readonly ms: number;
  readonly detail: string;
}

/** Pings as the context's agent; exits 8 and names the phase that was not reached. @throws CommandError, MeshApiError */
export async function ping(context: Context, to: string, options: { readonly timeout: number }): Promise<void> {
  const { client, patient, agent, by } = await context.acting();
  // A message and no ask: nobody is to owe an answer to, or be reminded of, what is over in a minute.
  const sent = await client.send({
    to,
    ...by,
    body: pingText(agent.name),
    ttlMs: Math.min(options.timeout + OUTLIVES_MS, MAX_TTL_MS),
  });
  const reached = await follow(patient, sent, options.timeout, context.json);
  const has = (...phases: Phase[]) => reached.some(({ phase }) => phases.includes(phase));
  const missing = has("answered") ? undefined : has("woken", "taken") ? "answered" : "woken";
  const status = await client.getMessage({ message: sent.messageId });
  if (context.json) await print(jsonText({ messageId: sent.messageId, reached, missing: missing ?? null, ...status }));
  if (missing === undefined) return;
  const why = has("taken")
    ? `its webhook took the ping, which does not show that a model read it, and no answer came within ${shortDuration(options.timeout)}.`
    : undefined;
  await fail(client, sent, status, missing, why);
}

async function follow(client: MeshClient, sent: SendReply, timeoutMs: number, json: boolean): Promise<Reached[]> {
  const reached: Reached[] = [];
  const reach = async (phase: Phase, at: string, detail: string) => {
    if (reached.some((each) => each.phase === phase)) return;
    const step = { phase, ms: Math.max(0, Date.parse(at) - Date.parse(sent.acceptedAt)), detail };
    reached.push(step);
    if (!json) await tell(step);
  };
  const [first] = sent.deliveries;
  await reach("accepted", sent.acceptedAt, `as #${first?.seq} of ${first?.to.name}`);
  // Before the wait: whoever is pinged may not be there to notice it.
  if (!json) for (const { detail } of first?.warnings ?? []) warn(detail);
  const { messageId } = sent;
  const look = async (signal: AbortSignal) => {
    const [delivery] = (await client.getMessage({ message: messageId }, { signal })).deliveries;
    const timeline = delivery?.timeline ?? [];
    const acked = timeline.find(({ event }) => event === "acked");
    if (acked?.reason === "taken") await reach("taken", acked.at, "by its webhook");
    else {
      const woken =
        timeline.find(({ event, path }) => event === "pushed" && path !== "webhook") ?? wokenByLease(timeline);
      const through = woken?.path === undefined ? "it took the message" : `through ${woken.path}`;
      if (woken) await reach("woken", woken.at, through);
    }
    const reply = acked && (await takeReply(client, messageId, signal));
    if (reply) await reach("answered", reply.acceptedAt, quoted(reply.body, 80));
    else if (acked && acked.reason !== "replied" && acked.reason !== "taken")
      await reach("answered", acked.at, `no text, but acked: ${acked.reason}`);
    return reached.some(({ phase }) => phase === "answered") ? reached : undefined;
  };
  await waitFor({
    json,
    what: () => `the answer of ${plainLine(first?.to.name ?? "")} to the ping ${messageId}`,
    ms: timeoutMs,
    everyMs: POLL_MS,
    stands: async (signal) =>
      (await takeBack(client, sent, signal)) || `What became of the ping: agentmesh trace ${messageId}`,
    facts: () => ({ messageId }),
    look: ({ signal }) => look(signal),
  });
  return reached;
}

/** The answer among the newest of the own inbox, which it then leaves: it is shown here. */
async function takeReply(client: MeshClient, asked: MessageId, signal: AbortSignal) {
  const { entries } = await client.listInbox({ state: "all", order: "newest" }, { signal });
  const found = entries.find(({ message }) => message.kind === "message" && message.inReplyTo === asked);
  // Unacked it is seen once more in the inbox, which is the lesser evil.
  if (found) await client.ack({ delivery: found.id, evidence: "read" }, { signal }).catch(() => undefined);
  return found?.message;
}

/** A lease counts as waking when it ended well: a program that leases has no push path to report. */
function wokenByLease(timeline: readonly TimelineEntry[] = []): TimelineEntry | undefined {
  return timeline.some(({ event }) => event === "acked") ? timeline.find(({ event }) => event === "leased") : undefined;
}

async function tell({ phase, ms, detail }: Reached): Promise<void> {
  await print(`${style("green", pad(phase, 9))} ${pad(`${ms} ms`, 10)} ${plainLine(detail, 120)}`);
}

async function fail(
  client: MeshClient,
  sent: SendReply,
  status: MessageStatus,
  missing: Phase,
  why: string | undefined,
): Promise<never> {
  const left = await takeBack(client, sent);
  const [delivery] = status.deliveries;
  const { cause, remedy } = delivery?.outlook ?? { cause: `It is ${delivery?.state}.`, remedy: "" };
  const name = plainLine(sent.deliveries[0]?.to.name ?? "");
  const said = why === undefined ? [plainLine(inLocalTime(cause), 300), plainLine(inLocalTime(remedy), 300)] : [why];
  throw new CommandError(
    `not_${missing}`,
    [`${name} was not ${missing === "answered" ? "heard of" : missing}:`, ...said, left].filter(Boolean).join(" "),
    "ended",
    { messageId: sent.messageId },
  );
}

/** A ping that comes to light tomorrow would only puzzle. Says what is left of it. */
async function takeBack(
  client: MeshClient,
  { messageId, expiresAt }: SendReply,
  signal?: AbortSignal,
): Promise<string> {
  try {
    await client.cancel({ message: messageId }, signal && { signal });
    return "The ping is taken back.";
  } catch (error) {
    const code = error instanceof MeshApiError ? error.code : undefined;
    if (code === "delivery_settled") return "";
    const why = code === "already_leased" ? "was given out already" : "could not be taken back";
    return `The ping ${why}: after ${localTime(expiresAt)} it is given to nobody.`;
  }
}
