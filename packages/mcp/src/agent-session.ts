/** The agent's session in the mesh: joined when first needed, tried again until it works, left at the end. */
import { backoffMs } from "@agentmesh/client";
import type { Identity } from "@agentmesh/client/node";
import { type Broker, reachBroker } from "./broker.ts";
import type { ClientSession } from "./client/client-session.ts";
import { type ClientSide, clientSessionOf, pathsInto } from "./client/client-side.ts";
import type { Config } from "./config/config.ts";
import { listenToHooks, type SessionHooks } from "./hooks/listen.ts";
import { bidFarewell } from "./identity/farewell.ts";
import { SessionIdentity } from "./identity/session-identity.ts";
import { isSharedByAll } from "./identity/telling.ts";
import { type JoinedSession, join } from "./join.ts";
import { pauseAtMost } from "./life-cycle.ts";
import type { Log } from "./log.ts";
import { isTriedAgain, type WaitsFor } from "./shown/remedy.ts";
import { Transcript } from "./transcript/transcript.ts";

const LAST_ATTEMPT_MS = 300;

/** How often the client is asked which conversation it is in, in milliseconds. */
const LOOK_MS = 1_000;

/** One adapter's part in the mesh: one agent at a time, that of the client's conversation. */
export class AgentSession {
  readonly #config: Config;
  readonly #log: Log;
  readonly #left = new AbortController();
  readonly #notices: string[];
  readonly #broker: Broker;
  #client: ClientSide | undefined;
  #clientSession: ClientSession | undefined;
  #identity: SessionIdentity | undefined;
  #hooks: SessionHooks | undefined;
  /** The agent that the session is now. */
  #joined: JoinedSession | undefined;
  #stay = new AbortController();
  /** The agent that the session was before. */
  #before: string | undefined;
  #goingOver: Promise<unknown> = Promise.resolve();
  #roots: Promise<void> = Promise.resolve();
  #attempt: Promise<JoinedSession> | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;

  /** `warnings` are told to the model with its first tool result. */
  constructor(options: { config: Config; log: Log; warnings: readonly string[] }) {
    this.#config = options.config;
    this.#log = options.log;
    this.#notices = [...options.warnings];
    this.#broker = reachBroker(options.config, this.#left.signal);
  }

  /** Says which client this session belongs to; before the first join. */
  attach(client: ClientSide): void {
    this.#client = client;
  }

  get #clientName(): string {
    return this.#client?.clientName() ?? "mcp";
  }

  /** What is known of the client's own session. */
  get clientSession(): ClientSession {
    if (this.#clientSession) return this.#clientSession;
    const session = clientSessionOf(this.#config, this.#clientName);
    this.#clientSession = session;
    session.onLearnt(({ id }) => {
      if (session.facts.id !== id) this.#consider();
    });
    return session;
  }

  get #whose(): SessionIdentity {
    this.#identity ??= new SessionIdentity({
      ...{ config: this.#config, broker: this.#broker, log: this.#log, clientName: this.#clientName },
      telling: this.#client?.telling,
      clientSession: this.clientSession,
    });
    return this.#identity;
  }

  /** Joins in the background, and keeps trying. */
  start(): void {
    this.joined().catch(() => undefined);
  }

  /** The joined session; starts an attempt unless one is under way or has succeeded. @throws why it failed */
  async joined(): Promise<JoinedSession> {
    for (;;) {
      await this.#goingOver;
      clearTimeout(this.#retry);
      this.#attempt ??= this.#join().catch((error: unknown) => {
        this.#attempt = undefined;
        // What only a person can change is tried again when the model calls a tool, and not before.
        const again = isTriedAgain(error);
        this.#log.warn("session.join_failed", { error, again: again ? "by itself" : "with the next tool call" });
        if (!this.#left.signal.aborted && again) {
          this.#retry = setTimeout(() => this.start(), 250 + backoffMs(++this.#failures, 500, 10_000)).unref();
        }
        throw error;
      });
      const joined = await this.#attempt;
      // The client may have told another conversation meanwhile.
      if (!joined.over.aborted || this.#left.signal.aborted) return joined;
    }
  }

  /** The client will say its roots by the end of this, or never; the session does not join before. */
  awaitRoots(roots: Promise<void>): void {
    this.#roots = roots;
  }

  /** The client offers these folders, by their URIs. */
  rootsAre(uris: readonly string[]): void {
    if (this.#config.homeFault !== undefined) return;
    this.#whose.rootsAre(uris);
    this.#consider();
  }

  /** A tool is being called: by now a client that tells its conversation has told it. */
  called(): void {
    if (this.#config.homeFault !== undefined) return;
    if (this.clientSession.facts.dialog) this.clientSession.learn({ dialog: null });
    this.#whose.look();
    this.#whose.calledUntold();
    this.#consider();
  }

  /** Notes that this agent has done what others can notice. */
  wasUsed({ over }: JoinedSession): void {
    if (!over.aborted) this.#whose.note({ used: true });
  }

  /** Begins to push again after every path had failed. */
  resumePush(): void {
    this.#joined?.resumePush();
  }

  /** What a call has to wait for: the broker, by its address where that is on another machine or configured; or another thing, as a sentence. */
  get waitsFor(): WaitsFor {
    return { elsewhere: this.#broker.elsewhere, address: this.#config.url, other: this.#identity?.waits };
  }

  /** What the model has to be told once; empty afterwards. */
  takeNotices(): string[] {
    return this.#notices.splice(0);
  }

  /**
   * Ends the session and frees the identity. With `deleted` nobody can resume the conversation any more: the agent is taken
   * out of the mesh, and the senders of what waits for it are told. Never throws.
   */
  async leave({ deleted = false }: { readonly deleted?: boolean } = {}): Promise<void> {
    this.#left.abort();
    clearTimeout(this.#retry);
    clearInterval(this.#looking);
    this.#hooks?.close();
    let joined = this.#joined;
    let gone = false;
    const attempt = this.#attempt?.then((session) => {
      joined = session;
      // Joined after the farewell, as under load: nobody would end that session.
      return gone ? session.mesh.leave() : undefined;
    });
    await pauseAtMost(Promise.all([attempt, this.#goingOver]), LAST_ATTEMPT_MS);
    gone = true;
    await joined?.mesh.leave();
    const identity = this.#identity?.keeper.identity;
    if (identity) await bidFarewell(identity, joined?.client, { deleted, log: this.#log });
    if (joined) this.#log.info("session.left", { agent: joined.mesh.agent.name });
  }

  /** Becomes another agent where the rules say so. From this moment on nothing is given that was for the one before. */
  #consider(): void {
    if (!this.#identity?.keeper.identity || this.#left.signal.aborted || (this.#attempt && !this.#joined)) return;
    try {
      const change = this.#whose.consider();
      if (change.kind === "switched") this.#goOver(change.left);
    } catch (error) {
      this.#log.warn("identity.failed", { error });
    }
  }

  #goOver(left: Identity): void {
    const joined = this.#joined;
    this.#stay.abort();
    this.#stay = new AbortController();
    this.#joined = undefined;
    this.#attempt = undefined;
    this.#before = joined?.mesh.agent.name ?? this.#before;
    this.#goingOver = this.#goingOver.then(async () => {
      await joined?.mesh.leave();
      await bidFarewell(left, joined?.client, { deleted: false, log: this.#log });
    });
    this.start();
  }

  async #join(): Promise<JoinedSession> {
    const client = this.#client;
    const clientName = this.#clientName;
    const whose = this.#whose;
    const stay = AbortSignal.any([this.#left.signal, this.#stay.signal]);
    await this.#roots;
    whose.look();
    this.#hooks ??= listenToHooks({
      ...{ config: this.#config, session: this.clientSession, directory: whose.directory, log: this.#log },
      ...{ notices: this.#notices, joined: () => this.#joined },
    });
    const shared = isSharedByAll(clientName);
    const joined = await join({
      config: this.#config,
      log: this.#log,
      broker: this.#broker,
      clientName,
      claim: async () => (shared ? whose.shared() : whose.taken(stay)),
      keepSummary: (summary) => (stay.aborted ? undefined : whose.note({ summary })),
      where: whose,
      clientSession: this.clientSession,
      paths: pathsInto(client ?? {}, this.#config, this.clientSession, { look: () => whose.look(), stay }),
      transcript: client?.inside?.transcript ?? new Transcript(this.clientSession),
      onBeat: () => this.#hooks?.check(),
      left: stay,
    });
    this.#hooks?.tell(joined.paths);
    this.#failures = 0;
    this.#joined = joined;
    this.#consider();
    if (!stay.aborted) await this.#settle(joined);
    return joined;
  }

  /** What is done when the session has become an agent. */
  async #settle(joined: JoinedSession): Promise<void> {
    this.#notices.push(...(await this.#whose.settle(joined, this.#before)));
    this.#before = undefined;
    this.#looking ??= setInterval(() => {
      this.#whose.look();
      if (this.#whose.keeper.apart) this.#consider();
    }, LOOK_MS).unref();
  }
}
