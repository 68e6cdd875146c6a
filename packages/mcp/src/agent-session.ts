/** The agent's session in the mesh: joined when first needed, tried again until it works, left at the end. */
import { backoffMs } from "@agentmesh/client";
import { BrokerStartError, claimIdentity, type Identity, sharedIdentity } from "@agentmesh/client/node";
import { clientKind } from "./client-kind.ts";
import { ClientSession } from "./client-session.ts";
import type { Config } from "./config.ts";
import { HookCalls } from "./hooks/hook-calls.ts";
import { HookSocket } from "./hooks/hook-socket.ts";
import { variableOf } from "./hooks/process-tree.ts";
import { type JoinedSession, join } from "./join.ts";
import { pauseAtMost } from "./life-cycle.ts";
import type { Log } from "./log.ts";
import { choosePaths } from "./push/choose-paths.ts";
import type { Notify, PushPath } from "./push/push-path.ts";
import { type PushSigns, Transcript } from "./transcript/transcript.ts";

/** What is known of the client. */
export interface ClientSide {
  clientName(): string | undefined;
  /** The way to tell it something; missing where there is no MCP connection. */
  readonly notify?: Notify;
  /** The paths into a client that this process is part of, and the signs it gives of what was pushed. */
  readonly inside?: { readonly paths: readonly PushPath[]; readonly transcript: PushSigns };
}

const LAST_ATTEMPT_MS = 300;

/** One adapter's part in the mesh. */
export class AgentSession {
  readonly #config: Config;
  readonly #log: Log;
  readonly #left = new AbortController();
  readonly #notices: string[];
  #client: ClientSide | undefined;
  #clientSession: ClientSession | undefined;
  #hooks: HookSocket | undefined;
  #hookTrouble: string | undefined;
  #joined: JoinedSession | undefined;
  #identity: Identity | undefined;
  #attempt: Promise<JoinedSession> | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  /** `warnings` are told to the model with its first tool result. */
  constructor(options: { config: Config; log: Log; warnings: readonly string[] }) {
    this.#config = options.config;
    this.#log = options.log;
    this.#notices = [...options.warnings];
  }

  /** Says which client this session belongs to; before the first join. */
  attach(client: ClientSide): void {
    this.#client = client;
  }

  /** What is known of the client's own session. */
  get clientSession(): ClientSession {
    const { claudeSession, claudeHome, codexHome } = this.#config;
    const kind = clientKind(this.#client?.clientName());
    this.#clientSession ??= new ClientSession(kind, {
      ...(kind === "claude" && { id: claudeSession, claudeHome }),
      // Codex gives its MCP servers none of its own variables.
      ...(kind === "codex" && { codexHome: codexHome ?? variableOf(process.ppid, "CODEX_HOME") }),
    });
    return this.#clientSession;
  }

  /** Listens to the hooks of the client's session, if it is one that has hooks. */
  #listen(): void {
    const session = this.clientSession;
    const { kind, facts } = session;
    if (this.#hooks || kind === undefined || this.#config.push.length === 0) return;
    // Without a state folder nothing is joined either, and the tools say why.
    if (this.#config.homeFault !== undefined) return;
    const log = this.#log;
    const calls = new HookCalls({ session, log, joined: () => this.#joined });
    const { home, directory } = this.#config;
    const hooks = new HookSocket({
      home,
      kind,
      directory,
      sessionId: facts.id,
      log,
      onCall: (caller) => void calls.answer(caller),
      onMadeAgain: (sentence) => this.#notices.push(sentence),
      onTrouble: (why) => this.#hooksFail(why),
    });
    session.onLearnt(() => hooks.belongsTo(session.facts.id));
    this.#hooks = hooks;
  }

  #hooksFail(why: string | undefined): void {
    this.#hookTrouble = why;
    if (why !== undefined) this.#notices.push(`Mail cannot be brought by hooks: ${why}.`);
    this.#joined?.paths.hooksFail(why);
  }

  /** Joins in the background, and keeps trying. */
  start(): void {
    this.joined().catch(() => undefined);
  }

  /** The joined session; starts an attempt unless one is under way or has succeeded. @throws why it failed */
  joined(): Promise<JoinedSession> {
    clearTimeout(this.#retry);
    this.#attempt ??= this.#join().catch((error: unknown) => {
      this.#attempt = undefined;
      // What only a person can change is tried again when the model calls a tool, and not before.
      const again = mayPass(error);
      this.#log.warn("session.join_failed", { error, again: again ? "by itself" : "with the next tool call" });
      if (!this.#left.signal.aborted && again) {
        this.#retry = setTimeout(() => this.start(), 250 + backoffMs(++this.#failures, 500, 10_000)).unref();
      }
      throw error;
    });
    return this.#attempt;
  }

  /** Begins to push again after every path had failed. */
  resumePush(): void {
    this.#joined?.resumePush();
  }

  /** Address of the broker as configured. */
  get address(): string | undefined {
    return this.#config.url;
  }

  /** What the model has to be told once; empty afterwards. */
  takeNotices(): string[] {
    return this.#notices.splice(0);
  }

  /** Ends the session and frees the identity for the next one. Never throws. */
  async leave(): Promise<void> {
    this.#left.abort();
    clearTimeout(this.#retry);
    this.#hooks?.close();
    let joined: JoinedSession | undefined;
    const attempt = this.#attempt?.then((session) => {
      joined = session;
    });
    if (attempt) await pauseAtMost(attempt, LAST_ATTEMPT_MS);
    await joined?.mesh.leave();
    this.#identity?.release();
    if (joined) this.#log.info("session.left", { agent: joined.mesh.agent.name });
  }

  #paths(): readonly PushPath[] {
    const { inside, notify } = this.#client ?? {};
    if (inside) return this.#config.push.length === 0 ? [] : inside.paths;
    return notify ? choosePaths(this.#config, this.clientSession, notify) : [];
  }

  async #join(): Promise<JoinedSession> {
    const client = this.#client;
    const clientName = client?.clientName() ?? "mcp";
    this.#listen();
    const joined = await join({
      config: this.#config,
      log: this.#log,
      clientName,
      // Claimed once: a second claim by this process would be a second agent.
      claim: (folder, place) => {
        this.#identity ??= startedPerRun(clientName)
          ? { ...sharedIdentity(folder, clientName, place), number: 1, release: () => undefined }
          : claimIdentity(folder, clientName, place);
        return this.#identity;
      },
      clientSession: this.clientSession,
      paths: this.#paths(),
      transcript: client?.inside?.transcript ?? new Transcript(this.clientSession),
      onBeat: () => this.#hooks?.check(),
      left: this.#left.signal,
    });
    if (this.#hookTrouble !== undefined) joined.paths.hooksFail(this.#hookTrouble);
    if (joined.notice !== undefined) this.#notices.push(joined.notice);
    this.#failures = 0;
    this.#joined = joined;
    return joined;
  }
}

/**
 * OpenClaw starts an adapter for each session and each posted message, several at a time: all of them are one agent, or
 * the turn that was brought a message could not answer it.
 */
function startedPerRun(clientName: string): boolean {
  return clientName.startsWith("openclaw");
}

/** Whether another attempt may succeed without anybody doing anything. */
function mayPass(error: unknown): boolean {
  return !(error instanceof BrokerStartError) || error.passes;
}
