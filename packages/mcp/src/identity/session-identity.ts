/** Whose identity this session has: what is known of client, conversation and workspace, put to the keeper. */
import { pause } from "@agentmesh/client";
import { type Identity, IdentityFiles, sharedIdentity } from "@agentmesh/client/node";
import type { Broker } from "../broker.ts";
import { clientKind } from "../client/client-kind.ts";
import type { ClientSession } from "../client/client-session.ts";
import type { Config } from "../config/config.ts";
import { ancestors, upToClient } from "../hooks/process-tree.ts";
import type { JoinedSession } from "../join.ts";
import type { Log } from "../log.ts";
import { claudeNotes } from "./claude-session.ts";
import type { Telling } from "./conversation.ts";
import { copilotDirectory } from "./copilot-place.ts";
import { sweepOrphans } from "./farewell.ts";
import { type Change, IdentityKeeper } from "./keeper.ts";
import { NotedSession } from "./noted-session.ts";
import { qwenNotes } from "./qwen-session.ts";
import { rules, type StartFacts } from "./rules.ts";
import { toldAtStart } from "./telling.ts";
import { wordsAtJoin } from "./words.ts";
import { type Workspace, workspaceOf } from "./workspace.ts";

/** An adapter that is just ending lets go of its identity within this time, in milliseconds. */
const ENDS_WITHIN_MS = { conversation: 3_000, named: 1_000, place: 1_000, own: 0 };
const LOOK_AGAIN_MS = 50;

/** What it is made of. */
export interface SessionIdentityParts {
  readonly config: Config;
  readonly broker: Broker;
  readonly log: Log;
  readonly clientName: string;
  /** When the client tells its conversation, where its name does not say it. */
  readonly telling?: Telling | undefined;
  readonly clientSession: ClientSession;
}

/** The identity of one session. */
export class SessionIdentity {
  readonly keeper: IdentityKeeper;
  readonly #parts: SessionIdentityParts;
  readonly #noted: NotedSession | undefined;
  #roots: readonly string[] | undefined;
  #untold = false;
  #waits: string | undefined;
  #swept = false;

  constructor(parts: SessionIdentityParts) {
    this.#parts = parts;
    const { config, broker } = parts;
    this.keeper = new IdentityKeeper(new IdentityFiles(broker.folder));
    const { kind } = parts.clientSession;
    const above = () => upToClient(ancestors(process.ppid)).map(({ pid }) => pid);
    if (kind === "claude") this.#noted = new NotedSession(claudeNotes(config.claudeHome, above()));
    if (kind === "qwen") this.#noted = new NotedSession(qwenNotes(config, above()));
  }

  /** Asks the client which conversation it is in, where it says so in a file; the session learns it. */
  look(): void {
    const seen = this.#noted?.look();
    if (seen && seen.id !== this.#parts.clientSession.facts.id) this.#parts.clientSession.learn(seen);
  }

  /** The client offers these folders. */
  rootsAre(uris: readonly string[]): void {
    this.#roots = uris;
  }

  /** The model works, and the client has not told the conversation: it is taken for one that never does. */
  calledUntold(): void {
    if (this.#parts.clientSession.facts.id === undefined) this.#untold = true;
  }

  /** Takes what the session begins as, waiting for an adapter that is just ending. @throws StateFolderError */
  async take(left: AbortSignal): Promise<Identity> {
    const began = performance.now();
    for (;;) {
      this.look();
      const facts = this.#facts();
      const waitMs = ENDS_WITHIN_MS[rules.ownersAtStart(facts)[0]?.kind ?? "own"];
      const found = this.keeper.start(facts, left.aborted || performance.now() - began >= waitMs);
      if (found) {
        this.#waits = undefined;
        return found;
      }
      this.#waits =
        "Another adapter is still this conversation's agent and may be ending. Call the tool again in two seconds.";
      await pause(LOOK_AGAIN_MS, left);
    }
  }

  /** The same for a session: its token is at each look what it is by then, also when the identity was bound to another owner. */
  async taken(stay: AbortSignal): Promise<Pick<Identity, "token" | "summary">> {
    const { token, summary } = await this.take(stay);
    let last = token;
    const { keeper } = this;
    return {
      summary,
      get token() {
        if (!stay.aborted) last = keeper.identity?.token ?? last;
        return last;
      },
    };
  }

  /** The identity that all processes of the client share here, as it is now at each look. @throws StateFolderError */
  shared(): Pick<Identity, "token"> {
    const { config, broker, clientName } = this.#parts;
    const of = config.name ?? this.directory;
    const read = () => sharedIdentity(broker.folder, clientName, of).token;
    read();
    return {
      get token() {
        return read();
      },
    };
  }

  /** What a call has to wait for while the identity is being taken. */
  get waits(): string | undefined {
    return this.#waits;
  }

  /** Keeps what is known of the agent. */
  note(news: Parameters<Identity["note"]>[0]): void {
    try {
      this.keeper.identity?.note(news);
    } catch (error) {
      this.#parts.log.warn("identity.not_noted", { error });
    }
  }

  /** The session has become this agent: returns what the model has to be told of it, once. Never throws. */
  async settle(joined: JoinedSession, before: string | undefined): Promise<string[]> {
    this.note({ name: joined.mesh.agent.name });
    if (!this.#swept) void sweepOrphans(this.#parts.broker, this.#parts.log);
    this.#swept = true;
    return wordsAtJoin(joined, { before, keeper: this.keeper });
  }

  /** Does what the rules say about what is known now. @throws StateFolderError */
  consider(): Change {
    const { clientName: client, clientSession, telling: said } = this.#parts;
    const { id, source } = clientSession.facts;
    if (id !== undefined && said !== "never")
      return this.keeper.told({ owner: { kind: "conversation", client, of: id }, source });
    const { telling, workspace } = this.#facts();
    if (telling !== "never" || workspace === undefined) return { kind: "none" };
    return this.keeper.told({ owner: { kind: "place", client, of: workspace } });
  }

  /** Where the session works, as others see it. */
  get directory(): string {
    const { config, clientName } = this.#parts;
    if (clientKind(clientName) === "claude") return config.claudeProject ?? config.directory;
    return this.#workspace()?.directory ?? config.directory;
  }

  /** A name for a session that works nowhere in particular: that of its client. */
  get nameNowhere(): string | undefined {
    const { clientName } = this.#parts;
    return clientKind(clientName) === "claude" || this.#workspace() ? undefined : clientName;
  }

  #facts(): StartFacts {
    const { config, clientName: client, telling, clientSession } = this.#parts;
    const said = toldAtStart(client, config.environment);
    const when = telling ?? said.telling;
    const conversation = telling === "never" ? undefined : clientSession.facts.id;
    return {
      client,
      name: config.name,
      telling: this.#untold ? "never" : when,
      conversation,
      workspace: this.#workspace()?.key,
    };
  }

  #workspace(): Workspace | undefined {
    const { config, clientSession } = this.#parts;
    const cwd = copilotDirectory(clientSession) ?? config.directory;
    return workspaceOf({ roots: this.#roots, said: config.workspaceFolders, cwd });
  }
}
