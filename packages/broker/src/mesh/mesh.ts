/** The mesh: its parts built over one store. Knows no HTTP, no SQL, no sockets. */
import type { Keeper, KeepingStatus } from "@agentmesh/protocol";
import { countsOf } from "./acceptance/counts.ts";
import { type Disk, Intake } from "./acceptance/intake.ts";
import { LoopGuard } from "./acceptance/loop-guard.ts";
import { ReceiverPolicies } from "./acceptance/receiver-policy.ts";
import { AgentCards } from "./access/agent-cards.ts";
import { Audit } from "./access/audit.ts";
import { Machines } from "./access/machines.ts";
import { type PageParts, SignIns } from "./access/sign-ins.ts";
import { Agents } from "./agents.ts";
import { Asks } from "./asks.ts";
import type { Clock } from "./clock.ts";
import { Events } from "./events/events.ts";
import { History } from "./history.ts";
import { Hooks } from "./hook/hooks.ts";
import type { ReadPost } from "./hook/post.ts";
import { Inbox } from "./inbox.ts";
import { Turns } from "./looks/turns.ts";
import { Messages } from "./messages.ts";
import { Needs } from "./needs/needs.ts";
import { Refusals } from "./needs/refusals.ts";
import { keepingStatus, type Policy } from "./policy.ts";
import { Streams } from "./push/streams.ts";
import { Wakes } from "./push/wakes.ts";
import { Dialogs } from "./session/dialogs.ts";
import { PresenceStreams } from "./session/presence-streams.ts";
import type { ProcessSight } from "./session/processes.ts";
import { Sessions } from "./sessions.ts";
import type { Store, StoreStats } from "./store.ts";
import { startSweeper } from "./sweeper.ts";
import { Topics } from "./topics.ts";
import { waitingIn } from "./waiting-asks.ts";
import { answerPost } from "./webhook/answer.ts";
import type { WebhookNotice } from "./webhook/running.ts";
import type { Seal } from "./webhook/seal.ts";
import type { WebhookSinks } from "./webhook/sink.ts";
import { Webhooks } from "./webhooks.ts";

/** All verbs of the mesh. */
export interface Mesh {
  readonly turns: Turns;
  readonly agents: Agents;
  readonly machines: Machines;
  readonly audit: Audit;
  readonly signIns: SignIns;
  readonly policies: ReceiverPolicies;
  readonly agentCards: AgentCards;
  readonly sessions: Sessions;
  readonly messages: Messages;
  readonly history: History;
  readonly events: Events;
  readonly asks: Asks;
  readonly needs: Needs;
  readonly inbox: Inbox;
  readonly topics: Topics;
  readonly streams: Streams;
  readonly presence: PresenceStreams;
  readonly webhooks: Webhooks;
  readonly hooks: Hooks;
  readonly intake: Intake;
  readonly policy: Policy;
  readonly instanceId: string;
  stats(): Promise<StoreStats>;
  /** What is kept of all, and the quotas. */
  keeping(): Promise<KeepingStatus>;
  /** Who keeps most. */
  listKeepers(limit: number): Promise<Keeper[]>;
  /** Ends streams, webhooks and the sweeper. The store stays open. */
  close(): Promise<void>;
}

/** Builds the mesh and starts its sweeper. */
export function createMesh(parts: {
  readonly store: Store;
  readonly disk: Disk;
  readonly policy: Policy;
  readonly clock: Clock;
  /** Keeps the secrets of webhooks at rest. */
  readonly seal: Seal;
  readonly sinks: WebhookSinks;
  /** Reads what is posted at hooks. */
  readonly readPost: ReadPost;
  /** The page's: whether it is open, and where sign-ins are kept. */
  readonly page: PageParts;
  /** What can be said of the processes that sessions name. */
  readonly sight: ProcessSight;
  readonly onWebhook: WebhookNotice;
  readonly onFault: (error: unknown) => void;
}): Mesh {
  const { store, policy } = parts;
  const ready = new Wakes<string>();
  const advanced = new Wakes<"log">();
  const audited = new Wakes<"audit">();
  const intake = new Intake(parts.disk, parts.clock);
  const turns = new Turns();
  const dialogs = new Dialogs();
  const agents = new Agents({ store, policy, intake, turns, dialogs });
  const refusals = new Refusals(parts.clock);
  const guard = new LoopGuard(policy, parts.clock, refusals, countsOf(store.shared, parts.clock));
  const waiting = waitingIn(store.shared);
  const messages = new Messages({ ...parts, agents, advanced, guard, waiting, intake, turns });
  const streams: Streams = new Streams({ ...parts, ready, isPresent: (session) => presence.has(session) });
  const presence = new PresenceStreams({ ...parts, isStreamed: (session) => streams.isOpen(session) });
  const webhooks = new Webhooks({ ...parts, agents, streams, ready, answer: answerPost({ agents, messages }) });
  const sessions = new Sessions({ ...parts, agents, streams, presence, dialogs });
  const events = new Events({ ...parts, agents, turns });
  store.listen({
    ready: (agentId, isStreamed) => {
      if (!isStreamed) streams.wake(agentId);
      ready.wake(agentId);
    },
    offers: (agentId) => streams.offers(agentId),
    leased: (session, leased) => {
      try {
        streams.leased(session, leased);
      } catch (error) {
        // They come back when the leases end.
        parts.onFault(error);
      }
    },
    over: (session) => sessions.over(session),
    missed: () => {
      streams.wakeAll();
      ready.wakeAll();
      advanced.wake("log");
      audited.wake("audit");
      events.happened();
    },
    seatedAnew: () => streams.interrupt("shutting_down"),
    advanced: () => advanced.wake("log"),
    audited: () => audited.wake("audit"),
    happened: () => events.happened(),
    left: (agentId) => {
      events.endOf(agentId);
      webhooks.forget(agentId);
      refusals.forget(agentId);
      sessions.forgetOf(agentId);
      // Its long polls and asks look, and see that it is gone.
      ready.wake(agentId);
      advanced.wake("log");
    },
  });
  // In this life nobody has been heard of yet, whatever the wall clock says of the last one.
  store.doubtSession("all", policy.staleAfterMs, "broker_started").catch(parts.onFault);
  const topics = new Topics({ ...parts, agents, guard, intake, turns });
  const webhooksStarted = webhooks.start().catch(parts.onFault);
  const stopSweeper = startSweeper({ ...parts, sessions });
  const audit = new Audit({ store, audited, onFault: parts.onFault });
  return {
    turns,
    agents,
    audit,
    machines: new Machines({ store, audit, intake }),
    signIns: new SignIns({ ...parts, agents, audit }),
    streams,
    presence,
    policies: new ReceiverPolicies({ store, agents }),
    agentCards: new AgentCards({ store, agents }),
    webhooks,
    sessions,
    messages,
    events,
    history: new History({ store, agents, turns }),
    asks: new Asks({ ...parts, agents, messages, ready, waiting, turns, refusals }),
    needs: new Needs({ ...parts, agents, intake, turns, refusals }),
    inbox: new Inbox({ ...parts, agents, ready, turns }),
    topics,
    hooks: new Hooks({ ...parts, agents, messages, topics, intake }),
    intake,
    policy,
    instanceId: store.instanceId,
    stats: () => store.stats(),
    keeping: async () => keepingStatus(await store.kept(), policy),
    listKeepers: (limit) => store.listKeepers(limit),
    async close() {
      streams.closeAll("shutting_down", true);
      presence.closeAll("shutting_down", true);
      events.closeAll("shutting_down", true);
      await webhooksStarted;
      await Promise.all([webhooks.close(), stopSweeper()]);
    },
  };
}
