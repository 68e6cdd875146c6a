/** The shapes of the predecessor's wire (claude-peers, agentmesh 0.1): what its clients send and expect. */
import * as z from "zod";

/** The predecessor kept any scalar as text: `5` as `"5"`, `true` as `"1"`. */
const text = z
  .union([z.string(), z.number(), z.boolean()])
  .transform((value) => (typeof value === "boolean" ? String(Number(value)) : String(value)));
const optionalText = text.nullish().transform((value) => value ?? undefined);
const scalar = z.union([z.string(), z.number()]);

/** Any JSON but null is taken; arrays and scalars as an object without fields. */
function request<S extends z.ZodRawShape>(shape: S) {
  const fields = z.object(shape);
  return z.preprocess(
    (body) => (body === null || (typeof body === "object" && !Array.isArray(body)) ? body : {}),
    fields,
  );
}

/** How a peer wants its messages: by polling, or posted to a URL. */
export const Transport = z
  .object({
    type: z.string().default("poll"),
    webhook_url: z.string().optional(),
    poll_interval_ms: z.number().optional(),
  })
  .catch({ type: "poll" });

/** What a client says of itself. */
export const RegisterPeer = request({
  pid: scalar,
  cwd: text,
  summary: text,
  git_root: optionalText,
  tty: optionalText,
  hostname: text.nullish().transform((value) => value ?? "localhost"),
  agent_type: text.nullish().transform((value) => value ?? "claude-code"),
  agent_name: text.nullish().transform((value) => value ?? ""),
  capabilities: z.array(z.string()).catch([]),
  transport: Transport.default({ type: "poll" }),
});
export type RegisterPeer = z.infer<typeof RegisterPeer>;

/** A request that names a peer only: heartbeat, poll, unregister. */
export const OfPeer = request({ id: optionalText });

export const SetSummary = request({ id: optionalText, summary: text });

export const ListPeers = request({
  scope: optionalText,
  cwd: optionalText,
  git_root: optionalText,
  exclude_id: optionalText,
  agent_type: optionalText,
  capabilities: z.array(z.string()).nullish(),
});
export type ListPeers = z.infer<typeof ListPeers>;

export const SendMessage = request({ from_id: text, to_id: optionalText, text });

export const Broadcast = request({ from_id: optionalText, topic: optionalText, text: optionalText });

export const OnTopic = request({ id: optionalText, topic: optionalText });

/** A peer as `/list-peers` shows it. */
export interface ShownPeer {
  readonly id: string;
  readonly pid: string | number;
  readonly cwd: string;
  readonly git_root: string | null;
  readonly tty: string | null;
  readonly hostname: string;
  readonly summary: string;
  readonly agent_type: string;
  readonly agent_name: string;
  readonly capabilities: readonly string[];
  readonly transport: { readonly type: string; readonly poll_interval_ms?: number | undefined };
  readonly registered_at: string;
  readonly last_seen: string;
}

/** An answer that is JSON already. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A message as it is posted to a webhook. */
export interface PostedMessage {
  readonly id: number;
  readonly from_id: string;
  readonly text: string;
  readonly topic: string | null;
  readonly sent_at: string;
}

/** A message as `/poll-messages` gives it; `delivered` is always the number 0. */
export interface PolledMessage extends PostedMessage {
  readonly to_id: string;
  readonly delivered: 0;
}
