/** The records of agents that go through the Store port. */
import type {
  AgentId,
  AgentProfile,
  Doubt,
  Focus,
  ListedPushPath,
  PolicyAction,
  PolicyClass,
  PushPath,
  Trust,
} from "@agentmesh/protocol";
import type { By, KnownMachine } from "./access.ts";

/** An agent as whoever calls as it is known. */
export interface KnownAgent {
  readonly id: AgentId;
  readonly name: string;
  /** The name that it asked for, when another agent had that. */
  readonly askedName: string | undefined;
  readonly profile: AgentProfile;
  readonly registeredAt: number;
  readonly lastSeenAt: number | undefined;
  /** When it was archived; undefined for one that is there. */
  readonly archivedAt: number | undefined;
  /** Time since its last sign of life that was noted, in milliseconds. */
  readonly quietMs: number;
  readonly trust: Trust;
  /** Its token is a person's credential. */
  readonly person: boolean;
  /** The machine that it came with; undefined for the broker's own. */
  readonly machine: KnownMachine | undefined;
}

/** An agent as stored, with what its sessions and inbox say of it now. */
export interface AgentRecord extends KnownAgent {
  /** Age of the newest heartbeat of its sessions, or what a doubt made of it, in milliseconds; undefined without a session. */
  readonly heartbeatAgeMs: number | undefined;
  /** Since when, and why, its sessions are in doubt; undefined for one that was heard of meanwhile. */
  readonly doubt: SessionDoubt | undefined;
  /** When its token was exchanged last. */
  readonly tokenMadeAt?: number | undefined;
  readonly pushPaths: PushPath[];
  readonly focus: Focus | undefined;
  readonly queued: number;
  readonly held: number;
  /** Deliveries that are leased. */
  readonly inHand: number;
  readonly oldestQueuedMs: number | undefined;
  /** How its webhook does, if it has one; this path needs no session. */
  readonly webhook?: ListedPushPath | undefined;
}

/** What a session is doubted for: its heartbeat counts as older than it is. */
export type DoubtWhy = Exclude<Doubt["why"], "no_heartbeat">;

/** A doubt about a session, and when it arose. */
export interface SessionDoubt {
  readonly why: DoubtWhy;
  readonly at: number;
}

/** An agent to make, or to resume by its token. */
export interface AgentToRegister {
  readonly id: AgentId;
  readonly tokenHash: string;
  readonly name: string;
  readonly ifTaken: "refuse" | "number";
  /** Names to try before a numbered one, by what is known of who has the name. */
  readonly otherNames?: (holder: AgentProfile) => readonly string[];
  readonly profile: AgentProfile;
  /** Left out, verified. */
  readonly trust?: Trust;
  /** True: a person's agent from now on; left out, it stays what it is. */
  readonly person?: true;
  /** The machine whose credential registers it; left out for the owner of the mesh key. */
  readonly machine?: KnownMachine | undefined;
  /** Noted in the audit log when it is made. */
  readonly by?: By;
}

/** What the wire of the predecessor calls an agent, and what its client said of itself there, as JSON. */
export interface LegacyPeerRecord {
  readonly id: string;
  readonly agentId: AgentId;
  readonly facts: string;
}

/** A registered agent. `renamedFrom`: another agent has its name since it was archived. */
export interface RegisteredAgent {
  readonly agent: AgentRecord;
  readonly created: boolean;
  readonly renamedFrom: string | undefined;
}

/** A focus to begin. */
export interface FocusTerms {
  readonly forMs: number;
  readonly allows: Focus["allows"];
  readonly reason: string | undefined;
}

/** Who may see a log or a message: one agent, or all (undefined). */
export type Viewer = AgentId | undefined;

/** A policy as stored: its rules by agent id, so that a name that is given away takes no rule with it. */
export interface PolicyRules {
  readonly otherwise: PolicyAction;
  readonly senders: Readonly<Record<AgentId, PolicyAction>>;
  readonly trust: Readonly<Partial<Record<PolicyClass, PolicyAction>>>;
}
