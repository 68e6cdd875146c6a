/** Agents and their sessions: who is here, and how a message would reach them. */
import * as z from "zod";
import { Focus } from "./focus.ts";
import { AgentId, MachineId, SessionId } from "./ids.ts";
import { MAX_SUMMARY_CHARS } from "./limits.ts";
import { ProcessMark } from "./machine/process-mark.ts";
import { AgentName } from "./names/names.ts";
import { object, strictObject } from "./shapes/lazy-object.ts";
import { Timestamp } from "./time.ts";

/**
 * Whether an agent has a live session: `online`, `stale` (it may be gone, see {@link Doubt}) or `offline` (no heartbeat for
 * 120 s, left, or its process is gone).
 */
export const Presence = z.enum(["online", "stale", "offline"]);
export type Presence = z.infer<typeof Presence>;

/** Why an agent is stale, and since when: what was last seen of its session says that it may be gone. */
export const Doubt = object(() => ({
  why: z.enum(["stream_closed", "broker_started", "no_heartbeat"]).meta({
    description:
      "stream_closed: its stream did, and nothing was heard of it since; broker_started: the same of the broker's start; no_heartbeat: none since then",
  }),
  since: Timestamp,
}));
export type Doubt = z.infer<typeof Doubt>;

const about = z.enum(["permission", "question"]).meta({
  description: "permission: may a tool be used; question: anything else that its client asks a person",
});

/** A dialog in a session that a person has to answer; said as long as nothing has shown since that somebody did. */
export const Dialog = object(() => ({ about, since: Timestamp }));
export type Dialog = z.infer<typeof Dialog>;

/** The same as the session tells it, whose clock may be another. */
export const ToldDialog = strictObject(() => ({ about, ageMs: z.int().nonnegative() }));
export type ToldDialog = z.infer<typeof ToldDialog>;

/** Where a page of agents begins: presence, name and id of the one before it. */
export const AgentCursor = z
  .string()
  .max(256)
  .refine((text) => {
    const [presence, name, id, ...rest] = text.split("/");
    return rest.length === 0 && Boolean(name) && Presence.safeParse(presence).success && AgentId.safeParse(id).success;
  }, "the nextAfter of an earlier page");

/** How sure the mesh is of who an agent is: `verified` by its token, or `unverified` (the predecessor's wire, a hook URL). */
export const Trust = z.enum(["verified", "unverified"]);
export type Trust = z.infer<typeof Trust>;

/** One way an agent is reached without asking, and the last proof that it works. */
export const PushPath = strictObject(() => ({
  path: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/)
    .meta({ description: "e.g. claude-inbox, claude-channel, stream, webhook" }),
  provenAt: Timestamp.optional().meta({
    description:
      "when evidence last showed that a pushed message was read; of a stream: when what came through it was acked, to the minute",
  }),
  failedWhy: z
    .string()
    .max(200)
    .optional()
    .meta({ description: "why the last push through it failed, or that no sign of it came" }),
}));
export type PushPath = z.infer<typeof PushPath>;

/** A push path as everybody is shown it. */
export const ListedPushPath = object(() => ({
  ...PushPath.shape,
  nextTryAt: Timestamp.optional().meta({ description: "of a webhook that rests: when a post is tried again" }),
}));
export type ListedPushPath = z.infer<typeof ListedPushPath>;

const place = z.string().min(1).max(1024);

/** What an agent says of itself; `list` shows it to the other agents. */
export const AgentProfile = strictObject(() => ({
  client: z.string().min(1).max(64).optional().meta({ description: "program the agent runs in, e.g. claude-code" }),
  host: z.string().min(1).max(255).optional().meta({ description: "machine the agent runs on" }),
  directory: place.optional().meta({ description: "working directory" }),
  repo: place.optional().meta({ description: "root of the git repository" }),
  repoUrl: place.optional().meta({
    description:
      "its remote URL; kept as host/path, so that clones on several machines are one repository, and without what is secret in it",
  }),
  branch: z.string().min(1).max(255).optional(),
  summary: z.string().max(MAX_SUMMARY_CHARS).optional().meta({ description: "what the agent is working on" }),
}));
export type AgentProfile = z.infer<typeof AgentProfile>;

/** How near another agent works: on the same machine, in the same directory there, in the same repository anywhere. */
export const Near = z.enum(["machine", "directory", "repo"]);
export type Near = z.infer<typeof Near>;

/** A named participant that outlives its processes. */
export const Agent = object(() => ({
  id: AgentId,
  name: AgentName,
  askedName: AgentName.optional().meta({ description: "the name that it asked for, when another agent had that" }),
  ...AgentProfile.shape,
  machine: MachineId.optional().meta({
    description: "the machine it came with; left out for those of the broker's own machine",
  }),
  presence: Presence,
  doubt: Doubt.optional().meta({ description: "of a stale agent" }),
  dialog: Dialog.optional().meta({
    description:
      "of an online agent: a session of it stands at it, as its client told, and nothing comes before its model",
  }),
  trust: Trust.default("verified"),
  person: z.boolean().optional().meta({ description: "true: what it sends is a person's, who uses the command line" }),
  pushPaths: z.array(ListedPushPath),
  focus: Focus.optional().meta({ description: "set while the agent is not to be disturbed" }),
  queued: z.int().nonnegative().meta({ description: "deliveries waiting in its inbox" }),
  held: z.int().nonnegative().default(0).meta({ description: "deliveries held by its policy" }),
  inHand: z
    .int()
    .nonnegative()
    .default(0)
    .meta({ description: "deliveries that are leased: by a session, a webhook, or a call without a session" }),
  oldestQueuedMs: z.int().nonnegative().optional().meta({ description: "age of the oldest of them" }),
  registeredAt: Timestamp,
  tokenMadeAt: Timestamp.optional().meta({ description: "when its token was exchanged for another one last" }),
  lastSeenAt: Timestamp.optional().meta({ description: "last sign of life: a heartbeat, or a call, to the minute" }),
  archivedAt: Timestamp.optional().meta({
    description: "nothing was heard of it for long: it is not listed and cannot be written to until it is back",
  }),
}));
export type Agent = z.infer<typeof Agent>;

/** Secret of one agent: `am_` and at least 43 base64url characters (256 bits). */
export const AgentToken = z
  .string()
  .regex(/^am_[A-Za-z0-9_-]{43,86}$/, "am_ and 43 to 86 base64url characters")
  .meta({ description: "secret that acts as this agent; the broker stores its SHA-256 only" });
export type AgentToken = z.infer<typeof AgentToken>;

/**
 * Makes an agent, or resumes the one that owns `token`.
 * A client that brings its own random token may repeat the call: the same token is the same agent.
 */
export const RegisterRequest = strictObject(() => ({
  name: AgentName,
  ifTaken: z.enum(["refuse", "number"]).default("refuse").meta({
    description:
      "a name that another agent has: refuse with agent_name_taken, or take one that says what differs, as name-laptop or name-shop, else name-2, name-3 …",
  }),
  token: AgentToken.optional(),
  person: z.literal(true).optional().meta({
    description: "the agent of a person, from now on: the token is that person's credential, and no program's",
  }),
  ...AgentProfile.shape,
}));
export type RegisterRequest = z.infer<typeof RegisterRequest>;

/** The registered agent; `token` only when the broker made it, and only this once. */
export const RegisterReply = object(() => ({
  agent: Agent,
  created: z.boolean(),
  renamedFrom: z.string().optional().meta({
    description: "the name it had: it comes back from the archive, and another agent has that name by now",
  }),
  token: AgentToken.optional(),
}));
export type RegisterReply = z.infer<typeof RegisterReply>;

/** Gives an agent another name. */
export const RenameRequest = strictObject(() => ({ name: AgentName }));
export type RenameRequest = z.infer<typeof RenameRequest>;

/** The agent under its new name. */
export const RenameReply = object(() => ({ agent: Agent, was: z.string().meta({ description: "the name it had" }) }));
export type RenameReply = z.infer<typeof RenameReply>;

/** One live process of an agent, a lease renewed by heartbeat. */
export const Session = object(() => ({ id: SessionId, agentId: AgentId, openedAt: Timestamp }));
export type Session = z.infer<typeof Session>;

const sessionProcess = ProcessMark.optional().meta({
  description:
    "whose session it is: a broker of the same machine ends the session within a second when that is gone; it looks at 256 sessions four times a second",
});

/** Opens a session; the profile's fields replace those the agent had. */
export const OpenSessionRequest = strictObject(() => ({
  ...AgentProfile.shape,
  pushPaths: z.array(PushPath).max(8).default([]),
  process: sessionProcess,
}));
export type OpenSessionRequest = z.infer<typeof OpenSessionRequest>;

/** The open session, and how often to renew it. */
export const OpenSessionReply = object(() => ({ session: Session, agent: Agent, heartbeatMs: z.int().positive() }));
export type OpenSessionReply = z.infer<typeof OpenSessionReply>;

/** Most sessions that a list of them has: the newest. */
export const MAX_SESSIONS_LISTED = 25;

/** A session as others see it: whether it is there, and how a message would come into it. */
export const ListedSession = object(() => ({
  id: SessionId,
  presence: Presence,
  doubt: Doubt.optional(),
  silent: z.boolean().optional().meta({
    description: "true: it let a streamed lease run out without a sign, and is streamed nothing until one comes",
  }),
  dialog: Dialog.optional(),
  lastHeardAt: Timestamp,
  pushPaths: z.array(PushPath),
}));
export type ListedSession = z.infer<typeof ListedSession>;

/**
 * Renews a session; `pushPaths` replaces what the session said before, `process` tells a broker that started meanwhile. A
 * heartbeat without `dialog` says that the session stands at none.
 */
export const HeartbeatRequest = strictObject(() => ({
  pushPaths: z.array(PushPath).max(8).optional(),
  dialog: ToldDialog.optional(),
  process: sessionProcess,
}));
export type HeartbeatRequest = z.infer<typeof HeartbeatRequest>;

/** When to renew again, and what waits in the inbox. */
export const HeartbeatReply = object(() => ({
  heartbeatMs: z.int().positive(),
  queued: z.int().nonnegative(),
  name: z.string().optional().meta({ description: "the agent's name, which somebody may have changed" }),
  urls: z.array(z.string()).optional().meta({
    description:
      "over TLS: addresses of the broker for another machine now, the best first; whoever answers there proves itself",
  }),
}));
export type HeartbeatReply = z.infer<typeof HeartbeatReply>;
